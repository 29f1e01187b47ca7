import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { RaftError } from "@hexraft/core/ports";
import type { Host } from "../host.js";
import type { Proof } from "../sockets.js";
import { encodeFrame, type Frame, FrameType, openFrame } from "../wire/frame.js";
import { Framer } from "../wire/framer.js";
import { rejectFromArray, rejectToArray } from "../wire/handshake.js";
import { type EncodedFrame, withoutTail } from "../wire/message-frame.js";
import type { Refusal } from "./admission.js";

/** T01: longest frame before the other side is known. */
export const HANDSHAKE_BYTES_MAX = 64 * 1024;
/** What is said last gets this long to leave. ms. */
const LINGER_MS = 1_000;
/** T07: whoever brings less of a frame than this while it could have sent many messages is not sending one. */
const TRICKLE_BYTES = 1_024;
/** Parts up to this size are joined before they are written: copying them is cheaper than one more buffer in a writev. */
const JOIN_BYTES_MAX = 16 * 1024;

/** Who a connection works for; it changes once, after the handshake. */
export interface ConnectionHandler {
  /** A frame came. What it throws closes the connection. */
  onFrame(frame: Frame): void;
  /** What was written has left; more may be written. */
  onDrain(): void;
  /** The connection is over, or will be as soon as its last words have left. Called once. */
  onClosed(reason: string, code?: string): void;
}

/** One socket that speaks frames. Whatever comes out of it ends here: it never throws into the node (T01). */
export class Connection {
  /** Who it works for. */
  handler: ConnectionHandler;
  /** When the last bytes came: monotonic ms. */
  lastHeardMs = performance.now();
  private readonly framer = new Framer(HANDSHAKE_BYTES_MAX);
  private closed = false;
  private frameBytes = 0;
  private frameSinceMs = this.lastHeardMs;

  constructor(
    private readonly socket: Socket,
    private readonly host: Host,
    handler: ConnectionHandler,
  ) {
    this.handler = handler;
    socket.on("data", (chunk: Buffer) => this.take(chunk));
    socket.on("drain", () => {
      if (!this.closed) this.handler.onDrain();
    });
    socket.on("error", (error) => this.close(error.message));
    socket.on("close", () => {
      const cut = this.framer.pendingBytes > 0 ? ", in the middle of a frame" : "";
      this.close(`the other side closed the connection${cut}`);
    });
  }

  /** The other side's address, for logs. */
  get remote(): string {
    return `${this.socket.remoteAddress ?? "?"}:${this.socket.remotePort ?? "?"}`;
  }
  /** T03: what the other side has proved, where a proof is asked for. */
  get proof(): Proof | undefined {
    return this.host.sockets.proof(this.socket);
  }
  /** Whether it is over. */
  get isClosed(): boolean {
    return this.closed;
  }
  /** Whether the socket has taken more than it could pass on; `onDrain` says when that is over (F-T11). */
  get isBlocked(): boolean {
    return this.socket.writableNeedDrain;
  }
  /** Bytes the socket took and has not passed on. */
  get waitingBytes(): number {
    return this.socket.writableLength;
  }

  /** The other side is known: from now on frames may have this length. */
  admit(frameBytesMax: number): void {
    this.framer.lengthMax = frameBytesMax;
  }

  /** Stops or resumes reading, so that the other side feels how fast we are. */
  pauseReading(isPaused: boolean): void {
    this.frameSinceMs = performance.now();
    if (isPaused) this.socket.pause();
    else this.socket.resume();
  }

  /**
   * T07: whether the other side has been within one frame for longer than that, and brought next to nothing of it: a byte now and
   * then is heard, and would keep a connection for ever. A long frame on a slow link gets on.
   */
  isTrickling(nowMs: number, maxMs: number): boolean {
    return this.framer.pendingBytes > 0 && !this.socket.isPaused() && nowMs - this.frameSinceMs > maxMs;
  }

  /** Writes frames with one writev; the parts are not copied, but for small ones. */
  write(frames: readonly Pick<EncodedFrame, "parts">[]): void {
    if (this.closed) return;
    const { socket } = this;
    socket.cork();
    let run: Uint8Array[] = [];
    const writeRun = () => {
      if (run.length > 0) socket.write(run.length === 1 ? (run[0] as Uint8Array) : Buffer.concat(run));
      run = [];
    };
    for (const { parts } of frames)
      for (const part of parts)
        if (part.length <= JOIN_BYTES_MAX) run.push(part);
        else {
          writeRun();
          socket.write(part);
        }
    writeRun();
    socket.uncork();
  }

  /** Writes a frame that has no tail. */
  say(type: FrameType, fields: readonly unknown[]): void {
    this.write([{ parts: [encodeFrame(type, fields, this.host.checksum)] }]);
  }

  /** T02: tells the other side why, and closes. */
  refuse(refusal: Refusal): void {
    if (this.closed) return;
    this.host.counters.refused++;
    this.host.refusals.tell("refused a connection", refusal.code, { remote: this.remote, reason: refusal.reason });
    this.say(FrameType.reject, rejectToArray(refusal));
    this.over(refusal.reason, refusal.code);
    // Input is read and thrown away until the other side has seen why: closing over unread bytes would reset the connection.
    this.socket.resume();
    this.socket.end();
    setTimeout(() => this.socket.destroy(), LINGER_MS).unref();
  }

  /** Closes without a word. */
  close(reason: string, code?: string): void {
    this.over(reason, code);
    this.socket.destroy();
  }

  private over(reason: string, code?: string): void {
    if (this.closed) return;
    this.closed = true;
    this.handler.onClosed(reason, code);
  }

  private take(chunk: Buffer): void {
    if (this.closed) return;
    this.lastHeardMs = performance.now();
    if (this.framer.pendingBytes === 0 || this.frameBytes >= TRICKLE_BYTES) this.beginFrame();
    this.frameBytes += chunk.length;
    try {
      // A plain view: a Buffer's own `slice` does not copy, which nobody expects of the bytes of an entry.
      const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
      for (const payload of this.framer.push(bytes)) {
        const frame = openFrame(payload, this.host.checksum);
        if (frame.type === FrameType.reject) this.rejected(frame);
        else this.handler.onFrame(frame);
        if (this.closed) return;
      }
    } catch (error) {
      this.fail(error);
    }
  }

  private beginFrame(): void {
    this.frameBytes = 0;
    this.frameSinceMs = this.lastHeardMs;
  }

  private rejected(frame: Frame): void {
    const { code, reason } = rejectFromArray(withoutTail(frame));
    this.host.refusals.tell("the other side refused a connection", code, { remote: this.remote, reason });
    this.close(`the other side refused: ${reason}`, code);
  }

  /** T01: a frame that cannot be right closes this connection, says why, and changes nothing else. */
  private fail(error: unknown): void {
    if (this.closed) return;
    this.host.counters.badFrames++;
    const reason = error instanceof RaftError ? error.message : `unexpected: ${String(error)}`;
    this.refuse({ code: "BadFrame", reason });
  }
}
