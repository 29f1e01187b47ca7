import type { ConfigurationEntry } from "../model/configuration.js";
import type { LogHole } from "../model/log-hole.js";
import type { LogId, LogIndex, Millis, Term } from "../model/log-id.js";
import type { NodeId } from "../model/node-id.js";
import type { Role } from "./notice.js";

/** O01: a leader's view of one peer. */
export interface PeerDescription {
  /** The node. */
  readonly id: NodeId;
  /** R09. */
  readonly state: "probe" | "replicate" | "snapshot";
  /** The index. */
  readonly match: LogIndex;
  /** Index of the next entry to send. */
  readonly next: LogIndex;
  /** R09. */
  readonly messagesInFlight: number;
  /** R09. */
  readonly bytesInFlight: number;
  /** Since its last answer in this term, ms; 0 while the group rests, and its process is heard for it (G02). */
  readonly silentMs: Millis;
  /** R20: it came back without what it had acknowledged, and counts for nothing. */
  readonly hasLostData: boolean;
  /** L03: it came back knowing that it lacks what it had acknowledged, and counts again once it is brought up to date. */
  readonly isRelearning: boolean;
}

/** O01: a voter to be that catches up (M04). */
export interface NewcomerDescription {
  /** Who. */
  readonly id: NodeId;
  /** How far it holds the log. */
  readonly match: LogIndex;
  /** Rounds that took an election timeout or longer. */
  readonly slowRounds: number;
  /** Whether it is near enough. */
  readonly hasCaughtUp: boolean;
}

/** O01, M15: the change of members under way, as far as this node knows. */
export interface ChangeDescription {
  /**
   * `catching-up`: nothing is appended, and it can be called off (on the leader that was asked); `joint`: both halves must agree;
   * `final`: the last configuration waits for its commit; `leaving`: it is committed, and the leader hands over (M05).
   */
  readonly stage: "catching-up" | "joint" | "final" | "leaving";
  /** Those that catch up. */
  readonly newcomers: readonly NewcomerDescription[];
  /** M15: voters that do not hold the configuration yet, as its leader knows; empty elsewhere. */
  readonly waitingFor: readonly NodeId[];
}

/** O01: the protocol's state, as data. */
export interface RaftDescription {
  /** The role. */
  readonly role: Role;
  /** The term. */
  readonly term: Term;
  /** Whom it voted for in that term. */
  readonly votedFor: NodeId | null;
  /** The leader, if known. */
  readonly leader: NodeId | null;
  /** Since the last leader contact, ms; infinite if there was none. */
  readonly leaderContactAgoMs: Millis;
  /** The configuration, with its place in the log. */
  readonly configuration: ConfigurationEntry;
  /** The change of members under way, or `null`. */
  readonly change: ChangeDescription | null;
  /** M09: index of the configuration that removed this incarnation; 0 while it belongs. */
  readonly removedAt: LogIndex;
  /** L03: entries that the disk lost, and that are being repaired; empty while the log is whole. */
  readonly holes: readonly LogHole[];
  /** S11: the state cannot be rebuilt here, and a snapshot above this index is wanted; 0: it can. */
  readonly restoring: LogIndex;
  /** S05: the last index of a received snapshot that takes the place of log and state now; 0: none. */
  readonly installing: LogIndex;
  /** The last removed entry. */
  readonly base: LogId;
  /** The last entry. */
  readonly last: LogId;
  /** Everything up to here is on its own disk. */
  readonly durableIndex: LogIndex;
  /** R08. */
  readonly commitIndex: LogIndex;
  /** R14. */
  readonly appliedIndex: LogIndex;
  /** The newest snapshot. */
  readonly snapshot: LogId | null;
  /** R12: appended and not yet applied, bytes. */
  readonly uncommittedBytes: number;
  /** Recent blocks in memory, bytes. */
  readonly cachedBytes: number;
  /** Writes handed out and not yet durable. */
  readonly writesUnderWay: number;
  /** E24: one of them is under way for longer than `writeOverdueMs`. */
  readonly writeOverdue: boolean;
  /** Reads that wait for confirmation. */
  readonly pendingReads: number;
  /** Messages dropped, by reason. */
  readonly droppedMessages: Readonly<Record<string, number>>;
  /** A leader's view of the others. */
  readonly peers: readonly PeerDescription[];
  /** Why the group stopped in place, or empty. */
  readonly halted: string;
  /** R15: why the state machine is not called any more, or empty. */
  readonly faulted: string;
}
