import type { Configuration } from "../model/configuration.js";
import type { LogBlock } from "../model/log-block.js";
import type { LogIndex, Millis, Term } from "../model/log-id.js";
import type { Envelope } from "../model/message.js";
import type { Incarnation, NodeId, StartNumber } from "../model/node-id.js";
import type { SnapshotMeta } from "../model/snapshot-meta.js";

/*
 * Facts, in the past tense: all that the protocol ever learns. `Raft.step(event, now)` gets one at a time, with the
 * monotonic time at which it is handed over (E22).
 */

/** The timers that the protocol has. */
export type TimerName = "election" | "heartbeat" | "snapshot" | "request" | "transfer";

/** A message came (E26 judges it). */
export interface MessageReceived {
  readonly type: "MessageReceived";
  readonly envelope: Envelope;
}
/** Messages can be exchanged with a peer from now on. */
export interface PeerUp {
  readonly type: "PeerUp";
  readonly id: NodeId;
  readonly startNumber: StartNumber;
}
/** The connection to a peer ended: messages under way may be lost (R09). */
export interface PeerDown {
  readonly type: "PeerDown";
  readonly id: NodeId;
}
/** A timer ran out. One that was re-armed or disarmed meanwhile is known by its generation. */
export interface TimerFired {
  readonly type: "TimerFired";
  readonly timer: TimerName;
  readonly generation: number;
  /** The duration that was drawn. */
  readonly drawnMs: Millis;
}
/** Callers' commands, joined over a turn (R10). Answered by ProposalsAccepted and ProposalsRefused, in this order. */
export interface ProposalsSubmitted {
  readonly type: "ProposalsSubmitted";
  readonly payloads: readonly Uint8Array[];
  /** R18: forwarded for this term of ours only. */
  readonly onlyInTerm?: Term;
}
/** A caller asked that its command be passed on to the leader (R18). */
export interface ForwardRequested {
  readonly type: "ForwardRequested";
  readonly request: number;
  readonly payload: Uint8Array;
}
/** The caller of a forwarded command gave up: its answer, should one come, is not wanted any more. */
export interface ForwardAbandoned {
  readonly type: "ForwardAbandoned";
  readonly request: number;
}
/** What became of a proposal that a peer had forwarded to us. */
export interface ForwardedSettled {
  readonly type: "ForwardedSettled";
  readonly to: NodeId;
  readonly toIncarnation: Incarnation;
  readonly request: number;
  readonly outcome: "ok" | "refused" | "unknown";
  readonly code: string;
  readonly reason: string;
  readonly result: Uint8Array;
}
/** Callers want to read linearizably (Q01). Answered by ReadReady or ReadFailed. */
export interface ReadRequested {
  readonly type: "ReadRequested";
  readonly requests: readonly number[];
}
/** All writes up to this number are durable. */
export interface LogPersisted {
  readonly type: "LogPersisted";
  readonly number: number;
}
/** A write failed; the storage is dead (L04). */
export interface StorageFailed {
  readonly type: "StorageFailed";
  readonly reason: string;
}
/** Entries asked for with FetchEntries came back from the storage (R13). */
export interface EntriesFetched {
  readonly type: "EntriesFetched";
  readonly to: NodeId;
  /** The leadership term in which they were asked for. */
  readonly term: Term;
  readonly from: LogIndex;
  /** Empty if the storage no longer had them. */
  readonly blocks: readonly LogBlock[];
}
/** The state machine has applied everything up to this index. */
export interface Applied {
  readonly type: "Applied";
  readonly upTo: LogIndex;
}
/** The state machine threw while it applied (R15). */
export interface StateMachineFaulted {
  readonly type: "StateMachineFaulted";
  readonly index: LogIndex;
  readonly reason: string;
}
/** Somebody wants a snapshot now (S07). */
export interface SnapshotRequested {
  readonly type: "SnapshotRequested";
}
/** A local snapshot is durable. */
export interface SnapshotSaved {
  readonly type: "SnapshotSaved";
  readonly meta: SnapshotMeta;
}
/** A local snapshot could not be saved; the node goes on. */
export interface SnapshotSaveFailed {
  readonly type: "SnapshotSaveFailed";
  readonly reason: string;
}
/** The receiving end of a transfer is ready for bytes from `offset` on. */
export interface SnapshotSinkOpened {
  readonly type: "SnapshotSinkOpened";
  readonly transfer: number;
  readonly offset: number;
}
/** All bytes of a transfer came, were verified, and are durable beside the log (S05). */
export interface SnapshotReceived {
  readonly type: "SnapshotReceived";
  readonly transfer: number;
  readonly meta: SnapshotMeta;
}
/** A transfer broke off, or its bytes were wrong. */
export interface SnapshotReceiveFailed {
  readonly type: "SnapshotReceiveFailed";
  readonly transfer: number;
  readonly reason: string;
}
/** The state machine was replaced by a snapshot's state. */
export interface SnapshotLoaded {
  readonly type: "SnapshotLoaded";
  readonly meta: SnapshotMeta;
}
/** Our end of a transfer is over; the peer's answer decides what it achieved. */
export interface SnapshotSent {
  readonly type: "SnapshotSent";
  readonly to: NodeId;
  readonly transfer: number;
  readonly ok: boolean;
}
/** An operator wants other members (M03). Answered by ChangeAnswered. */
export interface ChangeRequested {
  readonly type: "ChangeRequested";
  readonly request: number;
  readonly target: Configuration;
}
/** An operator, or `stop`, wants another leader (E21). Answered by TransferAnswered. */
export interface TransferRequested {
  readonly type: "TransferRequested";
  readonly request: number;
  /** Whom; `null`: the best one (E25). */
  readonly to: NodeId | null;
}
/** Our own ballot of this term is durable: it counts from now on (E02, E18). */
export interface OwnBallotPersisted {
  readonly type: "OwnBallotPersisted";
  readonly term: Term;
}
/** All that was queued for this turn has been stepped (R08: news of a commit goes out now). */
export interface TurnEnded {
  readonly type: "TurnEnded";
}

/** Everything that can happen. */
export type RaftEvent =
  | MessageReceived
  | PeerUp
  | PeerDown
  | TimerFired
  | ProposalsSubmitted
  | ForwardRequested
  | ForwardAbandoned
  | ForwardedSettled
  | ReadRequested
  | LogPersisted
  | StorageFailed
  | EntriesFetched
  | Applied
  | StateMachineFaulted
  | SnapshotRequested
  | SnapshotSaved
  | SnapshotSaveFailed
  | SnapshotSinkOpened
  | SnapshotReceived
  | SnapshotReceiveFailed
  | SnapshotLoaded
  | SnapshotSent
  | ChangeRequested
  | TransferRequested
  | OwnBallotPersisted
  | TurnEnded;
