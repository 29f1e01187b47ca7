import { performance } from "node:perf_hooks";
import {
  type AbortSignalLike,
  badMessage,
  FieldReader,
  type PeerAddress,
  type SnapshotStreamHeader,
} from "@hexraft/core/ports";
import type { Host } from "../host.js";
import type { Connection } from "../link/connection.js";
import { dial } from "../link/dial.js";
import { encodeFrame, type Frame, FrameType } from "../wire/frame.js";
import { helloOf } from "../wire/handshake.js";
import { withoutTail } from "../wire/message-frame.js";
import { snapshotFailed } from "./receive-snapshot.js";

/** Longest piece. */
const PIECE_BYTES_MAX = 256 * 1024;
/** A piece is written as long as less than this waits for the socket, so that a snapshot never fills memory (S04); with it, below SENT_BYTES_HELD_MAX. */
const WINDOW_BYTES = 1024 * 1024;
/** Room of a piece's frame beside its bytes. */
const PIECE_OVERHEAD_BYTES = 64;

/**
 * The sending end of a snapshot stream, on a connection of its own (T06). Pieces are written as far as the window goes,
 * and further as they leave. Resolves when the other side has taken the last byte.
 */
export class SnapshotSending {
  private connection: Connection | undefined;
  private hangUp: (reason: string) => void = () => {};
  private failure: Error | undefined;
  /** Ends the wait for the source's next bytes, if there is one. */
  private giveUp: (error: Error) => void = () => {};
  private takenOffset: number | undefined;
  private wake: () => void = () => {};
  private progressMs = performance.now();

  constructor(
    private readonly host: Host,
    private readonly header: SnapshotStreamHeader,
    private readonly to: PeerAddress,
  ) {}

  /** Streams it all. Rejects with `SnapshotFailed` if anything breaks, or `signal` is aborted. */
  async run(bytes: AsyncIterable<Uint8Array>, signal: AbortSignalLike): Promise<void> {
    const abort = () => this.fail("the sender gave it up");
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    try {
      await this.call();
      const end = await this.sendAll(bytes);
      this.say(FrameType.snapshotEnd, end);
      await this.until(() => this.takenOffset !== undefined);
      if (this.takenOffset !== end) throw snapshotFailed(`the receiver took ${this.takenOffset} of ${end} bytes`);
    } finally {
      signal.removeEventListener("abort", abort);
      this.hangUp("the snapshot was sent");
    }
  }

  /** Gives up a receiver that takes nothing. */
  tick(nowMs: number): void {
    const stalledMs = nowMs - this.progressMs;
    if (this.connection !== undefined && stalledMs > this.host.options.streamStallMs)
      this.fail(`no progress for ${Math.round(stalledMs)} ms`);
  }

  /** Ends it with a reason. */
  fail(reason: string): void {
    this.failure ??= snapshotFailed(`the snapshot for ${this.to.id} at ${this.to.address} did not arrive: ${reason}`);
    this.giveUp(this.failure);
    this.hangUp(reason);
    this.wake();
  }

  private async call(): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    const { id, incarnation, address } = this.to;
    const hello = helloOf(this.host.local(), this.host.versions, {
      purpose: "snapshot",
      to: id,
      meant: [[this.header.group, incarnation]],
      stream: this.header,
    });
    this.hangUp = dial(this.host, address, hello, this.host.options.handshakeTimeoutMs, {
      onWelcome: (connection) => {
        this.connection = connection;
        this.progressMs = performance.now();
        this.wake();
        return {
          onFrame: (frame) => this.hear(frame),
          onDrain: () => this.wake(),
          onClosed: (reason) => this.fail(reason),
        };
      },
      onFailed: (reason) => this.fail(reason),
    });
    await this.until(() => this.connection !== undefined);
  }

  private async sendAll(bytes: AsyncIterable<Uint8Array>): Promise<number> {
    const pieceBytes = Math.min(PIECE_BYTES_MAX, this.host.local().frameBytesMax - PIECE_OVERHEAD_BYTES);
    let { offset } = this.header;
    const source = bytes[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { done, value: chunk } = await this.nextOf(source);
        if (done === true) return offset;
        for (let at = 0; at < chunk.length; at += pieceBytes) {
          const piece = chunk.subarray(at, at + pieceBytes);
          await this.until(() => (this.connection as Connection).waitingBytes < WINDOW_BYTES);
          this.say(FrameType.snapshotPiece, offset, piece);
          offset += piece.length;
        }
      }
    } catch (error) {
      // Not awaited: a source that hangs in a read would hold up the news that the stream broke.
      void Promise.resolve(source.return?.()).catch(() => {});
      throw error;
    }
  }

  /**
   * The source's next bytes, unless the stream breaks before. Each wait has a promise of its own: one promise of the failure, raced
   * against all of them, would remember what each of them came to, and so the whole snapshot, until the stream ends.
   */
  private async nextOf(source: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array, unknown>> {
    if (this.failure !== undefined) throw this.failure;
    return new Promise((resolve, reject) => {
      this.giveUp = reject;
      source.next().then(resolve, reject);
    });
  }

  private say(type: FrameType, offset: number, tail?: Uint8Array): void {
    const head = encodeFrame(type, [offset], this.host.checksum, tail?.length);
    this.connection?.write([{ parts: tail === undefined ? [head] : [head, tail] }]);
    this.progressMs = performance.now();
  }

  private hear(frame: Frame): void {
    if (frame.type !== FrameType.snapshotTaken) throw badMessage(`a frame of type ${frame.type} answers a snapshot`);
    const fields = new FieldReader(withoutTail(frame), "the end of a snapshot");
    this.takenOffset = fields.count("offset");
    fields.end();
    this.wake();
  }

  /** Waits for something that a socket event brings about; a failure ends every wait. */
  private async until(isSo: () => boolean): Promise<void> {
    for (;;) {
      if (this.failure !== undefined) throw this.failure;
      if (isSo()) return;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}
