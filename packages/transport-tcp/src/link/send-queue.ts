import type { MessageType } from "@hexraft/core/ports";
import type { EncodedFrame } from "../wire/message-frame.js";
import type { Connection } from "./connection.js";

/** Beyond the byte bound, this much is kept for small messages. */
const RESERVE_BYTES = 256 * 1024;
/** Beyond the message bound, this part of it is kept for small messages. */
const RESERVE_PART = 1 / 4;

/** Messages that carry callers' data. All others are small, and have room of their own behind these. */
const BULK: ReadonlySet<MessageType> = new Set<MessageType>([
  "AppendEntries",
  "Propose",
  "ProposeResponse",
  "RepairResponse",
]);

/**
 * T05: what waits for one peer, in the order in which it was said (T10). It is bounded in messages and bytes, what the
 * socket holds included. When a peer reads slowly, bulk is dropped first: votes and heartbeats still find room, so that
 * a full queue never looks like a dead leader. Raft recovers what is dropped (R19).
 */
export class SendQueue {
  private frames: EncodedFrame[] = [];
  private bytes = 0;

  constructor(
    private readonly messagesMax: number,
    private readonly bytesMax: number,
  ) {}

  /** Messages waiting. */
  get messages(): number {
    return this.frames.length;
  }

  /** Bytes waiting here; what the socket holds is not among them. */
  get sizeBytes(): number {
    return this.bytes;
  }

  /** Takes a frame, or says that there is no room. `inSocketBytes`: what the socket has not passed on. */
  offer(frame: EncodedFrame, type: MessageType, inSocketBytes: number): boolean {
    const held = this.bytes + inSocketBytes;
    const isBulk = BULK.has(type);
    const messagesMax = isBulk ? this.messagesMax : this.messagesMax * (1 + RESERVE_PART);
    const bytesMax = isBulk ? this.bytesMax : this.bytesMax + RESERVE_BYTES;
    const fits = held === 0 || held + frame.sizeBytes <= bytesMax;
    if (!fits || this.frames.length >= messagesMax) return false;
    this.frames.push(frame);
    this.bytes += frame.sizeBytes;
    return true;
  }

  /** Hands everything to the connection, unless it cannot take more; returns how many messages went. */
  flushInto(connection: Connection): number {
    if (this.frames.length === 0 || connection.isBlocked) return 0;
    const { frames } = this;
    this.frames = [];
    this.bytes = 0;
    connection.write(frames);
    return frames.length;
  }

  /** Throws everything away; returns how many messages that were. */
  clear(): number {
    const dropped = this.frames.length;
    this.frames = [];
    this.bytes = 0;
    return dropped;
  }
}
