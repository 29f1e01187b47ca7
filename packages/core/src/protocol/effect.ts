import type {
  AbandonProposals,
  ChangeAnswered,
  ForwardAnswered,
  ForwardFailed,
  ProposalsAccepted,
  ProposalsRefused,
  ReadFailed,
  ReadReady,
  TakeForwarded,
  TransferAnswered,
} from "./effects/callers.js";
import type { Halt, Notify, UpdatePeers } from "./effects/node.js";
import type { Send } from "./effects/sending.js";
import type { CancelSnapshot, LoadSnapshot, ReceiveSnapshot, SendSnapshot, TakeSnapshot } from "./effects/snapshots.js";
import type { Apply, TellStateMachine } from "./effects/state-machine.js";
import type { FetchEntries, Persist, ReadForRepair, RepairLog } from "./effects/storage.js";
import type { ArmTimer, DisarmTimer, OfferRest, Rest, Wake } from "./effects/time.js";

export type * from "./effects/callers.js";
export type * from "./effects/node.js";
export type * from "./effects/sending.js";
export type * from "./effects/snapshots.js";
export type * from "./effects/state-machine.js";
export type * from "./effects/storage.js";
export type * from "./effects/time.js";

/*
 * Orders, in the imperative: all that the protocol ever wants. They are carried out in the order given; what they bring
 * comes back as events.
 */

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
