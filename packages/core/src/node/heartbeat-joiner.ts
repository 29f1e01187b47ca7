import type { Envelope, Message } from "../model/message.js";
import { JOINED_MAX } from "../model/messages/rest.js";
import type { GroupId, NodeId } from "../model/node-id.js";

/** What leaves with a heartbeat in it. */
type Say = (envelope: Envelope) => boolean;

/**
 * G02: the heartbeats that the groups of a process say to one peer in one turn, and the answers to such, as one message. A
 * thousand groups that are awake say two messages per interval instead of two thousand. Nothing else of them changes: each
 * is judged by its group as if it had come alone, by the term that it names, and what waits for a hard state (E02) was
 * never said.
 */
export class HeartbeatJoiner {
  private readonly waiting = new Map<NodeId, Map<GroupId, Envelope>>();

  constructor(
    private readonly say: Say,
    /** What says the heartbeats of others: an envelope of the process, to that peer. */
    private readonly seal: (to: NodeId, message: Message) => Envelope,
  ) {}

  /** Takes a heartbeat or an answer for the end of the turn; `false`: it is none. */
  take(envelope: Envelope): boolean {
    const { type } = envelope.message;
    // T10: what its group says to the peer afterwards comes afterwards.
    this.release(envelope.to, envelope.group);
    if (type !== "Heartbeat" && type !== "HeartbeatResponse") return false;
    const others = this.waiting.get(envelope.to);
    if (others === undefined) this.waiting.set(envelope.to, new Map([[envelope.group, envelope]]));
    else others.set(envelope.group, envelope);
    return true;
  }

  /** The turn is over. */
  flush(): void {
    for (const [to, envelopes] of this.waiting) {
      const all = [...envelopes.values()];
      for (let at = 0; at < all.length; at += JOINED_MAX) this.join(to, all.slice(at, at + JOINED_MAX));
    }
    this.waiting.clear();
  }

  private join(to: NodeId, envelopes: readonly Envelope[]): void {
    const heartbeats = envelopes.flatMap(({ group, fromIncarnation, recoveryNumber, toIncarnation, message }) =>
      message.type === "Heartbeat" || message.type === "HeartbeatResponse"
        ? [{ group, fromIncarnation, recoveryNumber, toIncarnation, message }]
        : [],
    );
    // T09: a peer that speaks version 1 takes them one by one.
    const isTaken = heartbeats.length > 1 && this.say(this.seal(to, { type: "JoinedHeartbeats", heartbeats }));
    if (!isTaken) for (const envelope of envelopes) this.say(envelope);
  }

  private release(to: NodeId, group: GroupId): void {
    const envelopes = this.waiting.get(to);
    const envelope = envelopes?.get(group);
    if (envelope === undefined) return;
    envelopes?.delete(group);
    this.say(envelope);
  }
}
