import type { Configuration } from "../model/configuration.js";
import type { LogBlock } from "../model/log-block.js";
import type { LogHole } from "../model/log-hole.js";
import type { LogIndex, Millis, Term } from "../model/log-id.js";
import type { Envelope } from "../model/message.js";
import type { Incarnation, NodeId, StartNumber } from "../model/node-id.js";
import type { SnapshotMeta } from "../model/snapshot-meta.js";

/*
 * Facts, in the past tense: all that the protocol ever learns. `Raft.step(event, now)` gets one at a time, with the
 * monotonic time at which it is handed over (E22).
 */

/** The timers that the protocol has. */
export type TimerName = "election" | "heartbeat" | "snapshot" | "request" | "transfer" | "repair";

/** A message came (E26 judges it). */
export interface MessageReceived {
  /** Discriminator. */
  readonly type: "MessageReceived";
  /** The message, with who says it to whom. */
  readonly envelope: Envelope;
}
/** Messages can be exchanged with a peer from now on. */
export interface PeerUp {
  /** Discriminator. */
  readonly type: "PeerUp";
  /** The node. */
  readonly id: NodeId;
  /** Its run. */
  readonly startNumber: StartNumber;
}
/** The connection to a peer ended: messages under way may be lost (R09). */
export interface PeerDown {
  /** Discriminator. */
  readonly type: "PeerDown";
  /** The node. */
  readonly id: NodeId;
}
/** A timer ran out. One that was re-armed or disarmed meanwhile is known by its generation. */
export interface TimerFired {
  /** Discriminator. */
  readonly type: "TimerFired";
  /** Which timer. */
  readonly timer: TimerName;
  /** Tells this life of the timer from its earlier ones. */
  readonly generation: number;
  /** The duration that was drawn. */
  readonly drawnMs: Millis;
}
/** Callers' commands, joined over a turn (R10). Answered by ProposalsAccepted and ProposalsRefused, in this order. */
export interface ProposalsSubmitted {
  /** Discriminator. */
  readonly type: "ProposalsSubmitted";
  /** Encoded commands, in the order of their callers. */
  readonly payloads: readonly Uint8Array[];
  /** R18: forwarded for this term of ours only. */
  readonly onlyInTerm?: Term;
}
/** A caller asked that its command be passed on to the leader (R18). */
export interface ForwardRequested {
  /** Discriminator. */
  readonly type: "ForwardRequested";
  /** Number of the request. */
  readonly request: number;
  /** The encoded command. */
  readonly payload: Uint8Array;
}
/** The caller of a forwarded command gave up: its answer, should one come, is not wanted any more. */
export interface ForwardAbandoned {
  /** Discriminator. */
  readonly type: "ForwardAbandoned";
  /** Number of the request. */
  readonly request: number;
}
/** What became of a proposal that a peer had forwarded to us. */
export interface ForwardedSettled {
  /** Discriminator. */
  readonly type: "ForwardedSettled";
  /** The peer. */
  readonly to: NodeId;
  /** The peer's incarnation, as its configuration names it. */
  readonly toIncarnation: Incarnation;
  /** Number of the request. */
  readonly request: number;
  /** C02: how it ended. */
  readonly outcome: "ok" | "refused" | "unknown";
  /** An ErrorCode, or empty. */
  readonly code: string;
  /** Words for a person. */
  readonly reason: string;
  /** The result, encoded. */
  readonly result: Uint8Array;
}
/** Callers want to read linearizably (Q01). Answered by ReadReady or ReadFailed. */
export interface ReadRequested {
  /** Discriminator. */
  readonly type: "ReadRequested";
  /** Numbers of the requests. */
  readonly requests: readonly number[];
}
/** Q05: callers want to read under the leader's lease. Answered as ReadRequested. */
export interface LeaseReadRequested {
  /** Discriminator. */
  readonly type: "LeaseReadRequested";
  /** Numbers of the requests. */
  readonly requests: readonly number[];
}
/** Q08: callers want to read a state of bounded age. Answered as ReadRequested. */
export interface BoundedReadRequested {
  /** Discriminator. */
  readonly type: "BoundedReadRequested";
  /** The requests. */
  readonly reads: readonly BoundedRead[];
}
/** Q08: one of them. */
export interface BoundedRead {
  /** Number of the request. */
  readonly request: number;
  /** What was acknowledged longer ago than this is in the answer. ms. */
  readonly maxStalenessMs: Millis;
}
/** All writes up to this number are durable. */
export interface LogPersisted {
  /** Discriminator. */
  readonly type: "LogPersisted";
  /** Number of the newest of them. */
  readonly number: number;
}
/** A write failed; the storage is dead (L04). */
export interface StorageFailed {
  /** Discriminator. */
  readonly type: "StorageFailed";
  /** Words for a person. */
  readonly reason: string;
}
/** E24: a write has been under way for longer than `writeOverdueMs`; the next LogPersisted says that it ended. */
export interface WriteOverdue {
  /** Discriminator. */
  readonly type: "WriteOverdue";
  /** For how long by now, ms. */
  readonly forMs: Millis;
}
/** E24, Q05: this process or its host stood still; what comes after this waited meanwhile. */
export interface EventLoopPaused {
  /** Discriminator. */
  readonly type: "EventLoopPaused";
  /** For how long, ms. */
  readonly forMs: Millis;
}
/** Entries asked for with FetchEntries came back from the storage (R13). */
export interface EntriesFetched {
  /** Discriminator. */
  readonly type: "EntriesFetched";
  /** The peer. */
  readonly to: NodeId;
  /** The leadership term in which they were asked for. */
  readonly term: Term;
  /** Index of the first entry that was wanted. */
  readonly from: LogIndex;
  /** Empty if the storage no longer had them. */
  readonly blocks: readonly LogBlock[];
}
/** L03: the storage found that bytes it had held are wrong, at its start, on a read, or by its scrub. */
export interface LogDamaged {
  /** Discriminator. */
  readonly type: "LogDamaged";
  /** Which entries, and in which bytes they were. */
  readonly hole: LogHole;
}
/** L03: entries that were missing are durable again. */
export interface LogRepaired {
  /** Discriminator. */
  readonly type: "LogRepaired";
  /** Consecutive; at least one. */
  readonly blocks: readonly LogBlock[];
}
/** L03: entries that a member asked for were read back. */
export interface RepairRead {
  /** Discriminator. */
  readonly type: "RepairRead";
  /** The member that asked. */
  readonly to: NodeId;
  /** Its incarnation. */
  readonly toIncarnation: Incarnation;
  /** First entry that is wanted. */
  readonly first: LogIndex;
  /** Last entry that is wanted. */
  readonly last: LogIndex;
  /** From `first` on; empty if they are not there. */
  readonly blocks: readonly LogBlock[];
}
/** The state machine has applied everything up to this index. */
export interface Applied {
  /** Discriminator. */
  readonly type: "Applied";
  /** Index of the last entry. */
  readonly upTo: LogIndex;
}
/** The state machine threw while it applied (R15). */
export interface StateMachineFaulted {
  /** Discriminator. */
  readonly type: "StateMachineFaulted";
  /** The index. */
  readonly index: LogIndex;
  /** Words for a person. */
  readonly reason: string;
}
/** Somebody wants a snapshot now (S07). */
export interface SnapshotRequested {
  /** Discriminator. */
  readonly type: "SnapshotRequested";
}
/** A local snapshot is durable. */
export interface SnapshotSaved {
  /** Discriminator. */
  readonly type: "SnapshotSaved";
  /** The snapshot. */
  readonly meta: SnapshotMeta;
}
/** A local snapshot could not be saved; the node goes on. */
export interface SnapshotSaveFailed {
  /** Discriminator. */
  readonly type: "SnapshotSaveFailed";
  /** Words for a person. */
  readonly reason: string;
}
/** The receiving end of a transfer is ready for bytes from `offset` on. */
export interface SnapshotSinkOpened {
  /** Discriminator. */
  readonly type: "SnapshotSinkOpened";
  /** Number of the transfer (S04). */
  readonly transfer: number;
  /** First byte that is wanted. */
  readonly offset: number;
}
/** All bytes of a transfer came, were verified, and are durable beside the log (S05). */
export interface SnapshotReceived {
  /** Discriminator. */
  readonly type: "SnapshotReceived";
  /** Number of the transfer (S04). */
  readonly transfer: number;
  /** The snapshot. */
  readonly meta: SnapshotMeta;
}
/** A transfer broke off, or its bytes were wrong. */
export interface SnapshotReceiveFailed {
  /** Discriminator. */
  readonly type: "SnapshotReceiveFailed";
  /** Number of the transfer (S04). */
  readonly transfer: number;
  /** Words for a person. */
  readonly reason: string;
}
/** The state machine was replaced by a snapshot's state. */
export interface SnapshotLoaded {
  /** Discriminator. */
  readonly type: "SnapshotLoaded";
  /** The snapshot. */
  readonly meta: SnapshotMeta;
}
/** Our end of a transfer is over; the peer's answer decides what it achieved. */
export interface SnapshotSent {
  /** Discriminator. */
  readonly type: "SnapshotSent";
  /** The peer. */
  readonly to: NodeId;
  /** Number of the transfer (S04). */
  readonly transfer: number;
  /** Whether the receiver took the last byte. */
  readonly ok: boolean;
}
/** An operator wants other members (M03). Answered by ChangeAnswered. */
export interface ChangeRequested {
  /** Discriminator. */
  readonly type: "ChangeRequested";
  /** Number of the request. */
  readonly request: number;
  /** The members wanted. */
  readonly target: Configuration;
  /** M14: index of the configuration that it was planned for; `null`: whichever is in force. */
  readonly expected: LogIndex | null;
}
/** An operator called the change of members off (M16). Answered by ChangeAnswered, as is the change itself. */
export interface ChangeCancelled {
  /** Discriminator. */
  readonly type: "ChangeCancelled";
  /** Number of the request. */
  readonly request: number;
  /** Number of the request that began the change; `null`: whichever it is. */
  readonly change: number | null;
}
/** An operator, or `stop`, wants another leader (E21). Answered by TransferAnswered. */
export interface TransferRequested {
  /** Discriminator. */
  readonly type: "TransferRequested";
  /** Number of the request. */
  readonly request: number;
  /** Whom; `null`: the best one (E25). */
  readonly to: NodeId | null;
  /** E25: the node is about to stop, and cannot wait for a change of members to end. */
  readonly isStopping: boolean;
}
/** An operator wants this node to stand for election now. Answered by TransferAnswered once it does. */
export interface ElectionRequested {
  /** Discriminator. */
  readonly type: "ElectionRequested";
  /** Number of the request. */
  readonly request: number;
}
/** Our own ballot of this term is durable: it counts from now on (E02, E18). */
export interface OwnBallotPersisted {
  /** Discriminator. */
  readonly type: "OwnBallotPersisted";
  /** The term. */
  readonly term: Term;
}
/** All that was queued for this turn has been stepped (R08: news of a commit goes out now). */
export interface TurnEnded {
  /** Discriminator. */
  readonly type: "TurnEnded";
}

/** G02: the process says that the group's rest is over. */
export interface Woken {
  /** Discriminator. */
  readonly type: "Woken";
  /** When the process that it rested with was last heard; monotonic, ms. */
  readonly contactAt: Millis;
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
  | LeaseReadRequested
  | BoundedReadRequested
  | LogPersisted
  | StorageFailed
  | WriteOverdue
  | EventLoopPaused
  | EntriesFetched
  | LogDamaged
  | LogRepaired
  | RepairRead
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
  | ChangeCancelled
  | TransferRequested
  | ElectionRequested
  | OwnBallotPersisted
  | Woken
  | TurnEnded;
