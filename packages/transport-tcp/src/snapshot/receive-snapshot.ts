import { performance } from "node:perf_hooks";
import {
  badMessage,
  FieldReader,
  RaftError,
  type SnapshotStreamHeader,
  type TransportReceiver,
} from "@hexraft/core/ports";
import type { Host } from "../host.js";
import type { Connection, ConnectionHandler } from "../link/connection.js";
import { type Frame, FrameType } from "../wire/frame.js";
import { withoutTail } from "../wire/message-frame.js";
import { IncomingBytes } from "./incoming-bytes.js";

/**
 * The receiving end of a snapshot stream: pieces without a gap or an overlap go to the group; once it has taken the last
 * byte, that is said, and the sender closes. Anything else cuts the stream, and this connection alone.
 */
export class SnapshotReception implements ConnectionHandler {
  private readonly incoming: IncomingBytes;
  private nextOffset: number;
  private isPaused = false;

  constructor(
    private readonly host: Host,
    private readonly connection: Connection,
    header: SnapshotStreamHeader,
    receiver: TransportReceiver,
    private readonly onOver: (reception: SnapshotReception) => void,
  ) {
    this.nextOffset = header.offset;
    this.incoming = new IncomingBytes((isPaused) => {
      this.isPaused = isPaused;
      connection.lastHeardMs = performance.now();
      connection.pauseReading(isPaused);
    });
    void this.run(header, receiver);
  }

  /** @inheritDoc */
  onFrame(frame: Frame): void {
    const { tail } = frame;
    const fields = new FieldReader(frame.fields, "a piece of a snapshot");
    const offset = fields.count("offset");
    fields.end();
    if (offset !== this.nextOffset) throw badMessage(`a piece begins at ${offset}, and ${this.nextOffset} comes next`);
    if (frame.type === FrameType.snapshotPiece) {
      if (tail.length === 0) throw badMessage("a piece of a snapshot is empty");
      this.nextOffset += tail.length;
      this.incoming.push(tail);
    } else if (frame.type === FrameType.snapshotEnd) {
      withoutTail(frame);
      this.incoming.finish();
    } else throw badMessage(`a frame of type ${frame.type} came where a snapshot was expected`);
  }

  /** @inheritDoc */
  onDrain(): void {
    // What is said here is one small frame at the end.
  }

  /** @inheritDoc */
  onClosed(reason: string): void {
    if (!this.incoming.isConsumed) this.incoming.finish(snapshotFailed(`the stream broke off: ${reason}`));
    this.onOver(this);
  }

  /** Gives a sender up that does not go on; one that we hold back ourselves is not to blame. */
  tick(nowMs: number): void {
    const stalledMs = nowMs - this.connection.lastHeardMs;
    if (!this.isPaused && !this.incoming.isConsumed && stalledMs > this.host.options.streamStallMs)
      this.connection.close(`no byte of the snapshot for ${Math.round(stalledMs)} ms`);
  }

  private async run(header: SnapshotStreamHeader, receiver: TransportReceiver): Promise<void> {
    try {
      await Promise.resolve(); // the connection learns first whom it works for
      await receiver.onSnapshot(header, this.incoming);
      if (!this.incoming.isConsumed) throw snapshotFailed("the receiver stopped before the last byte");
      this.connection.say(FrameType.snapshotTaken, [this.nextOffset]);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.connection.refuse({ code: "SnapshotFailed", reason });
    }
  }
}

/** The error of a stream that did not arrive; the leader starts another one (R19). */
export const snapshotFailed = (reason: string): RaftError => new RaftError("SnapshotFailed", "refused", reason);
