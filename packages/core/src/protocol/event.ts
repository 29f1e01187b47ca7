import type {
  BoundedReadRequested,
  ForwardAbandoned,
  ForwardedSettled,
  ForwardRequested,
  LeaseReadRequested,
  ProposalsSubmitted,
  ReadRequested,
} from "./events/callers.js";
import type { ChangeCancelled, ChangeRequested, ElectionRequested, TransferRequested } from "./events/operators.js";
import type { MessageReceived, PeerDown, PeerUp } from "./events/peers.js";
import type {
  SnapshotLoaded,
  SnapshotReceived,
  SnapshotReceiveFailed,
  SnapshotRequested,
  SnapshotSaved,
  SnapshotSaveFailed,
  SnapshotSent,
  SnapshotSinkOpened,
} from "./events/snapshots.js";
import type { Applied, FormatOpened, StateMachineFaulted } from "./events/state-machine.js";
import type {
  EntriesFetched,
  LogDamaged,
  LogPersisted,
  LogRepaired,
  OwnBallotPersisted,
  RepairRead,
  StorageFailed,
  WriteOverdue,
} from "./events/storage.js";
import type { EventLoopPaused, TimerFired, TurnEnded, Woken } from "./events/time.js";

export type * from "./events/callers.js";
export type * from "./events/operators.js";
export type * from "./events/peers.js";
export type * from "./events/snapshots.js";
export type * from "./events/state-machine.js";
export type * from "./events/storage.js";
export type * from "./events/time.js";

/*
 * Facts, in the past tense: all that the protocol ever learns. `Raft.step(event, now)` gets one at a time, with the
 * monotonic time at which it is handed over (E22).
 */

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
  | FormatOpened
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
