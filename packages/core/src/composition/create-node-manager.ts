import "reflect-metadata";
import { Container, ContainerModule } from "inversify";
import type { GroupId, NodeId } from "../model/node-id.js";
import { badOption, type NodeOptions, type ProtocolOptions, resolveOptions } from "../model/options.js";
import { GroupLogger } from "../node/group-logger.js";
import type { ManagerDescription } from "../node/manager-description.js";
import type { Node } from "../node/node.js";
import { type ManagerPorts, NodeManagerCore } from "../node/node-manager.js";
import { NodePorts } from "../node/node-ports.js";
import { RaftNode } from "../node/raft-node.js";
import { Checksum } from "../ports/checksum.js";
import { Clock } from "../ports/clock.js";
import { GroupStorage } from "../ports/group-storage.js";
import { LogStorage } from "../ports/log-storage.js";
import { Logger } from "../ports/logger.js";
import { RandomSource } from "../ports/random-source.js";
import { Scheduler } from "../ports/scheduler.js";
import { SnapshotStorage } from "../ports/snapshot-storage.js";
import { Transport } from "../ports/transport.js";
import { Turn } from "../ports/turn.js";
import { BindingCensus } from "./check-bindings.js";
import { coreModule, silent } from "./core-module.js";

/** Who the process is, and how its groups behave unless they say otherwise. */
export type ManagerOptions = Omit<NodeOptions, "groupId">;

/** A group, and in what it differs from the manager's options. */
export type GroupOptions = Omit<
  NodeOptions,
  "nodeId" | "groupId" | "frameBytesMax" | "snapshotReceivesMax" | "snapshotBytesPerSecondMax"
> & {
  /** The group's name: 1–64 characters of `A–Z a–z 0–9 . _ -`, equal in all processes. */
  readonly groupId: GroupId;
};

/** Many groups in one process (sofa-jraft: NodeManager). Made by {@link createNodeManager}. */
export interface NodeManager {
  /** The node's name: the same in all its groups. */
  readonly id: NodeId;
  /**
   * Recovers the shared storage and listens. Resolves with the groups that are there; each takes part from when it is added.
   *
   * @throws RaftError of the adapters; the manager is used up then.
   */
  start(): Promise<readonly GroupId[]>;
  /**
   * G01: adds a group while others run: one that is on disk comes back, any other one begins empty and waits, to be founded with
   * {@link Node.bootstrap} or to be added by its leader. Resolves when it takes part.
   *
   * @param modules - what is the group's own: its state machine, and policies.
   * @throws RaftError `BadOption`: a group of that name runs here; `BindingMissing`; `Damaged` (G03): this group's records
   * were damaged, the others' are not; `NotStarted` or `Stopped`.
   */
  addGroup<Command = Uint8Array, Result = unknown, Query = unknown, Answer = unknown>(
    options: GroupOptions,
    modules: readonly ContainerModule[],
  ): Promise<Node<Command, Result, Query, Answer>>;
  /**
   * G01: stops this process's replica of the group and erases what it held, durably. Take it out of the group's members
   * before: what comes back under the name is another replica (M13). To stop a replica and keep its data, stop its node.
   */
  removeGroup(group: GroupId): Promise<void>;
  /**
   * G04: hands leaderships over until no other process leads two groups less than this one, as far as this one knows. Each
   * process does so for its own; one that cannot hand a group over keeps it. Resolves with the groups that were handed over.
   */
  balanceLeaders(): Promise<readonly GroupId[]>;
  /** The node of a group that runs here. */
  group(group: GroupId): Node<unknown> | undefined;
  /** O01. */
  describe(): ManagerDescription;
  /** O04: stops every group, hands their leaderships over, and gives everything back. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Composes a process of many groups: the modules given here bind what they share, those of {@link NodeManager.addGroup} what
 * is each group's own.
 *
 * @example
 * ```ts
 * const manager = await createNodeManager({ nodeId: "n1" }, [
 *   nodeRuntime(),
 *   tcpTransport({ host: "127.0.0.1", port: 7001 }),
 *   sharedFileStorage({ directory: "./data" }),
 * ]);
 * await manager.start();
 * const users = await manager.addGroup({ groupId: "users" }, [kvStateMachine()]);
 * ```
 *
 * @throws RaftError `BadOption` (O05) or `BindingMissing`.
 */
export async function createNodeManager(
  options: ManagerOptions,
  modules: readonly ContainerModule[],
): Promise<NodeManager> {
  if ("groupId" in options) throw badOption("groupId", options.groupId, "is an option of addGroup");
  const resolved = resolveOptions(options);
  const container = new Container({ defaultScope: "Singleton" });
  const census = new BindingCensus("process");
  await container.loadAsync(census.module(modules));
  census.check();
  if (!census.binds(Logger)) container.bind(Logger).toConstantValue(silent);
  const ports: ManagerPorts = {
    storage: await container.getAsync(GroupStorage),
    transport: await container.getAsync(Transport),
    scheduler: await container.getAsync(Scheduler),
    turn: await container.getAsync(Turn),
    random: await container.getAsync(RandomSource),
    logger: await container.getAsync(Logger),
  };
  const host = { clock: await container.getAsync(Clock), checksum: await container.getAsync(Checksum) };
  return new Manager(options, new NodeManagerCore(resolved, ports), { ...ports, ...host });
}

/** Most recent blocks that a group keeps in memory unless its options say otherwise: there may be thousands. Bytes. */
const GROUP_CACHE_BYTES_MAX = 4 * 1024 * 1024;

type HostPorts = Pick<ManagerPorts, "scheduler" | "random" | "logger"> & {
  readonly clock: Clock;
  readonly checksum: Checksum;
};

class Manager implements NodeManager {
  readonly id: NodeId;
  /** Options in use, by what they say. */
  private readonly inUse = new Map<string, ProtocolOptions>();

