import { messageOf } from "../components/message-of.js";
import { SharedTimers } from "../components/shared-timers.js";
import { SnapshotTraffic } from "../components/snapshot-traffic.js";
import type { Member } from "../model/configuration.js";
import { RaftError } from "../model/errors.js";
import type { Millis } from "../model/log-id.js";
import type { ClusterId, GroupId } from "../model/node-id.js";
import { badOption, type ResolvedOptions } from "../model/options.js";
import { SharedValues } from "../model/shared-values.js";
import type { GroupStorage, GroupStores } from "../ports/group-storage.js";
import type { Logger } from "../ports/logger.js";
import type { RandomSource } from "../ports/random-source.js";
import type { Scheduler } from "../ports/scheduler.js";
import type { Transport } from "../ports/transport.js";
import type { Turn } from "../ports/turn.js";
import { leadershipsToHandOver } from "../protocol/leader-balance.js";
import type { Household } from "./household.js";
import type { GroupSummary, ManagerDescription } from "./manager-description.js";
import { PROCESS_GROUP, ProcessMail } from "./process-mail.js";
import type { RaftNode } from "./raft-node.js";
import { SharedTransport } from "./shared-transport.js";
import { SharedTurn } from "./shared-turn.js";

/** Coarsest tick of the shared timers, ms; a fifteenth of the election timeout if that is less. */
const TICK_MS = 10;

/** What a process shares among its groups. */
export interface ManagerPorts {
  readonly storage: GroupStorage;
  readonly transport: Transport;
  readonly scheduler: Scheduler;
  readonly turn: Turn;
  readonly random: RandomSource;
  readonly logger: Logger;
}

/** What one group is made with, of all that is shared. */
export interface GroupParts {
  readonly stores: GroupStores;
  readonly transport: Transport;
  readonly turn: Turn;
  readonly household: Household;
}

/**
 * Many groups in one process (sofa-jraft: NodeManager). They share the transport, the log, the timers and the turn (G01); each
 * has a protocol, a state machine and a fate of its own (G03).
 */
export class NodeManagerCore {
  private readonly nodes = new Map<GroupId, RaftNode>();
  /** Names that are being added or removed. */
  private readonly busy = new Set<GroupId>();
  /** T11: stopped in this run, whose number their rounds and requests bear: a second life under it would repeat them. */
  private readonly spent = new Set<GroupId>();
  private readonly turn: SharedTurn;
  private readonly shared: SharedTransport;
  private readonly timers: SharedTimers;
  private readonly mail: ProcessMail;
  private readonly household: Household;
  private state: "new" | "running" | "stopped" = "new";
  private foundings: Promise<unknown> = Promise.resolve();
  private storageDeath = "";
  private stopping: Promise<void> | undefined;

  constructor(
    private readonly options: ResolvedOptions,
    private readonly ports: ManagerPorts,
  ) {
    const { logger } = ports;
    const failed = (error: unknown): void => logger.error("a group threw; the others go on", { error: String(error) });
    this.turn = new SharedTurn(ports.turn, { ended: () => this.shared.turnEnded(), failed });
    this.shared = new SharedTransport(
      ports.transport,
      logger,
      () => this.turn.isRunning,
      () => this.mail,
    );
    this.timers = new SharedTimers(ports.scheduler, tickOf(options.electionTimeoutMs), failed);
    this.mail = new ProcessMail(
      ports.transport,
      this.timers,
      () => this.shared.flush(),
      (envelope) => this.shared.deliver(envelope),
      options.heartbeatIntervalMs,
      options.electionTimeoutMs,
    );
    const clusterId = (): ClusterId => this.shared.clusterId;
    this.household = {
      get clusterId() {
        return clusterId();
      },
      ticks: this.timers,
      snapshots: new SnapshotTraffic(options, this.timers),
      happenings: new SharedValues(),
      rest: this.mail,
      ended: (group) => this.ended(group),
      inTurn: (work) => this.oneByOne(work),
    };
  }

