import type { Configuration, ConfigurationEntry } from "../model/configuration.js";
import type { RaftError } from "../model/errors.js";
import type { HardState } from "../model/hard-state.js";
import type { LogBlock } from "../model/log-block.js";
import type { LogId, LogIndex, Millis, Term } from "../model/log-id.js";
import type { Message, ProposeResponse } from "../model/message.js";
import type { Incarnation, NodeId } from "../model/node-id.js";
import type { SnapshotMeta } from "../model/snapshot-meta.js";
import type { OwnBallotPersisted, TimerName } from "./event.js";

/*
 * Orders, in the imperative: all that the protocol ever wants. They are carried out in the order given; what they bring
 * comes back as events.
 */

/** Says a message to a peer. It may leave at once. */
export interface Send {
  readonly type: "Send";
  readonly to: NodeId;
  readonly toIncarnation: Incarnation;
  readonly message: Message;
}
/** Hands an event back to the protocol. */
export interface Deliver {
  readonly type: "Deliver";
  readonly event: OwnBallotPersisted;
}
/** What may be said only once a write is durable (E02). */
export type AfterPersist = Send | Deliver;

/**
 * Makes something durable; comes back as LogPersisted, which may cover several; and only after that event `then` is said.
 * Writes take effect in the order of their numbers. One without content is a barrier: its `then` waits for those before it.
 */
