import type { Socket } from "node:net";
import { Packr } from "msgpackr";

const packr = new Packr({ useRecords: false });

/** `u32 length | msgpack`. */
export function frame(message: unknown): Buffer {
  const body = packr.pack(message);
  const bytes = Buffer.allocUnsafe(4 + body.length);
  bytes.writeUInt32BE(body.length, 0);
  bytes.set(body, 4);
  return bytes;
}

/** Calls `on` with each message that arrives. */
export function frames(socket: Socket, on: (message: unknown) => void): void {
  let rest: Buffer | undefined;
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    let bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    rest = undefined;
    while (bytes.length >= 4) {
      const length = bytes.readUInt32BE(0);
      if (bytes.length - 4 < length) break;
      on(packr.unpack(bytes.subarray(4, 4 + length)));
      bytes = bytes.subarray(4 + length);
    }
    if (bytes.length > 0) rest = bytes;
  });
}
