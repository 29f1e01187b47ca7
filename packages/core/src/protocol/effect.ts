import type { Configuration, ConfigurationEntry, Member } from "../model/configuration.js";
import type { RaftError } from "../model/errors.js";
import type { HardState } from "../model/hard-state.js";
import type { LogBlock } from "../model/log-block.js";
import type { LogId, LogIndex, Millis, Term } from "../model/log-id.js";
import type { Message, ProposeResponse } from "../model/message.js";
import type { Incarnation, NodeId, ReplicaId } from "../model/node-id.js";
import type { SnapshotMeta } from "../model/snapshot-meta.js";
import type { OwnBallotPersisted, TimerName } from "./event.js";
import type { Notice } from "./notice.js";

/*
 * Orders, in the imperative: all that the protocol ever wants. They are carried out in the order given; what they bring
 * comes back as events.
 */

/** Says a message to a peer. It may leave at once. */
export interface Send {
  /** Discriminator. */
  readonly type: "Send";
  /** The peer. */
  readonly to: NodeId;
  /** The peer's incarnation, as its configuration names it. */
  readonly toIncarnation: Incarnation;
  /** What is said. */
  readonly message: Message;
}
/** Hands an event back to the protocol. */
export interface Deliver {
  /** Discriminator. */
  readonly type: "Deliver";
  /** The event. */
  readonly event: OwnBallotPersisted;
}
/** What may be said only once a write is durable (E02). */
export type AfterPersist = Send | Deliver;

/**
 * Makes something durable; comes back as LogPersisted, which may cover several; and only after that event `then` is said.
 * Writes take effect in the order of their numbers. One without content is a barrier: its `then` waits for those before it.
 */
