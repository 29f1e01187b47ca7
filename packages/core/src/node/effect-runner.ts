import type { ClosureQueue } from "../components/closure-queue.js";
import type { FsmCaller } from "../components/fsm-caller.js";
import type { LogManager } from "../components/log-manager.js";
import type { LogRepairer } from "../components/log-repairer.js";
import type { Postman } from "../components/postman.js";
import type { SnapshotExecutor } from "../components/snapshot-executor.js";
import type { TimerService } from "../components/timer-service.js";
import type {
  AfterPersist,
  ChangeAnswered,
  Effect,
  ForwardAnswered,
  ForwardFailed,
  Halt,
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
  readonly log: LogManager;
  readonly repairer: LogRepairer;
  readonly postman: Postman;
  readonly timers: TimerService;
  readonly fsm: FsmCaller;
  readonly closures: ClosureQueue;
  readonly snapshots: SnapshotExecutor;
  readonly inbox: Inbox;
  readonly desk: Desk;
  readonly rest: RestDesk;
}

/** G02: what a group's process does for it while it rests. */
export interface RestDesk {
  /** The group is on the list of those at rest from now on. @returns the version of the list. */
  offer(): number;
  rest(order: Rest): void;
  wake(): void;
}

/** What concerns callers of the node itself. */
export interface Desk {
  takeForwarded(order: TakeForwarded): void;
  forwardAnswered(order: ForwardAnswered): void;
  forwardFailed(order: ForwardFailed): void;
  readReady(order: ReadReady): void;
  readFailed(order: ReadFailed): void;
  changeAnswered(order: ChangeAnswered): void;
  transferAnswered(order: TransferAnswered): void;
  notify(notice: Notice): void;
  halt(order: Halt): void;
}

/** Hands each effect to the component that carries it out, in the order given. The only switch over effects. */
export class EffectRunner {
  constructor(private readonly hands: () => Hands) {}

  /** Carries out the effects of one step. */
  run(effects: readonly Effect[]): void {
    const hands = this.hands();
    for (const effect of effects) carryOut(hands, effect);
  }

  /** Says what had to wait for a write. */
  say(order: AfterPersist): void {
    const { postman, inbox } = this.hands();
    if (order.type === "Send") postman.send(order);
    else inbox.post(order.event);
  }
}

function carryOut(
  { log, repairer, postman, timers, fsm, closures, snapshots, desk, rest }: Hands,
  effect: Effect,
): void {
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
      return repairer.read(effect);
    case "RepairLog":
      return repairer.repair(effect);
    case "ProposalsAccepted":
      return closures.accepted(effect);
    case "ProposalsRefused":
      return closures.refused(effect);
    case "AbandonProposals":
      return closures.abandon(effect);
    case "TakeForwarded":
      return desk.takeForwarded(effect);
    case "ForwardAnswered":
      return desk.forwardAnswered(effect);
    case "ForwardFailed":
      return desk.forwardFailed(effect);
    case "ReadReady":
      return desk.readReady(effect);
    case "ReadFailed":
      return desk.readFailed(effect);
    case "TakeSnapshot":
      return snapshots.saver.take();
    case "SendSnapshot":
      return snapshots.send(effect);
    case "CancelSnapshot":
      return snapshots.cancel(effect.transfer);
    case "ReceiveSnapshot":
      return snapshots.receive(effect);
    case "LoadSnapshot":
      return snapshots.load(effect);
    case "ChangeAnswered":
      return desk.changeAnswered(effect);
    case "TransferAnswered":
      return desk.transferAnswered(effect);
    case "TellStateMachine":
      return fsm.tell(effect);
    case "UpdatePeers":
      return postman.updatePeers(effect.configuration.configuration, effect.others);
    case "Notify":
      return desk.notify(effect.notice);
    case "OfferRest":
      return offerRest(effect, rest.offer(), postman);
    case "Rest":
      return rest.rest(effect);
    case "Wake":
      return rest.wake();
    case "Halt":
      return desk.halt(effect);
    default:
      return effect satisfies never;
  }
}

function offerRest({ term, commit, round, members }: OfferRest, version: number, postman: Postman): void {
  const message = { type: "RestOffer", term, commit, round, version } as const;
  for (const { id, incarnation } of members)
    postman.send({ type: "Send", to: id, toIncarnation: incarnation, message });
}
