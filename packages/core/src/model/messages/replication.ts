import type { LogBlock } from "../log-block.js";
import type { LogId, LogIndex, Millis, Term } from "../log-id.js";
import type { StartNumber } from "../node-id.js";

/** §5.3 AppendEntries. Empty: a probe, or news of a commit. */
export interface AppendEntries {
  /** Discriminator. */
  readonly type: "AppendEntries";
  /** The term. */
  readonly term: Term;
  /** The entry right before the first one. */
  readonly prev: LogId;
  /** The leader's commit index; the receiver takes at most prev + entries (R07). */
  readonly commit: LogIndex;
  /** Consecutive blocks from prev + 1 on. */
  readonly blocks: readonly LogBlock[];
}

/** Answer to {@link AppendEntries}. */
export interface AppendEntriesResponse {
  /** Discriminator. */
  readonly type: "AppendEntriesResponse";
  /** The term. */
  readonly term: Term;
  /** Whether prev matched. */
  readonly success: boolean;
  /** Success: verified against this leader *and* durable (R03, R07). Refusal: 0. */
  readonly match: LogIndex;
  /** R04, refusal: prev's index of the message refused. Success: 0. */
  readonly prevIndex: LogIndex;
  /** R04, refusal: the last index if the log is shorter, else the first index of the term found at prev. Success: 0. */
  readonly hintIndex: LogIndex;
  /** R04, refusal: the term at the last index, or the one found at prev. Success: 0. */
  readonly hintTerm: Term;
  /** The receiver's last index (R20). */
  readonly last: LogIndex;
  /** S11: above 0, the receiver cannot rebuild its state and wants a snapshot above this index. */
  readonly needsSnapshot: LogIndex;
  /** M12: the receiver keeps no payloads, and need not be sent any. A witness of version 1 does not say so. */
  readonly isWitness?: true;
  /** L03: the receiver lost what it may have acknowledged up to this index, and is not to be counted. Absent: it is whole. */
  readonly forgottenUpTo?: LogIndex;
  /** F05: the newest format that the receiver's state machine knows. Absent: none that would be news. */
  readonly announces?: number;
}

/** The leader's sign of life; its round confirms reads (Q01) and leadership (E16). */
export interface Heartbeat {
  /** Discriminator. */
  readonly type: "Heartbeat";
  /** The term. */
  readonly term: Term;
  /** R17: min(match, commit) for its receiver. */
  readonly commit: LogIndex;
  /** Grows with each broadcast of this leader, from 1 on. 0: news of a commit alone, which wants no answer. */
  readonly round: number;
  /** Q08: how far its receiver's own state may be shown, and for how old; absent: the leader cannot tell. */
  readonly standing?: Standing;
}

/** Q08: what a leader knows about the age of the group's state when a heartbeat leaves. */
export interface Standing {
  /** The newest round that the leader had the receiver's answer to: the heartbeat left after that answer did. */
  readonly answeredRound: number;
  /** T11: the start number under which the receiver gave that answer. */
  readonly answeredInStart: StartNumber;
  /** How long ago a quorum confirmed this leader, rounded up, ms. */
  readonly ageMs: Millis;
  /** The leader's commit index: it holds all that anybody had acknowledged at that instant. */
  readonly commit: LogIndex;
}

/** Answer to {@link Heartbeat}: does not wait behind entry writes (R19). */
export interface HeartbeatResponse {
  /** Discriminator. */
  readonly type: "HeartbeatResponse";
  /** The term. */
  readonly term: Term;
  /** The round answered. */
  readonly round: number;
  /** The receiver's last index (R20). */
  readonly last: LogIndex;
  /** S11, as in {@link AppendEntriesResponse}. */
  readonly needsSnapshot: LogIndex;
  /** L03, as in {@link AppendEntriesResponse}. */
  readonly forgottenUpTo?: LogIndex;
}
