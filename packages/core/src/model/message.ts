import type { LogBlock } from "./log-block.js";
import type { LogId, LogIndex, Millis, Term } from "./log-id.js";
import type { GroupId, Incarnation, NodeId, RecoveryNumber, StartNumber } from "./node-id.js";
import type { SnapshotMeta } from "./snapshot-meta.js";

/** E05: would you vote for me in `term`? Changes nothing on either side. */
export interface PreVoteRequest {
  /** Discriminator. */
  readonly type: "PreVoteRequest";
  /** The term the asker would campaign in: its own + 1. */
  readonly term: Term;
  /** The asker's round; an answer of another round counts nothing. */
  readonly round: number;
  /** End of the asker's log. */
  readonly last: LogId;
}

/** E05: a grant carries the proposed term and round, a refusal the refuser's term and the round. */
export interface PreVoteResponse {
  /** Discriminator. */
  readonly type: "PreVoteResponse";
  /** The term. */
  readonly term: Term;
  /** Number of the round. */
  readonly round: number;
  /** Whether the asker would get, or has got, the vote. */
  readonly granted: boolean;
}

/** §5.2 RequestVote. */
export interface VoteRequest {
  /** Discriminator. */
  readonly type: "VoteRequest";
  /** The term. */
  readonly term: Term;
  /** End of the candidate's log. */
  readonly last: LogId;
  /** E21: the leader itself asked for this campaign, so E07 does not hold it back. */
  readonly transfer: boolean;
}

/** §5.2 answer to {@link VoteRequest}. */
export interface VoteResponse {
  /** Discriminator. */
  readonly type: "VoteResponse";
  /** The term. */
  readonly term: Term;
  /** Whether the asker would get, or has got, the vote. */
  readonly granted: boolean;
}

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

/** S04: the leader offers its newest snapshot; the bytes follow on a stream once the offer is accepted. */
export interface InstallSnapshot {
  /** Discriminator. */
  readonly type: "InstallSnapshot";
  /** The term. */
  readonly term: Term;
  /** Names this transfer; drawn anew for each (R19). */
  readonly transfer: number;
  /** What is offered. */
  readonly meta: SnapshotMeta;
}

/** Answer to {@link InstallSnapshot}, once at its beginning and once at its end. */
export interface InstallSnapshotResponse {
  /** Discriminator. */
  readonly type: "InstallSnapshotResponse";
  /** The term. */
  readonly term: Term;
  /** The transfer answered. */
  readonly transfer: number;
  /** `send`: stream it from `offset`. `done`: installed, or not needed; `match` says how far. `failed`: give this one up. */
  readonly status: "send" | "done" | "failed";
  /** `send`: bytes already held from an earlier, broken transfer of the same snapshot. */
  readonly offset: number;
  /** `done`: the receiver's durable commit index (S05). */
  readonly match: LogIndex;
}

/** E21: campaign now, without pre-vote. */
export interface TimeoutNow {
  /** Discriminator. */
  readonly type: "TimeoutNow";
  /** The term. */
  readonly term: Term;
  /** The leader's last entry; the target must end in exactly this one. */
  readonly last: LogId;
}

/** R18: a follower passes a caller's proposal on. Its `forTerm` is no term in the sense of E13. */
export interface Propose {
  /** Discriminator. */
  readonly type: "Propose";
  /** The leader's term it is meant for. */
  readonly forTerm: Term;
  /** Unique in this start of the sender (T11). */
  readonly request: number;
  /** The command, encoded. */
  readonly payload: Uint8Array;
}

/** R18: what became of a forwarded proposal. */
export interface ProposeResponse {
  /** Discriminator. */
  readonly type: "ProposeResponse";
  /** Number of the request. */
  readonly request: number;
  /** `ok`: `result` holds the state machine's result. Else `code` and `reason` say what went wrong. */
  readonly outcome: "ok" | "refused" | "unknown";
  /** An ErrorCode, or empty. */
  readonly code: string;
  /** Words for a person, or empty. */
  readonly reason: string;
  /** The result, encoded by the state machine's codec. */
  readonly result: Uint8Array;
  /** Q08: what the leader had applied when it answered, the command included; absent: not said (T09). */
  readonly applied?: LogIndex;
}

/** Q04: a follower asks for an index to read at. */
export interface ReadIndex {
  /** Discriminator. */
  readonly type: "ReadIndex";
  /** Unique in this start of the sender (T11). */
  readonly request: number;
}

/** Q04: answer to {@link ReadIndex}. */
export interface ReadIndexResponse {
  /** Discriminator. */
  readonly type: "ReadIndexResponse";
  /** Number of the request. */
  readonly request: number;
  /** Whether the leader confirmed its leadership after the question came. */
  readonly confirmed: boolean;
  /** The index to wait for. */
  readonly index: LogIndex;
}

/** M09: a committed configuration without the receiver exists. */
export interface Removed {
  /** Discriminator. */
  readonly type: "Removed";
  /** Index of that configuration. */
  readonly configurationIndex: LogIndex;
  /** Whom it removed. */
  readonly id: NodeId;
  /** Which incarnation of it. */
  readonly incarnation: Incarnation;
}

/** L03: asks a member for entries that this node's own disk lost. It has no term: what it asks for is a fact of the past. */
export interface RepairRequest {
  /** Discriminator. */
  readonly type: "RepairRequest";
  /** First entry that is missing. */
  readonly first: LogIndex;
  /** Last entry that is missing. */
  readonly last: LogIndex;
}

