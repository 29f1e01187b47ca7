import type { LogIndex, Millis } from "../model/log-id.js";
import type { NodeId, ReplicaId, StartNumber } from "../model/node-id.js";
import type { SnapshotMeta } from "../model/snapshot-meta.js";
import type { PeerDescription } from "./description.js";
import { added, behind, NOTHING } from "./short-list.js";

interface Flight {
  readonly last: LogIndex;
  readonly bytes: number;
}

/** S04: a snapshot on its way to a peer. */
export interface SnapshotTransfer {
  readonly number: number;
  readonly meta: SnapshotMeta;
  /** Bytes are being streamed: the stream's own end decides, not R19's patience. */
  streaming: boolean;
  /** The last sign that it goes on. */
  progressAt: Millis;
}

/** S10: a snapshot that a peer was offered. */
export interface SnapshotOffer {
  readonly meta: SnapshotMeta;
  /** Bytes that the log had taken when it was offered first. */
  readonly keptSinceBytes: number;
  /** Bytes of it that the peer held when it asked for the rest; −1: it has not asked yet. */
  heldBytes: number;
  /** It is the one to go on with: it came nearer to its end each time, and is not there yet. */
  getsOn: boolean;
}

/** M09: a peer that a configuration removed, until it knows. */
interface Farewell {
  /** Index of that configuration. */
  readonly removedBy: LogIndex;
  /** The first round whose heartbeat told it that this configuration is committed; 0 before. */
  toldRound: number;
  /** It is told until then at the latest; infinite before that configuration is committed. */
  tellUntil: Millis;
}

/**
 * A leader's view of one peer (§5.3; sofa-jraft: Replicator). Rules R09, R11.
 *
 * - *probe*: it is not known where the logs meet; one message is in flight.
 * - *replicate*: messages are pipelined, in a window bounded in messages and bytes.
 * - *snapshot*: what it needs is compacted away; it gets the state instead.
 */
export class Replicator implements ReplicaId {
  state: "probe" | "replicate" | "snapshot" = "probe";
  /** Highest index verified against us and durable there. Never goes back (R11), unless it says that its disk forgot (L03). */
  match: LogIndex = 0;
  /** probe: the one message is under way. */
  probeSent = false;
  /** The highest commit index that was sent to it. */
  sentCommit: LogIndex = 0;
  /** Index from which entries are being read back for it (R13), or 0. */
  fetchingFrom: LogIndex = 0;
  /** The newest heartbeat round it answered. */
  answeredRound = 0;
  /** T11, Q08: the start number under which it did. */
  answeredRoundInStart: StartNumber = 0;
  /** R19: match as it was at the last heartbeat. */
  matchAtHeartbeat: LogIndex = 0;
  /** R19: since when the oldest flight waits without progress. */
  waitingSince: Millis;
  /** S04: set in state snapshot once the offer was sent. */
  transfer: SnapshotTransfer | undefined;
  /** T11: the start number under which it last answered, and the one under which it acknowledged `match`. */
  answeredInStart: StartNumber = 0;
  ackedInStart: StartNumber = 0;
  /** R20: it came back without what it had acknowledged: it counts for nothing any more. */
  hasLostData = false;
  /** M12: it said with its latest answer that it keeps no payloads. */
  isWitness = false;
  /** F05: the newest format that it said with its latest answer it knows; 0: it said nothing. */
  announces = 0;
  /** L03: it said itself, under that start number, that it has forgotten what it acknowledged; and whether it is not yet whole again. */
  forgotInStart: StartNumber = 0;
  isRelearning = false;
  /** S10: what it was offered last; the log after it is kept until this peer replicates again. */
  offer: SnapshotOffer | undefined;
  /** M09: a configuration removed it; `undefined` while it is a member, or about to be one. */
  farewell: Farewell | undefined;
  bytesInFlight = 0;
  /** Messages under way, oldest first; a short list, as of thousands of groups nearly all are at rest (G02). */
  private flights: readonly Flight[] = NOTHING;

