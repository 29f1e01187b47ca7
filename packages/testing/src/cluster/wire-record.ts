import type { Envelope, Message, MessageType, NodeId } from "@hexraft/core/ports";
import type { MessageStage } from "../network/medium.js";

/** A message seen on the wire. */
export interface SeenMessage {
  /** Virtual time, ms. */
  readonly atMs: number;
  /** Whether it was sent, arrived, or was lost, at that time. */
  readonly stage: MessageStage;
  /** The message, with who says it to whom. */
  readonly envelope: Envelope;
}

/** Most messages that a cluster remembers; the older half is forgotten beyond that. */
export const SEEN_MESSAGES_MAX = 400_000;

/** The message of this name. */
export type MessageOf<T extends MessageType> = Message & Readonly<Record<"type", T>>;

/** Which messages. */
export interface MessageFilter {
  /** Sender. */
  readonly from?: NodeId;
  /** Receiver. */
  readonly to?: NodeId;
  /** From this virtual time on, ms. */
  readonly since?: number;
  /** Default `delivered`. */
  readonly stage?: MessageStage;
}

/** What was seen on a wire, in order. */
export class WireRecord {
  /** Every message, the newest {@link SEEN_MESSAGES_MAX} at most. */
  readonly seen: SeenMessage[] = [];

  /** Remembers one. */
  note(message: SeenMessage): void {
    if (this.seen.length >= SEEN_MESSAGES_MAX) this.seen.splice(0, SEEN_MESSAGES_MAX / 2);
    this.seen.push(message);
  }

  /** Messages that match, in the order of the wire; those that arrived unless `stage` says otherwise. */
  messages<T extends MessageType>(type: T, filter: MessageFilter = {}): readonly MessageOf<T>[] {
    const { from, to, since = 0, stage = "delivered" } = filter;
    return this.seen
      .filter(({ atMs, envelope, ...seen }) => {
        const ends = (from ?? envelope.from) === envelope.from && (to ?? envelope.to) === envelope.to;
        return seen.stage === stage && atMs >= since && ends && envelope.message.type === type;
      })
      .map(({ envelope }) => envelope.message as MessageOf<T>);
  }
}