export interface Persist {
  /** Discriminator. */
  readonly type: "Persist";
  /** Consecutive, from 1 on, in this start of the node. */
  readonly number: number;
  /** New hard state. */
  readonly hardState?: HardState;
  /** Throws the log away and begins anew after this entry (S05). */
  readonly resetTo?: LogId;
  /** Removes this entry and all after it (R02). */
  readonly truncateFrom?: LogIndex;
  /** Appends these. */
  readonly blocks?: readonly LogBlock[];
  /** Entries up to this one may go (L08). */
  readonly compactTo?: LogId;
  /** R08: rides along; never above what this write makes durable. */
  readonly commitHint?: LogIndex;
  /** Said in this order once it is durable. */
  readonly then: readonly AfterPersist[];
}
/** Starts a timer anew, for a duration drawn uniformly from [between[0], between[1]) (E03). */
export interface ArmTimer {
  /** Discriminator. */
  readonly type: "ArmTimer";
  /** Which timer. */
  readonly timer: TimerName;
  /** Lower and upper bound of the draw, ms. */
  readonly between: readonly [Millis, Millis];
  /** Tells this life of the timer from its earlier ones. */
  readonly generation: number;
}
/** Stops a timer. */
export interface DisarmTimer {
  /** Discriminator. */
  readonly type: "DisarmTimer";
  /** Which timer. */
  readonly timer: TimerName;
}
/** Hands committed, durable entries to the state machine (R14); comes back as Applied. */
export interface Apply {
  /** Discriminator. */
  readonly type: "Apply";
  /** Index of the last entry. */
  readonly upTo: LogIndex;
  /** The end of them, as far as it is in memory: the last block holds `upTo`. What comes before is in the storage. */
  readonly blocks: readonly LogBlock[];
}
/** Reads entries back for a slow follower (R13); comes back as EntriesFetched. */
export interface FetchEntries {
  /** Discriminator. */
  readonly type: "FetchEntries";
  /** The peer. */
  readonly to: NodeId;
  /** Index of the first entry wanted. */
  readonly from: LogIndex;
  /** At most this many bytes of blocks. */
  readonly bytesMax: number;
  /** The term. */
  readonly term: Term;
}
/** L03: reads entries back for a member whose disk lost them; comes back as RepairRead. */
export interface ReadForRepair {
  /** Discriminator. */
  readonly type: "ReadForRepair";
  /** The member that asked. */
  readonly to: NodeId;
  /** Its incarnation. */
  readonly toIncarnation: Incarnation;
  /** First entry wanted. */
  readonly first: LogIndex;
  /** Last entry wanted. */
  readonly last: LogIndex;
  /** At most this many bytes of blocks. */
  readonly bytesMax: number;
}
/** L03: puts entries back that the own disk lost; comes back as LogRepaired. */
export interface RepairLog {
  /** Discriminator. */
  readonly type: "RepairLog";
  /** Consecutive; all of them in one hole. */
  readonly blocks: readonly LogBlock[];
}
/** The next `count` submitted proposals stand at `first …` in `term`. */
export interface ProposalsAccepted {
  /** Discriminator. */
  readonly type: "ProposalsAccepted";
  /** Index of the first one. */
  readonly first: LogIndex;
  /** The term. */
  readonly term: Term;
  /** How many. */
  readonly count: number;
}
/** The next `count` submitted proposals were not taken, and never will be (C02). */
export interface ProposalsRefused {
  /** Discriminator. */
  readonly type: "ProposalsRefused";
  /** How many. */
  readonly count: number;
  /** What their callers hear. */
  readonly error: RaftError;
}
/** Proposals accepted above this index may or may not survive: their callers hear *unknown* (C02, E16). */
export interface AbandonProposals {
  /** Discriminator. */
  readonly type: "AbandonProposals";
  /** Entries above this index. */
  readonly above: LogIndex;
  /** What their callers hear. */
  readonly error: RaftError;
}
/** R18: a peer's proposal is ours to propose, in this term only; ForwardedSettled says what became of it. */
export interface TakeForwarded {
  /** Discriminator. */
  readonly type: "TakeForwarded";
  /** Who sends it. */
  readonly from: NodeId;
  /** The sender's incarnation. */
  readonly fromIncarnation: Incarnation;
  /** Number of the request. */
  readonly request: number;
  /** The encoded command. */
  readonly payload: Uint8Array;
  /** R18: only as leader of this term. */
  readonly onlyInTerm: Term;
}
/** A forwarded proposal of ours was answered. */
export interface ForwardAnswered {
  /** Discriminator. */
  readonly type: "ForwardAnswered";
  /** The answer. */
  readonly response: ProposeResponse;
}
/** Forwarded proposals of ours get no answer any more, or never left. */
export interface ForwardFailed {
  /** Discriminator. */
  readonly type: "ForwardFailed";
  /** Numbers of the requests. */
  readonly requests: readonly number[];
  /** What their callers hear. */
  readonly error: RaftError;
}
/** These reads may be served once everything up to `index` is applied (Q01). */
export interface ReadReady {
  /** Discriminator. */
  readonly type: "ReadReady";
  /** Numbers of the requests. */
  readonly requests: readonly number[];
  /** The index. */
  readonly index: LogIndex;
}
/** These reads cannot be served here now (Q07). */
export interface ReadFailed {
  /** Discriminator. */
  readonly type: "ReadFailed";
  /** Numbers of the requests. */
  readonly requests: readonly number[];
  /** What their callers hear. */
  readonly error: RaftError;
}
/** Saves a snapshot at the applied index of the moment; comes back as SnapshotSaved or SnapshotSaveFailed. */
export interface TakeSnapshot {
  /** Discriminator. */
  readonly type: "TakeSnapshot";
}
/** Streams a snapshot to a peer that asked for its bytes; comes back as SnapshotSent. */
export interface SendSnapshot {
  /** Discriminator. */
  readonly type: "SendSnapshot";
  /** The peer. */
  readonly to: NodeId;
  /** The peer's incarnation, as its configuration names it. */
  readonly toIncarnation: Incarnation;
  /** Number of the transfer (S04). */
  readonly transfer: number;
  /** The snapshot. */
  readonly meta: SnapshotMeta;
  /** First byte that is wanted. */
  readonly offset: number;
}
/** Stops one of our transfers, sent or received. */
export interface CancelSnapshot {
  /** Discriminator. */
  readonly type: "CancelSnapshot";
  /** Number of the transfer (S04). */
  readonly transfer: number;
}
/** Opens a sink for a transfer; comes back as SnapshotSinkOpened, then SnapshotReceived, or SnapshotReceiveFailed. */
export interface ReceiveSnapshot {
  /** Discriminator. */
  readonly type: "ReceiveSnapshot";
  /** Who sends it. */
  readonly from: NodeId;
  /** The sender's incarnation. */
  readonly fromIncarnation: Incarnation;
  /** Number of the transfer (S04). */
  readonly transfer: number;
  /** The snapshot. */
  readonly meta: SnapshotMeta;
}
/** Replaces the state machine's state, in its turn (S05); comes back as SnapshotLoaded. */
export interface LoadSnapshot {
  /** Discriminator. */
  readonly type: "LoadSnapshot";
  /** The snapshot. */
  readonly meta: SnapshotMeta;
}
/** A change of members was begun, refused or finished (M03). */
export interface ChangeAnswered {
  /** Discriminator. */
  readonly type: "ChangeAnswered";
  /** Number of the request. */
  readonly request: number;
  /** What their callers hear. */
  readonly error: RaftError | null;
}
/** A transfer of leadership succeeded or not (E21), or an election that was asked for has begun. */
export interface TransferAnswered {
  /** Discriminator. */
  readonly type: "TransferAnswered";
  /** Number of the request. */
  readonly request: number;
  /** What their callers hear. */
  readonly error: RaftError | null;
}
/** It leads from now on. */
export interface LeaderStartCall {
  /** The callback. */
  readonly call: "leaderStart";
  /** The term it leads. */
  readonly term: Term;
}
/** It no longer leads. */
export interface LeaderStopCall {
  /** The callback. */
  readonly call: "leaderStop";
}
/** It follows somebody, or no longer does. */
export interface FollowingCall {
  /** The callback. */
  readonly call: "startFollowing" | "stopFollowing";
  /** Whom. */
  readonly leader: NodeId;
  /** The term. */
  readonly term: Term;
}
/** A configuration was committed. */
export interface ConfigurationCall {
  /** The callback. */
  readonly call: "configurationCommitted";
  /** What it says. */
  readonly configuration: Configuration;
  /** Where it stands. */
  readonly index: LogIndex;
}
/** Something the state machine is told, in the FIFO of its calls. */
export interface TellStateMachine {
  /** Discriminator. */
  readonly type: "TellStateMachine";
  /** Which callback, with its arguments. */
  readonly what: LeaderStartCall | LeaderStopCall | FollowingCall | ConfigurationCall;
}
/** The book of members changed: the transport's peers follow it (T04). */
export interface UpdatePeers {
  /** Discriminator. */
  readonly type: "UpdatePeers";
  /** The configuration, with its place in the log. */
  readonly configuration: ConfigurationEntry;
  /** Who else may be talked to: those that catch up (M04), and those that the configuration left out (M05, M09). */
  readonly others: readonly Member[];
}
/** For the history and `events$` (E23, O03). */
export interface Notify {
  /** Discriminator. */
  readonly type: "Notify";
  /** What happened. */
  readonly notice: Notice;
}
/** G02: asks the members to rest, under the version of this process's list of groups at rest. */
export interface OfferRest {
  /** Discriminator. */
  readonly type: "OfferRest";
  /** The term. */
  readonly term: Term;
  /** The commit index. */
  readonly commit: LogIndex;
  /** The round of heartbeats. */
  readonly round: number;
  /** Whom. */
  readonly members: readonly ReplicaId[];
}
/** G02: the group rests from now on: no timer of it runs, and its process beats with these for it. */
export interface Rest {
  /** Discriminator. */
  readonly type: "Rest";
  /** A leader's members, or a follower's leader. */
  readonly with: readonly NodeId[];
  /** Follower: the version of the leader's list that it agreed under; `null`: it leads. */
  readonly version: number | null;
}
/** G02: it rests no more, or its members did not agree. */
export interface Wake {
  /** Discriminator. */
  readonly type: "Wake";
}
/** The group stops in place: nothing is sent any more, callers hear *unknown* (E17, L04, invariants). */
export interface Halt {
  /** Discriminator. */
  readonly type: "Halt";
  /** Words for a person. */
  readonly reason: string;
  /** Evidence. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** Everything the protocol can order. */
export type Effect =
  | Persist
  | Send
  | ArmTimer
  | DisarmTimer
  | Apply
  | FetchEntries
  | ReadForRepair
  | RepairLog
  | ProposalsAccepted
  | ProposalsRefused
  | AbandonProposals
  | TakeForwarded
  | ForwardAnswered
  | ForwardFailed
  | ReadReady
  | ReadFailed
  | TakeSnapshot
  | SendSnapshot
  | CancelSnapshot
  | ReceiveSnapshot
  | LoadSnapshot
  | ChangeAnswered
  | TransferAnswered
  | TellStateMachine
  | UpdatePeers
  | Notify
  | OfferRest
  | Rest
  | Wake
  | Halt;