  constructor(
    readonly id: NodeId,
    readonly incarnation: string,
    /** Index of the next entry to send. */
    public next: LogIndex,
    /** E16: the last answer of this term; taking office counts once. */
    public heardAt: Millis,
  ) {
    this.waitingSince = heardAt;
  }

  /** R20, L03: whether quorums count it. */
  get counts(): boolean {
    return !this.hasLostData && !this.isRelearning;
  }

  /** R20: the match as quorums count it. */
  get countedMatch(): LogIndex {
    return this.counts ? this.match : 0;
  }

  /** R20: the newest round answered, as quorums count it. */
  get countedRound(): number {
    return this.counts ? this.answeredRound : 0;
  }

  /** R20: when it was last heard, as quorums count it. */
  get countedHeardAt(): Millis {
    return this.counts ? this.heardAt : Number.NEGATIVE_INFINITY;
  }

  /** Messages in flight. */
  get messagesInFlight(): number {
    return this.state === "probe" ? Number(this.probeSent) : this.flights.length;
  }

  /** R09: whether one more message may go. */
  hasRoom(messagesMax: number, bytesMax: number): boolean {
    if (this.state === "snapshot") return false;
    if (this.state === "probe") return !this.probeSent;
    return this.flights.length === 0 || (this.flights.length < messagesMax && this.bytesInFlight < bytesMax);
  }

  /** An AppendEntries up to `last` left. */
  sent(last: LogIndex, bytes: number, now: Millis): void {
    if (this.messagesInFlight === 0) this.waitingSince = now;
    if (this.state === "probe") {
      this.probeSent = true;
      return;
    }
    this.next = last + 1;
    this.flights = added(this.flights, { last, bytes });
    this.bytesInFlight += bytes;
  }

  /** R11: the peer has everything up to `match`. @returns whether that is news. */
  matched(match: LogIndex, now: Millis): boolean {
    if (match >= this.next) this.next = match + 1;
    const news = match > this.match;
    if (news) {
      this.match = match;
      this.ackedInStart = this.answeredInStart;
      this.waitingSince = now;
    }
    let arrived = 0;
    for (const flight of this.flights) {
      if (flight.last > this.match) break;
      this.bytesInFlight -= flight.bytes;
      arrived++;
    }
    this.flights = behind(this.flights, arrived);
    return news;
  }

  /** The logs meet below its next index: from now on messages are pipelined. */
  becomeReplicate(): void {
    this.state = "replicate";
    this.offer = undefined;
    this.probeSent = false;
    this.transfer = undefined;
  }

  /** R09: what was in flight may be lost; find out anew, from `next` on, never below match + 1. */
  becomeProbe(next: LogIndex): void {
    this.state = "probe";
    this.next = Math.max(next, this.match + 1);
    this.probeSent = false;
    this.fetchingFrom = 0;
    this.transfer = undefined;
    this.flights = NOTHING;
    this.bytesInFlight = 0;
  }

  /** L03: this run of it began without what the ones before had acknowledged: it is brought up to date like a newcomer. */
  begunAnew(): void {
    this.forgotInStart = this.answeredInStart;
    this.isRelearning = true;
    this.match = 0;
    this.matchAtHeartbeat = 0;
    this.sentCommit = 0;
    this.becomeProbe(this.next);
  }

  /** S04: the log cannot serve it any more. */
  becomeSnapshot(): void {
    this.becomeProbe(this.next);
    this.state = "snapshot";
  }

  /** O01. */
  describe(now: Millis): PeerDescription {
    return {
      id: this.id,
      state: this.state,
      match: this.match,
      next: this.next,
      messagesInFlight: this.messagesInFlight,
      bytesInFlight: this.bytesInFlight,
      silentMs: now - this.heardAt,
      hasLostData: this.hasLostData,
      isRelearning: this.isRelearning,
    };
  }
}
