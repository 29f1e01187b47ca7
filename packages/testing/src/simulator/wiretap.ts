import type { Envelope, MessageType, NodeId } from "@hexraft/core/ports";
import type { MessageOf } from "../cluster/wire-record.js";
import type { StageParts } from "./stage-parts.js";
import type { Fate } from "./world/simulated-network.js";

/** Which messages of a story. */
export interface StageFilter {
  /** Sender. */
  readonly from?: NodeId;
  /** Receiver. */
  readonly to?: NodeId;
  /** From this virtual time on, ms. */
  readonly since?: number;
  /** Default `delivered`. */
  readonly fate?: Fate;
}

/** Most messages that a stage remembers; the older half is forgotten beyond that. */
export const STAGE_MESSAGES_MAX = 400_000;
/** What a story sees of the network, and loses on purpose. */
export class Wiretap {
  private readonly seen: { readonly atMs: number; readonly fate: Fate; readonly envelope: Envelope }[] = [];
  private readonly losses = new Set<(envelope: Envelope) => boolean>();

  constructor(private readonly parts: Pick<StageParts, "network" | "time">) {}

  /** A message was seen. */
  saw(envelope: Envelope, fate: Fate): void {
    if (this.seen.length >= STAGE_MESSAGES_MAX) this.seen.splice(0, STAGE_MESSAGES_MAX / 2);
    this.seen.push({ atMs: this.parts.time.now(), fate, envelope });
  }

  /** Those that match, in order. */
  messages<T extends MessageType>(
    type: T,
    { from, to, since = 0, fate = "delivered" }: StageFilter,
  ): readonly MessageOf<T>[] {
    return this.seen
      .filter(({ atMs, envelope, ...message }) => {
        const ends = (from ?? envelope.from) === envelope.from && (to ?? envelope.to) === envelope.to;
        return message.fate === fate && atMs >= since && ends && envelope.message.type === type;
      })
      .map(({ envelope }) => envelope.message as MessageOf<T>);
  }

  /** Loses those that match until what is returned is called. */
  lose<T extends MessageType>(
    type: T,
    matches: (message: MessageOf<T>, ends: Pick<Envelope, "from" | "to">) => boolean,
  ): () => void {
    const { network } = this.parts;
    const isLost = (envelope: Envelope): boolean =>
      envelope.message.type === type && matches(envelope.message as MessageOf<T>, envelope);
    this.losses.add(isLost);
    network.loses = (envelope) => [...this.losses].some((loses) => loses(envelope));
    return () => {
      this.losses.delete(isLost);
      if (this.losses.size === 0) network.loses = undefined;
    };
  }
}
