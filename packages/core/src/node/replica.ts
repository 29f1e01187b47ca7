import { ClosureQueue } from "../components/closure-queue.js";
import { FsmCaller } from "../components/fsm-caller.js";
import { LogManager } from "../components/log-manager.js";
import { messageOf } from "../components/message-of.js";
import { Postman } from "../components/postman.js";
import { SnapshotTraffic } from "../components/snapshot-traffic.js";
import { SuspendWatch } from "../components/suspend-watch.js";
import { TimerService } from "../components/timer-service.js";
import { InvariantViolation, RaftError } from "../model/errors.js";
import type { Millis } from "../model/log-id.js";
import type { ClusterId, LocalIdentity } from "../model/node-id.js";
import type { ProtocolOptions } from "../model/options.js";
import type { SnapshotMeta } from "../model/snapshot-meta.js";
import type { TransportReceiver } from "../ports/transport.js";
import type { AfterPersist, Effect } from "../protocol/effect.js";
import type { Notice } from "../protocol/notice.js";
import { Raft } from "../protocol/raft.js";
import type { RaftStart } from "../protocol/state/raft-start.js";
import type { CallerDesk } from "./caller-desk.js";
import { carryOut, type Hands, type RestDesk, type Sleeper, sayAfterPersist } from "./effect-runner.js";
import type { Household } from "./household.js";
import { Inbox, type TurnHooks } from "./inbox.js";
import type { NodePorts } from "./node-ports.js";
import { ObservedRaft } from "./observed-raft.js";
import type { Recovered } from "./recovery.js";
import { ReplicaReceiver } from "./replica-receiver.js";
import { SpareHands, type SpareSurroundings } from "./spare-hands.js";

/** Callers that name no deadline give up after this many election timeouts: no promise hangs for ever (Q07, C05). */
export const DEFAULT_DEADLINE_IN_TIMEOUTS = 10;
/** Coarsest tick of the timers, ms; a fifteenth of the election timeout if that is less. */
const TICK_MS = 10;

/** A node that is alone in its process never rests. */
const ALONE: RestDesk = { enter: () => {}, offer: () => 0, rest: () => {}, wake: () => {} };

const NO_NOTICES: readonly Notice[] = [];

/** What a replica tells the node it belongs to. */
export interface ReplicaOwner {
  /** Something to tell observers; called after the drain. */
  onNotice(notice: Notice): void;
  /** The group stopped in place, by itself. */
  onHalted(reason: string): void;
  /** M13: a member of that cluster names this replica. */
  onClaim(clusterId: ClusterId): Promise<void>;
}

/**
 * One run of one replica: the protocol and the hands around it, wired once, from what recovery found. The founding of a
 * cluster ends one and begins another; nothing of it is shared.
 */
export class Replica implements TurnHooks, Hands, Sleeper, SpareSurroundings {
  readonly raft: Raft;
  readonly inbox: Inbox;
  readonly closures: ClosureQueue;
  readonly timers: TimerService;
  readonly fsm: FsmCaller;
  readonly log: LogManager;
  readonly postman: Postman;
  readonly spare: SpareHands;
  readonly rest: RestDesk;
  readonly traffic: SnapshotTraffic;
  private readonly suspends: SuspendWatch;
  private notices = NO_NOTICES;
  private over: "" | "halted" | "closed" = "";
  /** Over when the last answers have left. */
  private lastTurn: Promise<void> | undefined;

  constructor(
    readonly ports: NodePorts,
    readonly identity: LocalIdentity,
    readonly options: ProtocolOptions,
    recovered: Recovered,
    private readonly owner: ReplicaOwner,
    household?: Household,
  ) {
    const { clock, turn, logger, transport, stateMachine } = ports;
    const { electionTimeoutMs } = options;
    const { quorum, membership } = ports;
    const start: RaftStart = {
      identity,
      options,
      quorum,
      membership,
      mayRest: household !== undefined,
      ...recovered.start,
    };
    this.raft = new Raft(start, clock.monotonic());
    // A lease may span two windows: together they forgive half of the drift bound, and the speed of clocks has the other half.
    this.suspends = new SuspendWatch(clock, options.clockDriftMs / 4, electionTimeoutMs);
    this.closures = new ClosureQueue(logger);
    this.inbox = new Inbox(
      ports.observer === undefined ? this.raft : new ObservedRaft(this.raft, ports.observer),
      clock,
      turn,
      this.closures,
      this,
      options.uncommittedBytesMax,
      DEFAULT_DEADLINE_IN_TIMEOUTS * electionTimeoutMs,
    );
    this.timers = new TimerService(
      household?.ticks ?? ports.scheduler,
      ports.random,
      Math.min(TICK_MS, electionTimeoutMs / 15),
      this.inbox,
      this,
      electionTimeoutMs - options.clockDriftMs,
    );
    this.closures.use(this.timers, this.inbox);
    this.log = new LogManager(ports.logStorage, this, this.inbox);
    this.log.use(this);
    recovered.news.listen(this.inbox);
    this.postman = new Postman(transport, ports.checksum, identity, this.inbox, this.raft);
    this.fsm = new FsmCaller(
      stateMachine,
      this.log,
      this.closures,
      this.inbox,
      options,
      logger,
      recovered.appliedId,
      recovered.appliedLogTimeMs,
      recovered.formats,
    );
    this.traffic = household?.snapshots ?? new SnapshotTraffic(options, ports.scheduler);
    this.spare = new SpareHands(this, recovered.start.snapshot);
    this.rest = household?.rest ?? ALONE;
    this.rest.enter(identity.groupId, this);
  }