export interface Persist {
  readonly type: "Persist";
  /** Consecutive, from 1 on, in this start of the node. */
  readonly number: number;
  readonly hardState?: HardState;
  readonly resetTo?: LogId;
  readonly truncateFrom?: LogIndex;
  readonly blocks?: readonly LogBlock[];
  readonly compactTo?: LogId;
  readonly commitHint?: LogIndex;
  readonly then: readonly AfterPersist[];
}
/** Starts a timer anew, for a duration drawn uniformly from [between[0], between[1]) (E03). */
export interface ArmTimer {
  readonly type: "ArmTimer";
  readonly timer: TimerName;
  readonly between: readonly [Millis, Millis];
  readonly generation: number;
}
/** Stops a timer. */
export interface DisarmTimer {
  readonly type: "DisarmTimer";
  readonly timer: TimerName;
}
/** Hands committed, durable entries to the state machine (R14); comes back as Applied. */
export interface Apply {
  readonly type: "Apply";
  readonly upTo: LogIndex;
  /** The end of them, as far as it is in memory: the last block holds `upTo`. What comes before is in the storage. */
  readonly blocks: readonly LogBlock[];
}
/** Reads entries back for a slow follower (R13); comes back as EntriesFetched. */
export interface FetchEntries {
  readonly type: "FetchEntries";
  readonly to: NodeId;
  readonly from: LogIndex;
  readonly bytesMax: number;
  readonly term: Term;
}
/** The next `count` submitted proposals stand at `first …` in `term`. */
export interface ProposalsAccepted {
  readonly type: "ProposalsAccepted";
  readonly first: LogIndex;
  readonly term: Term;
  readonly count: number;
}
/** The next `count` submitted proposals were not taken, and never will be (C02). */
export interface ProposalsRefused {
  readonly type: "ProposalsRefused";
  readonly count: number;
  readonly error: RaftError;
}
/** Proposals accepted above this index may or may not survive: their callers hear *unknown* (C02, E16). */
export interface AbandonProposals {
  readonly type: "AbandonProposals";
  readonly above: LogIndex;
  readonly error: RaftError;
}
/** R18: a peer's proposal is ours to propose, in this term only; ForwardedSettled says what became of it. */
export interface TakeForwarded {
  readonly type: "TakeForwarded";
  readonly from: NodeId;
  readonly fromIncarnation: Incarnation;
  readonly request: number;
  readonly payload: Uint8Array;
  readonly onlyInTerm: Term;
}
/** A forwarded proposal of ours was answered. */
export interface ForwardAnswered {
  readonly type: "ForwardAnswered";
  readonly response: ProposeResponse;
}
/** Forwarded proposals of ours get no answer any more, or never left. */
export interface ForwardFailed {
  readonly type: "ForwardFailed";
  readonly requests: readonly number[];
  readonly error: RaftError;
}
/** These reads may be served once everything up to `index` is applied (Q01). */
export interface ReadReady {
  readonly type: "ReadReady";
  readonly requests: readonly number[];
  readonly index: LogIndex;
}
/** These reads cannot be served here now (Q07). */
export interface ReadFailed {
  readonly type: "ReadFailed";
  readonly requests: readonly number[];
  readonly error: RaftError;
}
/** Saves a snapshot at the applied index of the moment; comes back as SnapshotSaved or SnapshotSaveFailed. */
export interface TakeSnapshot {
  readonly type: "TakeSnapshot";
}
/** Streams a snapshot to a peer that asked for its bytes; comes back as SnapshotSent. */
export interface SendSnapshot {
  readonly type: "SendSnapshot";
  readonly to: NodeId;
  readonly toIncarnation: Incarnation;
  readonly transfer: number;
  readonly meta: SnapshotMeta;
  readonly offset: number;
}
/** Stops one of our transfers, sent or received. */
export interface CancelSnapshot {
  readonly type: "CancelSnapshot";
  readonly transfer: number;
}
/** Opens a sink for a transfer; comes back as SnapshotSinkOpened, then SnapshotReceived, or SnapshotReceiveFailed. */
export interface ReceiveSnapshot {
  readonly type: "ReceiveSnapshot";
  readonly from: NodeId;
  readonly fromIncarnation: Incarnation;
  readonly transfer: number;
  readonly meta: SnapshotMeta;
}
/** Replaces the state machine's state, in its turn (S05); comes back as SnapshotLoaded. */
export interface LoadSnapshot {
  readonly type: "LoadSnapshot";
  readonly meta: SnapshotMeta;
}
/** A change of members was begun, refused or finished (M03). */
export interface ChangeAnswered {
  readonly type: "ChangeAnswered";
  readonly request: number;
  readonly error: RaftError | null;
}
/** A transfer of leadership succeeded or not (E21). */
export interface TransferAnswered {
  readonly type: "TransferAnswered";
  readonly request: number;
  readonly error: RaftError | null;
}
/** Something the state machine is told, in the FIFO of its calls. */
export interface TellStateMachine {
  readonly type: "TellStateMachine";
  readonly what:
    | { readonly call: "leaderStart"; readonly term: Term }
    | { readonly call: "leaderStop" }
    | { readonly call: "startFollowing" | "stopFollowing"; readonly leader: NodeId; readonly term: Term }
    | { readonly call: "configurationCommitted"; readonly configuration: Configuration; readonly index: LogIndex };
}
/** The book of members changed: the transport's peers follow it (T04). */
export interface UpdatePeers {
  readonly type: "UpdatePeers";
  readonly configuration: ConfigurationEntry;
}
/** For the history and `events$` (E23, O03). */
export interface Notify {
  readonly type: "Notify";
  readonly notice: Notice;
}
/** The group stops in place: nothing is sent any more, callers hear *unknown* (E17, L04, invariants). */
export interface Halt {
  readonly type: "Halt";
  readonly reason: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** A role a node can have. A learner is a follower that its configuration does not let vote. */
export type Role = "follower" | "pre-candidate" | "candidate" | "leader";

/** What observers hear. */
export type Notice =
  | {
      readonly kind: "role";
      readonly role: Role;
      readonly term: Term;
      readonly leader: NodeId | null;
      readonly cause: string;
    }
  | { readonly kind: "leader"; readonly leader: NodeId | null; readonly term: Term; readonly cause: string }
  | {
      readonly kind: "configuration";
      readonly stage: "appended" | "committed" | "undone";
      readonly entry: ConfigurationEntry;
    }
  | {
      readonly kind: "snapshot";
      readonly stage: "saved" | "installed" | "sent";
      readonly id: LogId;
      readonly peer: NodeId | null;
    }
  | { readonly kind: "peer"; readonly id: NodeId; readonly up: boolean }
  | { readonly kind: "error"; readonly reason: string };

/** Everything the protocol can order. */
export type Effect =
  | Persist
  | Send
  | ArmTimer
  | DisarmTimer
  | Apply
  | FetchEntries
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
  | Halt;