/** L03: answer to {@link RepairRequest}: as many of the entries as fit one message, and what they can be judged by. */
export interface RepairResponse {
  /** Discriminator. */
  readonly type: "RepairResponse";
  /** First entry that was asked for. */
  readonly first: LogIndex;
  /** Last entry that was asked for. */
  readonly last: LogIndex;
  /** Term of the provider's entry at `first` − 1. */
  readonly prevTerm: Term;
  /** Term of its entry at `last` + 1; 0 if it has none. */
  readonly nextTerm: Term;
  /** The term that the provider leads; 0 if it leads none. */
  readonly leaderTerm: Term;
  /** The provider's commit index. */
  readonly commit: LogIndex;
  /** The last entry that its log no longer holds: a snapshot has taken its place. */
  readonly base: LogIndex;
  /** Consecutive blocks from `first` on, up to `last` at most; empty if it cannot provide them. */
  readonly blocks: readonly LogBlock[];
}

/** G02: the leader of an idle group asks a member to rest with it; a sign of life besides. */
export interface RestOffer {
  /** Discriminator. */
  readonly type: "RestOffer";
  /** The term. */
  readonly term: Term;
  /** The leader's commit index: the end of its log, and of the receiver's as the leader knows it. */
  readonly commit: LogIndex;
  /** The round of heartbeats that it came with. */
  readonly round: number;
  /** Version of the list of groups that the leader's process rests, this group included. */
  readonly version: number;
}

/** G02: answer to {@link RestOffer}; it counts for the term and the round that it names. */
export interface RestAnswer {
  /** Discriminator. */
  readonly type: "RestAnswer";
  /** The term. */
  readonly term: Term;
  /** The round answered. */
  readonly round: number;
  /** Whether the member rests from now on, and counts on the leader's process to wake it. */
  readonly rests: boolean;
}

/** G02: a group that left the list. */
export interface WokenGroup {
  /** The group. */
  readonly group: GroupId;
  /** The version of the list that it left with: an earlier offer of its rest is void, a later one is not. */
  readonly version: number;
}

/** G02: the heartbeat of a process, for all groups that rest: one message, however many they are. */
export interface ProcessBeat {
  /** Discriminator. */
  readonly type: "ProcessBeat";
  /** Version of the list of groups that the sender leads and rests; one higher each time that one wakes. */
  readonly version: number;
  /** The version that the receiver had confirmed when this left: `woken` tells what changed since. */
  readonly since: number;
  /** Groups that woke since then; `null`: too many to name, or not known. */
  readonly woken: readonly WokenGroup[] | null;
  /** The version of the receiver's list that the sender holds. */
  readonly held: number;
  /** T11: and the run of the receiver that it belongs to; 0: none was heard. */
  readonly heldStart: StartNumber;
}

/** G02: one of {@link JoinedHeartbeats}: what an envelope of its own would say besides. */
export interface JoinedHeartbeat {
  /** The group it belongs to. */
  readonly group: GroupId;
  /** The sender's incarnation. */
  readonly fromIncarnation: Incarnation;
  /** The sender's recovery number (M11). */
  readonly recoveryNumber: RecoveryNumber;
  /** The receiver's incarnation. */
  readonly toIncarnation: Incarnation;
  /** What is said. It names its own term: for another one it counts for nothing. */
  readonly message: Heartbeat | HeartbeatResponse;
}

/** G02: the heartbeats, and the answers to heartbeats, that the groups of one process say to another in one turn. */
export interface JoinedHeartbeats {
  /** Discriminator. */
  readonly type: "JoinedHeartbeats";
  /** At most {@link JOINED_MAX}. */
  readonly heartbeats: readonly JoinedHeartbeat[];
}

/** G02: most heartbeats in one message: their values are within what one frame may hold. */
export const JOINED_MAX = 256;

/** Everything that one replica says to another. */
export type Message =
  | PreVoteRequest
  | PreVoteResponse
  | VoteRequest
  | VoteResponse
  | AppendEntries
  | AppendEntriesResponse
  | Heartbeat
  | HeartbeatResponse
  | InstallSnapshot
  | InstallSnapshotResponse
  | TimeoutNow
  | Propose
  | ProposeResponse
  | ReadIndex
  | ReadIndexResponse
  | Removed
  | RepairRequest
  | RepairResponse
  | RestOffer
  | RestAnswer
  | ProcessBeat
  | JoinedHeartbeats;

/** The name of a message. */
export type MessageType = Message["type"];

/** The blocks that travel with a message. */
export const blocksOf = (message: Message): readonly LogBlock[] =>
  message.type === "AppendEntries" || message.type === "RepairResponse" ? message.blocks : [];

/** A message with who says it to whom (M13, T02). What is meant for another replica is dropped (E26). */
export interface Envelope {
  /** The group it belongs to. */
  readonly group: GroupId;
  /** Sender. */
  readonly from: NodeId;
  /** The sender's incarnation. */
  readonly fromIncarnation: Incarnation;
  /** The sender's run. */
  readonly startNumber: StartNumber;
  /** The sender's recovery number (M11). */
  readonly recoveryNumber: RecoveryNumber;
  /** Receiver. */
  readonly to: NodeId;
  /** The receiver's incarnation, as the sender knows it. */
  readonly toIncarnation: Incarnation;
  /** What is said. */
  readonly message: Message;
}