  /** Where callers wait. */
  get desk(): CallerDesk {
    return this.spare.desk;
  }

  /** Whether it has ended: nobody may ask it anything any more. */
  get isOver(): boolean {
    return this.over !== "";
  }

  /** What the transport calls. */
  receiver(): TransportReceiver {
    return new ReplicaReceiver(this, this.owner);
  }

  /** Takes part from now on. */
  open(): void {
    this.inbox.open(() => this.raft.start(this.ports.clock.monotonic()));
  }

  /** S07: resolves with the snapshot that is there then. */
  snapshot(): Promise<SnapshotMeta> {
    return this.desk.snapshot(this.spare);
  }

  /**
   * Ends it: what is pending is answered, the write under way ends, nothing of it runs any more. Idempotent.
   *
   * @param isFollowed - another one takes its place: until then it goes on receiving in its name, and drops what comes.
   */
  async close(reason: string, isFollowed = false): Promise<void> {
    this.end("Stopped", reason, isFollowed);
    this.over = "closed";
    await this.spare.close();
    await this.fsm.close();
    await this.log.close();
    await this.lastTurn;
  }

  /** O01. */
  describe(): { readonly queues: Readonly<Record<string, number>>; readonly parts: Readonly<Record<string, unknown>> } {
    const { log, postman, fsm } = this;
    const spare = this.spare.describe();
    const queues = { ...this.inbox.describe(), proposals: this.closures.waiting, ...spare.queues };
    const parts = {
      log: log.describe(),
      postman: postman.describe(),
      fsm: fsm.describe(),
      snapshots: spare.snapshots,
    };
    return { queues, parts };
  }

  /** Somebody's deadline may have passed: of a caller (C05), of a write (E24), of a snapshot on its way (R19). */
  alarmRang(): void {
    const now = this.ports.clock.monotonic();
    if (this.closures.hasDeadlines) this.inbox.inNextTurn(() => this.closures.sweep(this.ports.clock.monotonic()));
    this.log.checkOverdue();
    this.spare.sweep(now);
  }

  /** @inheritDoc */
  wake(contactAt: Millis): void {
    this.inbox.post({ type: "Woken", contactAt });
  }

  /** What a write was waited for with. */
  say(order: AfterPersist): void {
    sayAfterPersist(this, order);
  }

  /** @inheritDoc */
  notice(notice: Notice): void {
    this.notices = this.notices.concat(notice);
  }

  /** @inheritDoc */
  began(): void {
    this.timers.noticePause();
    const forMs = this.stoodStill();
    if (forMs > 0) this.inbox.post({ type: "EventLoopPaused", forMs });
    this.fsm.turnBegan();
  }

  /** @inheritDoc */
  stoodStill(): Millis {
    return this.suspends.stoodStill();
  }

  /** @inheritDoc */
  run(effects: readonly Effect[]): void {
    for (const effect of effects) carryOut(this, effect);
  }

  /** @inheritDoc */
  ended(): void {
    if (this.over === "") {
      this.log.flush();
      this.postman.flush();
    }
    this.closures.deliver();
    this.spare.turnEnded();
    if (this.notices.length === 0) return;
    const { notices } = this;
    this.notices = NO_NOTICES;
    for (const notice of notices) this.owner.onNotice(notice);
  }

  /** A step threw: an impossible state, or a defect. The group stops in place; other groups go on. */
  failed(error: unknown): void {
    const rule = error instanceof InvariantViolation ? error.rule : messageOf(error);
    const details =
      error instanceof InvariantViolation ? error.details : { stack: error instanceof Error ? error.stack : "" };
    this.ports.logger.error("the group stops in place", { reason: rule, ...details });
    this.halt(error instanceof InvariantViolation ? error.message : `defect: ${rule}`);
  }

  /** Stops in place. */
  halt(reason: string): void {
    if (this.over !== "") return;
    // What was said before the disk failed or the impossible was seen may still leave; nothing is said from here on.
    this.postman.flush();
    this.end("Halted", reason);
    this.owner.onHalted(reason);
    void this.letGo(new RaftError("Halted", "unknown", reason));
  }

  /** The state machine is told when the call under way has ended: never two at once. */
  private async letGo(error: RaftError): Promise<void> {
    await this.fsm.close();
    try {
      this.ports.stateMachine.error?.(error);
    } catch (thrown) {
      this.ports.logger.error("the state machine threw in error", { reason: messageOf(thrown) });
    }
    await this.spare.close();
    await this.log.close();
  }

  private end(code: "Halted" | "Stopped", reason: string, isFollowed = false): void {
    if (this.over !== "") return;
    this.over = "halted";
    const because = code === "Halted" ? `This group has stopped in place: ${reason}.` : reason;
    const error = (outcome: "refused" | "unknown"): RaftError => new RaftError(code, outcome, because);
    if (!isFollowed) this.ports.transport.detach(this.identity.groupId);
    this.rest.wake(this.identity.groupId);
    this.postman.close();
    this.timers.close();
    this.log.stopWaiting();
    this.inbox.close(error("refused"));
    this.closures.failAll(error("unknown"));
    this.spare.end(error);
    // The answers leave in a turn of their own, as always; whoever closes is told after them.
    this.lastTurn = new Promise((resolve) => this.inbox.inNextTurn(resolve));
  }
}
