import { ClosureQueue } from "../components/closure-queue.js";
import { FsmCaller } from "../components/fsm-caller.js";
import { LogManager } from "../components/log-manager.js";
import { LogRepairer } from "../components/log-repairer.js";
import { messageOf } from "../components/message-of.js";
import { Postman } from "../components/postman.js";
import { SnapshotExecutor } from "../components/snapshot-executor.js";
import { SnapshotTraffic } from "../components/snapshot-traffic.js";
import { SuspendWatch } from "../components/suspend-watch.js";
import { TimerService } from "../components/timer-service.js";
import { InvariantViolation, RaftError } from "../model/errors.js";
import type { Millis } from "../model/log-id.js";
import type { LocalIdentity } from "../model/node-id.js";
import type { ProtocolOptions } from "../model/options.js";
import type { SnapshotMeta } from "../model/snapshot-meta.js";
import type { TransportReceiver } from "../ports/transport.js";
import type { Effect } from "../protocol/effect.js";
import type { Notice } from "../protocol/notice.js";
import { Raft } from "../protocol/raft.js";
import type { RaftStart } from "../protocol/state/raft-start.js";
import { CallerDesk } from "./caller-desk.js";
import { EffectRunner, type Hands, type RestDesk } from "./effect-runner.js";
import type { Household } from "./household.js";
import { Inbox, type TurnHooks } from "./inbox.js";
import type { NodePorts } from "./node-ports.js";
import { ObservedRaft } from "./observed-raft.js";
import type { Recovered } from "./recovery.js";
import { ReplicaReceiver } from "./replica-receiver.js";

/** Callers that name no deadline give up after this many election timeouts: no promise hangs for ever (Q07, C05). */
export const DEFAULT_DEADLINE_IN_TIMEOUTS = 10;
/** Coarsest tick of the timers, ms; a fifteenth of the election timeout if that is less. */
const TICK_MS = 10;

/** A node that is alone in its process never rests. */
const ALONE: RestDesk = { offer: () => 0, rest: () => {}, wake: () => {} };

/** What a replica tells the node it belongs to. */
export interface ReplicaOwner {
  /** Something to tell observers; called after the drain. */
  notice(notice: Notice): void;
  /** The group stopped in place, by itself. */
  halted(reason: string): void;
}

/**
 * One run of one replica: the protocol and the hands around it, wired once, from what recovery found. The founding of a
 * cluster ends one and begins another; nothing of it is shared.
 */
export class Replica implements TurnHooks {
  readonly raft: Raft;
  readonly inbox: Inbox;
  readonly desk: CallerDesk;
  readonly closures: ClosureQueue;
  private readonly runner: EffectRunner;
  private readonly suspends: SuspendWatch;
  private readonly hands: Hands;
  private readonly rest: RestDesk;
  private readonly timers: TimerService;
  private readonly fsm: FsmCaller;
  private readonly log: LogManager;
  private readonly repairer: LogRepairer;
  private readonly postman: Postman;
  private readonly snapshots: SnapshotExecutor;
  private notices: Notice[] = [];
  private over: "" | "halted" | "closed" = "";
  /** Over when the last answers have left. */
  private lastTurn: Promise<void> | undefined;

