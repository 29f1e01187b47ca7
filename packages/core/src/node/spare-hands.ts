import type { FsmCaller } from "../components/fsm-caller.js";
import type { LogManager } from "../components/log-manager.js";
import { LogRepairer } from "../components/log-repairer.js";
import type { Postman } from "../components/postman.js";
import { SnapshotExecutor } from "../components/snapshot-executor.js";
import type { SnapshotSaver } from "../components/snapshot-saver.js";
import type { SnapshotTraffic } from "../components/snapshot-traffic.js";
import type { Alarm } from "../components/timer-service.js";
import type { RaftError } from "../model/errors.js";
import type { LogIndex, Millis } from "../model/log-id.js";
import type { LocalIdentity } from "../model/node-id.js";
import type { ProtocolOptions } from "../model/options.js";
import type { SnapshotMeta } from "../model/snapshot-meta.js";
import type { Raft } from "../protocol/raft.js";
import { CallerDesk } from "./caller-desk.js";
import type { DeskMemory } from "./desk-memory.js";
import type { Inbox } from "./inbox.js";
import type { NodePorts } from "./node-ports.js";

/** What they work with, all of it the replica's. */
export interface SpareSurroundings {
  readonly ports: NodePorts;
  readonly options: ProtocolOptions;
  readonly identity: LocalIdentity;
  readonly raft: Raft;
  readonly inbox: Inbox;
  readonly log: LogManager;
  readonly fsm: FsmCaller;
  readonly postman: Postman;
  readonly timers: Alarm;
  readonly traffic: SnapshotTraffic;
}

/**
 * G02: the hands that a group needs now and then: for callers that wait, for snapshots, for repairs. Each is made when somebody
 * asks for it; when the group goes to rest those that have nothing to do are let go, as there may be thousands of such
 * groups. What one knew that the next one must know is kept here.
 */
export class SpareHands implements DeskMemory {
  private deskInUse: CallerDesk | undefined;
  private snapshotsInUse: SnapshotExecutor | undefined;
  private repairerInUse: LogRepairer | undefined;
  /** @inheritDoc */
  lastRequest = 0;
  /** @inheritDoc */
  forwardedUpTo: LogIndex = 0;

  constructor(
    private readonly around: SpareSurroundings,
    /** The newest snapshot that was there when an executor was last at work. */
    private newest: SnapshotMeta | null,
  ) {}

  /** Where callers wait. */
  get desk(): CallerDesk {
    const { ports, options, inbox, fsm, timers } = this.around;
    this.deskInUse ??= new CallerDesk(ports, options, inbox, fsm, timers, this);
    return this.deskInUse;
  }

  /** Saves snapshots, and moves them. */
  get snapshots(): SnapshotExecutor {
    this.snapshotsInUse ??= this.makeExecutor();
    return this.snapshotsInUse;
  }

  /** Saves snapshots. */
  get saver(): SnapshotSaver {
    return this.snapshots.saver;
  }

  /** L03: reads for members that lost entries, and puts back what this one lost. */
  get repairer(): LogRepairer {
    this.repairerInUse ??= new LogRepairer(this.around.ports.logStorage, this.around.inbox, this.around.log);
    return this.repairerInUse;
  }

  /** G02: the group goes to rest. */
  putAway(): void {
    if (this.deskInUse?.isIdle === true) this.deskInUse = undefined;
    if (this.repairerInUse?.isIdle === true) this.repairerInUse = undefined;
    if (this.snapshotsInUse?.isIdle !== true) return;
    this.newest = this.snapshotsInUse.saver.newestMeta;
    this.snapshotsInUse = undefined;
  }

  /** Somebody's time may be up (C05, R19). */
  sweep(nowMs: Millis): void {
    this.deskInUse?.sweep(nowMs);
    this.snapshotsInUse?.sweep(nowMs);
  }

  /** After a drain. */
  turnEnded(): void {
    this.deskInUse?.turnEnded();
  }

  /** The replica ends: whoever waits is answered, also who comes now. */
  end(error: (outcome: "refused" | "unknown") => RaftError): void {
    this.repairerInUse?.close();
    this.desk.close(error);
  }

  /** Resolves when what was under way has let go. */
  close(): Promise<void> {
    return this.snapshots.close();
  }

  /** O01. */
  describe(): {
    readonly queues: Readonly<Record<string, number>>;
    readonly snapshots: Readonly<Record<string, unknown>>;
  } {
    return {
      queues: this.deskInUse?.describe() ?? { reads: 0, forwards: 0, orders: 0 },
      snapshots: this.snapshotsInUse?.describe() ?? {
        saving: false,
        newest: this.newest?.id.index ?? 0,
        sending: [],
        receiving: [],
      },
    };
  }

  private makeExecutor(): SnapshotExecutor {
    const { ports, options, identity, raft, inbox, fsm, postman, timers, traffic } = this.around;
    const surroundings = {
      storage: ports.snapshotStorage,
      stateMachine: ports.stateMachine,
      transport: ports.transport,
      fsm,
      events: inbox,
      identity,
      configurationAt: raft.configurationAt.bind(raft),
      addressOf: postman.addressOf.bind(postman),
      now: () => ports.clock.monotonic(),
      stallMs: 2 * options.electionTimeoutMs,
      traffic,
    };
    return new SnapshotExecutor(surroundings, this.newest, timers);
  }
}
