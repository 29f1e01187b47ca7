import { connect } from "node:net";
import { eachRecord, FrameKind, layOutRecords, type RequestKind } from "@hexraft/client";
import { Framer, packArray, unpackArray } from "@hexraft/transport-tcp";

/** How a request was answered. */
export interface OneAnswer {
  readonly kind: number;
  readonly bytes: Uint8Array;
}

/** One request to a client door, over a connection of its own. */
export function oneRequest(port: number, kind: RequestKind, bytes: Uint8Array): Promise<OneAnswer> {
  return new Promise((resolve, reject) => {
    const framer = new Framer(1 << 20);
    const hello = packArray(["hexraft-client", 1, 1]);
    const head = Buffer.alloc(5);
    head.writeUInt32LE(hello.length + 1, 0);
    head[4] = FrameKind.hello;
    const socket = connect(port, "127.0.0.1").on("error", reject);
    socket.write(Buffer.concat([head, hello]));
    socket.on("data", (chunk: Buffer) => {
      for (const frame of framer.push(chunk)) {
        if (frame[0] === FrameKind.welcome)
          socket.write(layOutRecords(FrameKind.requests, [{ number: 7, kind, bytes }]));
        if (frame[0] !== FrameKind.answers) continue;
        eachRecord(frame, (_number, how, answer) => resolve({ kind: how, bytes: Uint8Array.from(answer) }));
        socket.destroy();
      }
    });
  });
}

/** The code in an answer that is an error. */
export const errorOf = ({ bytes }: OneAnswer): string | undefined =>
  (unpackArray(bytes, { depthMax: 1, elementsMax: 8 }) as readonly string[])[0];
