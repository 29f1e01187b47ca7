import type { KeyRange } from "@hexraft/client";
import { createNode, createNodeManager, type GroupId } from "@hexraft/core";
import { Logger, RaftError } from "@hexraft/core/ports";
import { jointMembership } from "@hexraft/membership";
import { nodeRuntime } from "@hexraft/runtime-node";
import { type SessionOpened, sessions } from "@hexraft/sessions";
import { type KvAnswer, type KvQuery, type KvResult, kvStateMachine } from "@hexraft/statemachine-kv";
import { fileStorage, sharedFileStorage } from "@hexraft/storage-file";
import { tcpTransport } from "@hexraft/transport-tcp";
import { ContainerModule } from "inversify";
import { refuseHalfRestored } from "../backup/restoring-mark.js";
import type { KvNode, KvNodeCommand } from "../kv/node-kv-service.js";
import { badField } from "./bad-field.js";
import { peerTransportOf } from "./peer-transport.js";
import type { ServeOptions } from "./serve-options.js";

/** The nodes of this process, one for each of its groups, started. */
export interface Hosting {
  /** At least one. */
  readonly nodes: ReadonlyMap<GroupId, KvNode>;
  /** G03: groups whose part of the directory is damaged, and how. They have no node here, and the others are served. */
  readonly damaged: ReadonlyMap<GroupId, RaftError>;
  /** G02: those that rest. */
  readonly resting: () => ReadonlySet<GroupId>;
  /** M13: whether a group needs nobody to found it. */
  readonly isFounded: (node: KvNode) => boolean;
  /** O04. Idempotent. */
  stop(): Promise<void>;
}

/** One group in a directory of its own, or one for each range of the keys over a log that they share. @throws RaftError */
export async function host(options: ServeOptions, logger: Logger): Promise<Hosting> {
  refuseHalfRestored(options.dataDirectory);
  return options.ranges.length === 0 ? hostOne(options, logger) : hostRanges(options, options.ranges, logger);
}

async function hostOne(options: ServeOptions, logger: Logger): Promise<Hosting> {
  const { nodeId, groupId, dataDirectory: directory, raft } = options;
  const node: KvNode = await createNode<KvNodeCommand, KvResult | SessionOpened, KvQuery, KvAnswer>(
    { ...raft, nodeId, groupId },
    [...processModules(options, logger), fileStorage({ directory, groupId }), ...groupModules(options)],
  );
  const hosting: Hosting = {
    nodes: new Map([[groupId, node]]),
    damaged: new Map(),
    resting: () => new Set(),
    isFounded: () => node.describe().identity.clusterId !== "",
    stop: () => node.stop(),
  };
  return started(hosting, () => node.start());
}

async function hostRanges(options: ServeOptions, ranges: readonly KeyRange[], logger: Logger): Promise<Hosting> {
  const { nodeId, dataDirectory: directory, raft } = options;
  const manager = await createNodeManager({ ...raft, nodeId }, [
    ...processModules(options, logger),
    sharedFileStorage({ directory }),
  ]);
  const nodes = new Map<GroupId, KvNode>();
  const damaged = new Map<GroupId, RaftError>();
  const hosting: Hosting = {
    nodes,
    damaged,
    resting: () => {
      const all = Object.entries(manager.describe().groups);
      return new Set(all.flatMap(([group, { isResting }]) => (isResting ? [group] : [])));
    },
    // The first group that is founded makes the process belong to the cluster; each of the others is founded for itself.
    isFounded: (node) => node.describe().configuration.configuration.members.length > 0,
    stop: () => manager.stop(),
  };
  return started(hosting, async () => {
    const strangers = (await manager.start()).filter((there) => ranges.every(({ group }) => group !== there));
    if (strangers.length > 0)
      throw badField(
        "splitAt",
        ranges.slice(1).map(({ from }) => Buffer.from(from).toString()),
        `must split the keys as they are split in ${directory}, where there are the groups ${strangers.join(", ")}`,
      );
    for (const { group: groupId } of ranges)
      try {
        nodes.set(groupId, await manager.addGroup({ groupId }, groupModules(options)));
      } catch (error) {
        if (!(error instanceof RaftError) || error.code !== "Damaged") throw error;
        damaged.set(groupId, error);
      }
    const [whole] = damaged.values();
    if (nodes.size === 0 && whole !== undefined) throw whole;
    for (const [group, { message }] of damaged)
      logger.error(`${nodeId} does not serve the group ${group}; the others are served`, { reason: message });
  });
}

/** What does not start is stopped, and leaves nothing. */
async function started(hosting: Hosting, start: () => Promise<void>): Promise<Hosting> {
  try {
    await start();
    return hosting;
  } catch (error) {
    await hosting.stop();
    throw error;
  }
}

const processModules = (options: ServeOptions, logger: Logger): ContainerModule[] => [
  nodeRuntime(),
  tcpTransport(peerTransportOf(options)),
  new ContainerModule(({ bind }) => void bind(Logger).toConstantValue(logger)),
];

const groupModules = (options: ServeOptions): ContainerModule[] => [
  sessions(kvStateMachine(), options.sessions),
  jointMembership(),
];