  constructor(
    private readonly ports: NodePorts,
    private readonly identity: LocalIdentity,
    options: ProtocolOptions,
    recovered: Recovered,
    private readonly owner: ReplicaOwner,
    household?: Household,
  ) {
    const { clock, turn, logger, transport, stateMachine } = ports;
    const { electionTimeoutMs } = options;
    const start: RaftStart = {
      ...recovered.start,
      identity,
      options,
      quorum: ports.quorum,
      membership: ports.membership,
      mayRest: household !== undefined,
    };
    this.raft = new Raft(start, clock.monotonic());
    this.runner = new EffectRunner(() => this.hands);
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
    const tickMs = Math.min(TICK_MS, electionTimeoutMs / 15);
    this.timers = new TimerService(
      household?.ticks ?? ports.scheduler,
      ports.random,
      tickMs,
      this.inbox,
      electionTimeoutMs - options.clockDriftMs,
    );
    this.log = new LogManager(ports.logStorage, (order) => this.runner.say(order), this.inbox);
    this.repairer = new LogRepairer(ports.logStorage, this.inbox, () => this.log.repaired());
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
    );
    this.snapshots = new SnapshotExecutor(
      {
        storage: ports.snapshotStorage,
        stateMachine,
        transport,
        fsm: this.fsm,
        events: this.inbox,
        identity,
        formatVersion: recovered.formatVersion,
        configurationAt: (index) => this.raft.configurationAt(index),
        addressOf: (id) => this.postman.addressOf(id),
        now: () => clock.monotonic(),
        stallMs: 2 * electionTimeoutMs,
        traffic: household?.snapshots ?? new SnapshotTraffic(options, ports.scheduler),
      },
      recovered.start.snapshot,
    );
    this.desk = new CallerDesk(ports, options, this.inbox, this.fsm, {
      notice: (notice) => this.notices.push(notice),
      halt: (reason) => this.halt(reason),
    });
    const { log, repairer, postman, timers, fsm, closures, snapshots, inbox, desk } = this;
    const wake = (contactAt: Millis): void => inbox.post({ type: "Woken", contactAt });
    this.rest = household?.restOf(identity.groupId, wake) ?? ALONE;
    this.hands = { log, repairer, postman, timers, fsm, closures, snapshots, inbox, desk, rest: this.rest };
    this.useAlarms(options.writeOverdueMs);
  }

  /** Whether it has ended: nobody may ask it anything any more. */
  get isOver(): boolean {
    return this.over !== "";
  }

  /** What the transport calls. `onClaim` is the node's. */
  receiver(onClaim: TransportReceiver["onClaim"]): TransportReceiver {
    return new ReplicaReceiver(this.identity.incarnation, this.raft, this.postman, this.snapshots, onClaim);
  }

  /** Takes part from now on. */
  open(): void {
    this.inbox.open(() => this.raft.start(this.ports.clock.monotonic()));
  }

  /** S07: resolves with the snapshot that is there then. */
  snapshot(): Promise<SnapshotMeta> {
    return this.desk.snapshot(this.snapshots.saver);
  }

  /** Ends it: what is pending is answered, the write under way ends, nothing of it runs any more. Idempotent. */
  async close(reason: string): Promise<void> {
    this.end("Stopped", reason);
    this.over = "closed";
    await this.snapshots.close();
    await this.fsm.close();
    await this.log.close();
    await this.lastTurn;
  }

  /** O01. */
  describe(): { readonly queues: Readonly<Record<string, number>>; readonly parts: Readonly<Record<string, unknown>> } {
    const { log, postman, fsm, snapshots } = this;
    const queues = { ...this.inbox.describe(), proposals: this.closures.waiting, ...this.desk.describe() };
    const parts = {
      log: log.describe(),
      postman: postman.describe(),
      fsm: fsm.describe(),
      snapshots: snapshots.describe(),
    };
    return { queues, parts };
  }

  private useAlarms(writeOverdueMs: Millis): void {
    const { timers, log, closures, desk, snapshots, ports } = this;
    const now = () => ports.clock.monotonic();
    const wake = (): void => this.inbox.inNextTurn(() => {});
    closures.use(
      timers.alarm(() => this.inbox.inNextTurn(() => closures.sweep(now()))),
      wake,
    );
    log.use(
      timers.alarm(() => log.checkOverdue()),
      writeOverdueMs,
      now,
    );
    for (const calls of desk.pending) calls.use(timers.alarm(() => calls.sweep(now())));
    snapshots.use(timers.alarm(() => snapshots.sweep(now())));
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
    this.runner.run(effects);
  }

  /** @inheritDoc */
  ended(): void {
    if (this.over === "") {
      this.log.flush();
      this.postman.flush();
    }
    this.closures.deliver();
    this.desk.turnEnded();
    if (this.notices.length === 0) return;
    const notices = this.notices;
    this.notices = [];
    for (const notice of notices) this.owner.notice(notice);
  }

  /** A step threw: an impossible state, or a defect. The group stops in place; other groups go on. */
  failed(error: unknown): void {
    const rule = error instanceof InvariantViolation ? error.rule : messageOf(error);
    const details =
      error instanceof InvariantViolation ? error.details : { stack: error instanceof Error ? error.stack : "" };
    this.ports.logger.error("the group stops in place", { reason: rule, ...details });
    this.halt(error instanceof InvariantViolation ? error.message : `defect: ${rule}`);
  }

  private halt(reason: string): void {
    if (this.over !== "") return;
    // What was said before the disk failed or the impossible was seen may still leave; nothing is said from here on.
    this.postman.flush();
    this.end("Halted", reason);
    this.owner.halted(reason);
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
    await this.snapshots.close();
    await this.log.close();
  }

  private end(code: "Halted" | "Stopped", reason: string): void {
    if (this.over !== "") return;
    this.over = "halted";
    const because = code === "Halted" ? `This group has stopped in place: ${reason}.` : reason;
    const error = (outcome: "refused" | "unknown"): RaftError => new RaftError(code, outcome, because);
    this.ports.transport.detach(this.identity.groupId);
    this.rest.wake();
    this.postman.close();
    this.timers.close();
    this.repairer.close();
    this.log.stopWaiting();
    this.inbox.close(error("refused"));
    this.closures.failAll(error("unknown"));
    this.desk.close(error);
    // The answers leave in a turn of their own, as always; whoever closes is told after them.
    this.lastTurn = new Promise((resolve) => this.inbox.inNextTurn(resolve));
  }
}
