import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import type { NodeId } from "@hexraft/core/ports";
import { afterEach } from "vitest";
import { encodeFrame, type Frame, FrameType, openFrame } from "../../src/wire/frame.js";
import { Framer } from "../../src/wire/framer.js";
import { type Hello, helloToArray, rejectFromArray, VERSIONS } from "../../src/wire/handshake.js";
import { eventually } from "./eventually.js";
import { CLUSTER, GROUP, incarnationOf, type Member } from "./member.js";
import { checksum } from "./ports.js";

const open = new Set<Socket>();
afterEach(() => {
  for (const socket of open) socket.destroy();
  open.clear();
});

/** What a well-behaved node of that name says first. */
export const helloTo = (to: NodeId, from: NodeId, over: Partial<Hello> = {}): Hello => ({
  versions: VERSIONS,
  purpose: "messages",
  clusterId: CLUSTER,
  nodeId: from,
  directoryId: incarnationOf(from),
  startNumber: 1,
  to,
  meant: [[GROUP, incarnationOf(to)]],
  stream: null,
  ...over,
});

/** A socket in the hands of a test: it says whatever it wants. */
export class RawPeer {
  readonly frames: Frame[] = [];
  isClosed = false;

  private constructor(readonly socket: Socket) {
    const framer = new Framer(2 ** 24);
    open.add(socket);
    socket.on("data", (chunk) => {
      for (const payload of framer.push(new Uint8Array(chunk))) this.frames.push(openFrame(payload, checksum));
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.isClosed = true;
      open.delete(socket);
    });
  }

  /** Around a socket that somebody else opened. */
  static around(socket: Socket): RawPeer {
    return new RawPeer(socket);
  }

  static async dial(target: Pick<Member, "port">): Promise<RawPeer> {
    const socket = createConnection({ host: "127.0.0.1", port: target.port, noDelay: true });
    const peer = new RawPeer(socket);
    await once(socket, "connect");
    return peer;
  }

  /** Dials and is let in. */
  static async enter(target: Member, from: NodeId, over: Partial<Hello> = {}): Promise<RawPeer> {
    const peer = await RawPeer.dial(target);
    peer.say(FrameType.hello, helloToArray(helloTo(target.id, from, over)));
    await eventually("a welcome", () => peer.frames.some((frame) => frame.type === FrameType.welcome));
    return peer;
  }

  say(type: FrameType, fields: readonly unknown[], tail: Uint8Array = new Uint8Array(0)): void {
    this.write(encodeFrame(type, fields, checksum, tail.length), tail);
  }

  write(...bytes: Uint8Array[]): void {
    this.socket.write(Buffer.concat(bytes));
  }

  /** Why it was refused, if it was told. */
  get refusal(): { readonly code: string; readonly reason: string } | undefined {
    const frame = this.frames.find(({ type }) => type === FrameType.reject);
    return frame === undefined ? undefined : rejectFromArray(frame.fields);
  }

  async closed(): Promise<void> {
    await eventually("the connection is closed", () => this.isClosed);
  }
}