  constructor(
    private readonly options: ManagerOptions,
    private readonly core: NodeManagerCore,
    private readonly host: HostPorts,
  ) {
    this.id = options.nodeId;
  }

  start(): Promise<readonly GroupId[]> {
    return this.core.start();
  }

  async addGroup<Command, Result, Query, Answer>(
    options: GroupOptions,
    modules: readonly ContainerModule[],
  ): Promise<Node<Command, Result, Query, Answer>> {
    const { groupId, ...resolved } = resolveOptions({
      cacheBytesMax: GROUP_CACHE_BYTES_MAX,
      ...this.options,
      ...options,
    });
    const shared = this.sharedOptions(resolved);
    const node = await this.core.add(groupId, async ({ stores, transport, turn, household }) => {
      const { host } = this;
      const common = new ContainerModule(({ bind }) => {
        bind(LogStorage).toConstantValue(stores.log);
        bind(SnapshotStorage).toConstantValue(stores.snapshots);
        bind(Transport).toConstantValue(transport);
        bind(Turn).toConstantValue(turn);
        bind(Scheduler).toConstantValue(host.scheduler);
        bind(Clock).toConstantValue(host.clock);
        bind(RandomSource).toConstantValue(host.random);
        bind(Checksum).toConstantValue(host.checksum);
        bind(Logger).toConstantValue(new GroupLogger(host.logger, groupId));
      });
      const container = new Container({ defaultScope: "Singleton" });
      const census = new BindingCensus("group");
      await container.loadAsync(census.module([common, ...modules]));
      census.check();
      container.load(coreModule(census));
      return new RaftNode({ nodeId: this.id, groupId }, shared, await container.getAsync(NodePorts), household);
    });
    return node as unknown as Node<Command, Result, Query, Answer>;
  }

  /** Equal options are one object, however many groups have them. */
  private sharedOptions(resolved: ProtocolOptions): ProtocolOptions {
    const text = JSON.stringify(resolved);
    const shared = this.inUse.get(text) ?? resolved;
    this.inUse.set(text, shared);
    return shared;
  }

  removeGroup(group: GroupId): Promise<void> {
    return this.core.remove(group);
  }

  balanceLeaders(): Promise<readonly GroupId[]> {
    return this.core.balance();
  }

  group(group: GroupId): Node<unknown> | undefined {
    return this.core.node(group);
  }

  describe(): ManagerDescription {
    return this.core.describe();
  }

  stop(): Promise<void> {
    return this.core.stop();
  }
}
