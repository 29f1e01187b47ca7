import type { ClosureQueue } from "../components/closure-queue.js";
import type { FsmCaller } from "../components/fsm-caller.js";
import type { LogManager } from "../components/log-manager.js";
import type { LogRepairer } from "../components/log-repairer.js";
import type { Postman } from "../components/postman.js";
import type { SnapshotExecutor } from "../components/snapshot-executor.js";
import type { TimerService } from "../components/timer-service.js";
import type { Millis } from "../model/log-id.js";
import type { GroupId, LocalIdentity } from "../model/node-id.js";
import type {
  AfterPersist,
  ChangeAnswered,
  Effect,
  ForwardAnswered,
  ForwardFailed,
  OfferRest,
  ReadFailed,
  ReadReady,
  Rest,
  TakeForwarded,
  TransferAnswered,
} from "../protocol/effect.js";
import type { Notice } from "../protocol/notice.js";
import type { Inbox } from "./inbox.js";

/** The hands that carry out what the protocol wants. */
export interface Hands {
  readonly identity: Pick<LocalIdentity, "groupId">;
  readonly log: LogManager;
  readonly postman: Postman;
  readonly timers: TimerService;
  readonly fsm: FsmCaller;
  readonly closures: ClosureQueue;
  readonly inbox: Inbox;
  /** Hands that are made when an effect is the first to need them. */
  readonly spare: {
    readonly desk: Desk;
    readonly snapshots: SnapshotExecutor;
    readonly repairer: LogRepairer;
    /** G02: gives back those that have nothing to do. */
    putAway(): void;
  };
  readonly rest: RestDesk;
  /** Something for observers. */
  notice(notice: Notice): void;
  /** The group stops in place. */
  halt(reason: string): void;
}

/** G02: what a process does for its groups while they rest. */
export interface RestDesk {
  /** A group is there. It hears when it has to wake, and when the process that it rested with was last heard; monotonic, ms. */
  enter(group: GroupId, sleeper: Sleeper): void;
  /** The group is on the list of those at rest from now on. @returns the version of the list. */
  offer(group: GroupId): number;
  rest(group: GroupId, order: Rest): void;
  wake(group: GroupId): void;
}

/** G02: a group that can be woken. */
export interface Sleeper {
  wake(contactAt: Millis): void;
}

/** What concerns callers of the node itself. */
export interface Desk {
  readonly reads: { ready(order: ReadReady): void; failed(order: ReadFailed): void };
  readonly forwards: {
    take(order: TakeForwarded): void;
    answered(order: ForwardAnswered): void;
    failed(order: ForwardFailed): void;
  };
  orderAnswered(order: ChangeAnswered | TransferAnswered): void;
}

/** Says what had to wait for a write. */
export function sayAfterPersist({ postman, inbox }: Hands, order: AfterPersist): void {
  if (order.type === "Send") postman.send(order);
  else inbox.post(order.event);
}

/** Hands an effect to the component that carries it out. The only switch over effects. */
export function carryOut(hands: Hands, effect: Effect): void {
  const { log, postman, timers, fsm, closures, inbox, spare, rest } = hands;
  switch (effect.type) {
    case "Persist":
      return log.persist(effect);
    case "Send":
      return postman.send(effect);
    case "ArmTimer":
      return timers.arm(effect);
    case "DisarmTimer":
      return timers.disarm(effect);
    case "Apply":
      return fsm.apply(effect);
    case "FetchEntries":
      return log.fetch(effect);
    case "ReadForRepair":
      return spare.repairer.read(effect);
    case "RepairLog":
      return spare.repairer.repair(effect);
    case "ProposalsAccepted":
      return closures.accepted(effect);
    case "ProposalsRefused":
      return closures.refused(effect);
    case "AbandonProposals":
      return closures.abandon(effect);
    case "TakeForwarded":
      return spare.desk.forwards.take(effect);
    case "ForwardAnswered":
      return spare.desk.forwards.answered(effect);
    case "ForwardFailed":
      return spare.desk.forwards.failed(effect);
    case "ReadReady":
      return spare.desk.reads.ready(effect);
    case "ReadFailed":
      return spare.desk.reads.failed(effect);
    case "TakeSnapshot":
      return spare.snapshots.saver.take();
    case "SendSnapshot":
      return spare.snapshots.send(effect);
    case "CancelSnapshot":
      return spare.snapshots.cancel(effect.transfer);
    case "ReceiveSnapshot":
      return spare.snapshots.receive(effect);
    case "LoadSnapshot":
      return spare.snapshots.load(effect);
    case "ChangeAnswered":
    case "TransferAnswered":
      return spare.desk.orderAnswered(effect);
    case "TellStateMachine":
      return fsm.tell(effect);
    case "UpdatePeers":
      return postman.updatePeers(effect.configuration.configuration, effect.others);
    case "Notify":
      return hands.notice(effect.notice);
    case "OfferRest":
      return offerRest(effect, rest.offer(hands.identity.groupId), postman);
    case "Rest":
      spare.putAway();
      inbox.putAway();
      return rest.rest(hands.identity.groupId, effect);
    case "Wake":
      return rest.wake(hands.identity.groupId);
    case "Halt":
      return hands.halt(effect.reason);
    default:
      return effect satisfies never;
  }
}

function offerRest({ term, commit, round, members }: OfferRest, version: number, postman: Postman): void {
  const message = { type: "RestOffer", term, commit, round, version } as const;
  for (const { id, incarnation } of members)
    postman.send({ type: "Send", to: id, toIncarnation: incarnation, message });
}