  async start(): Promise<readonly GroupId[]> {
    if (this.state !== "new")
      throw new RaftError(
        "Stopped",
        "refused",
        `the manager of ${this.options.nodeId} was started before; make another.`,
      );
    const { storage, random } = this.ports;
    const { nodeId, frameBytesMax } = this.options;
    this.state = "running";
    try {
      const onFailed = (reason: string): void => this.storageFailed(reason);
      const opened = await storage.open({ nodeId, newDirectoryId: random.hex(8), onFailed });
      const { clusterId, directoryId, startNumber, groups } = opened;
      await this.shared.start({ nodeId, clusterId, directoryId, startNumber, frameBytesMax });
      return groups;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Makes the group's node with `compose`, and starts it. */
  async add(group: GroupId, compose: (parts: GroupParts) => Promise<RaftNode>): Promise<RaftNode> {
    this.mustRun();
    if (this.nodes.has(group) || this.busy.has(group))
      throw badOption("groupId", group, "names a group that runs here");
    if (group === PROCESS_GROUP)
      throw badOption("groupId", group, "is what processes call themselves; name it otherwise");
    if (this.spent.has(group))
      throw badOption(
        "groupId",
        group,
        "names a group that was stopped; it comes back with the next start of the process",
      );
    return this.alone(group, async () => {
      const parts = {
        stores: this.ports.storage.group(group),
        transport: this.shared.view(group),
        turn: this.turn,
        household: this.household,
      };
      const node = await compose(parts);
      await node.start();
      if (this.state !== "running") await node.stop();
      this.mustRun();
      this.nodes.set(group, node);
      if (this.storageDeath !== "") node.storageFailed(this.storageDeath);
      return node;
    });
  }

  /** Stops the group's replica, and forgets what it held. */
  async remove(group: GroupId): Promise<void> {
    this.mustRun();
    if (this.busy.has(group)) throw badOption("groupId", group, "names a group that is being added or removed");
    await this.alone(group, async () => {
      await this.nodes.get(group)?.stop();
      await this.ports.storage.remove(group);
      this.spent.delete(group);
    });
  }

  /** G04: hands leaderships over, one after the other. @returns the groups that others lead by now. */
  async balance(): Promise<readonly GroupId[]> {
    this.mustRun();
    const groups = [...this.nodes].map(([group, node]) => {
      const { leader, configuration } = node.describe();
      const { members, voters, witnesses } = configuration.configuration;
      const mayLead = ({ id, priority }: Member): boolean =>
        priority > 0 && voters.includes(id) && !witnesses.includes(id);
      return { group, leader, candidates: members.filter(mayLead).map(({ id }) => id) };
    });
    const moved: GroupId[] = [];
    for (const { group, to } of leadershipsToHandOver(this.options.nodeId, groups)) {
      try {
        await this.nodes.get(group)?.transferLeadership(to);
        moved.push(group);
      } catch (error) {
        this.ports.logger.info(`group ${group} was not handed over to ${to}`, { reason: messageOf(error) });
      }
    }
    return moved;
  }

  node(group: GroupId): RaftNode | undefined {
    return this.nodes.get(group);
  }

  describe(): ManagerDescription {
    const { storage, transport } = this.ports;
    const groups = [...this.nodes].map(([group, node]): [GroupId, GroupSummary] => {
      const { role, term, leader, halted } = node.describe();
      return [group, { role, term, leader, halted, isResting: this.mail.isResting(group) }];
    });
    return {
      nodeId: this.options.nodeId,
      address: transport.address,
      clusterId: this.shared.clusterId,
      groups: Object.fromEntries(groups),
      deadlines: this.timers.waiting,
      resting: this.mail.resting,
      storage: storage.describe(),
      transport: transport.describe(),
    };
  }

  stop(): Promise<void> {
    this.stopping ??= this.stopOnce();
    return this.stopping;
  }

  private async stopOnce(): Promise<void> {
    this.state = "stopped";
    await Promise.all([...this.nodes.values()].map((node) => node.stop()));
    this.mail.close();
    this.timers.close();
    const { transport, storage, logger } = this.ports;
    for (const close of [() => transport.stop(), () => storage.close()]) {
      try {
        await close();
      } catch (error) {
        logger.warn(`${this.options.nodeId}: closing failed`, { reason: messageOf(error) });
      }
    }
  }

  /** G03: whoever shares the log stops with it, also a group that had nothing to write. */
  private storageFailed(reason: string): void {
    this.storageDeath = reason;
    for (const node of this.nodes.values()) node.storageFailed(reason);
  }

  private ended(group: GroupId): void {
    this.nodes.delete(group);
    this.spent.add(group);
  }

  private async alone<T>(group: GroupId, work: () => Promise<T>): Promise<T> {
    this.busy.add(group);
    try {
      return await work();
    } finally {
      this.busy.delete(group);
    }
  }

  private oneByOne<T>(work: () => Promise<T>): Promise<T> {
    const done = this.foundings.then(work);
    this.foundings = done.catch(() => {});
    return done;
  }

  private mustRun(): void {
    if (this.state === "running") return;
    const what = this.state === "new" ? "is not started yet; await start() first" : "was stopped; ask another process";
    throw new RaftError(this.state === "new" ? "NotStarted" : "Stopped", "refused", `${this.options.nodeId} ${what}.`);
  }
}

const tickOf = (electionTimeoutMs: Millis): Millis => Math.min(TICK_MS, electionTimeoutMs / 15);
