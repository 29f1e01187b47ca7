import { setImmediate, setTimeout } from "node:timers/promises";
import { createNodeManager, type Node } from "@hexraft/core";
import { type CommandBatch, RaftError, StateMachine } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { sharedFileStorage } from "@hexraft/storage-file";
import { tcpTransport } from "@hexraft/transport-tcp";
import { ContainerModule } from "inversify";
import { closedLoop } from "../lib/closed-loop.js";
import type { GroupsFacts, GroupsLoad, GroupsOrder } from "../lib/groups-orders.js";

/* One process of many groups, over TCP and files; does what its parent says. Arguments: node id, number of groups, directory, T in ms. */
const [nodeId = "", count = "1", directory = "", electionTimeoutMs = ""] = process.argv.slice(2);
const names = Array.from({ length: Number(count) }, (_, i) => `g${i}`);
const COMMAND = new Uint8Array(256);
/** The result of each, as bytes: so it can come from another process. */
const DONE = new Uint8Array(0);
/** Between two looks for the new leader. ms. */
const LOOK_AGAIN_MS = 20;
/** A caller that has found no leader for so long gives the run up. ms. */
const LOOK_MS_MAX = 60_000;

/** Counts bytes: what is measured is what a group costs, not its state. */
class Counting implements StateMachine {
  private sum = 0;

  open() {
    return { appliedIndex: 0, formatVersion: 1 };
  }

  apply(batch: CommandBatch): readonly Uint8Array[] {
    return batch.map((bytes) => {
      this.sum += bytes.length;
      return DONE;
    });
  }

  read(): number {
    return this.sum;
  }

  async *snapshotSave() {
    yield Uint8Array.from(new Float64Array([this.sum]));
  }

  async snapshotLoad(): Promise<void> {}
}

const counting = (): ContainerModule =>
  new ContainerModule(({ bind }) => {
    bind(StateMachine).toConstantValue(new Counting());
  });

const manager = await createNodeManager({ nodeId, electionTimeoutMs: Number(electionTimeoutMs) }, [
  nodeRuntime(),
  tcpTransport({ host: "127.0.0.1", port: 0 }),
  sharedFileStorage({ directory }),
]);
await manager.start();
const nodes = new Map<string, Node>();

async function factsNow(): Promise<GroupsFacts> {
  // What only weak references hold goes with the second collection, after a turn.
  for (let i = 0; i < 2; i++) {
    globalThis.gc?.();
    await setImmediate();
  }
  // Before anybody looks: what is described of a thousand groups is garbage of its own.
  const { heapUsed: heapBytes, arrayBuffers: bufferBytes } = process.memoryUsage();
  const { address, resting } = manager.describe();
  return { address, resting, heapBytes, bufferBytes };
}

/** User and system, since its start. ms. */
function cpuNow(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

const syncsNow = (): number => Number(manager.describe().storage.batches);

/** What this process spends is measured also where it leads nothing: it follows. */
async function load(groups: number, callers: number, warmUpMs: number, ms: number): Promise<GroupsLoad> {
  const led = names.slice(0, groups).flatMap((name) => {
    const node = nodes.get(name);
    return node?.describe().role === "leader" ? [node] : [];
  });
  let askedAnew = 0;
  const spent = async (): Promise<Omit<GroupsLoad, "perSecond" | "askedAnew">> => {
    await setTimeout(warmUpMs);
    const [cpuMs, syncs] = [cpuNow(), syncsNow()];
    await setTimeout(ms);
    return { led: led.length, cpuMs: cpuNow() - cpuMs, syncs: syncsNow() - syncs };
  };
  const share = Math.round((callers * led.length) / groups);
  const moved = new Set<Node>();
  /** Whose leader went elsewhere goes on there: its node passes its commands on from then on. */
  const putAnew = async (node: Node): Promise<void> => {
    for (const end = performance.now() + LOOK_MS_MAX; ; await setTimeout(LOOK_AGAIN_MS)) {
      try {
        return void (await node.apply(COMMAND, { forward: true }));
      } catch (error) {
        if (!isLeaderChange(error) || performance.now() > end) throw error;
        askedAnew++;
      }
    }
  };
  const put = async (caller: number): Promise<void> => {
    const node = led[caller % led.length] as Node;
    if (moved.has(node)) return putAnew(node);
    try {
      await node.apply(COMMAND);
    } catch (error) {
      if (!isLeaderChange(error)) throw error;
      askedAnew++;
      moved.add(node);
      return putAnew(node);
    }
  };
  const [{ perSecond }, costs] = await Promise.all([closedLoop(share, warmUpMs, ms, put), spent()]);
  return { perSecond, askedAnew, ...costs };
}

/** Refused for now, or lost on the way to the leader or with it. */
const isLeaderChange = (error: unknown): boolean =>
  error instanceof RaftError &&
  (error.retryable || error.code === "ConnectionLost" || error.code === "DeadlineExceeded");

async function obey(order: GroupsOrder): Promise<unknown> {
  switch (order.do) {
    case "add":
      for (const groupId of names.slice(order.from, order.to))
        nodes.set(groupId, await manager.addGroup({ groupId }, [counting()]));
      return null;
    case "found":
      for (const groupId of names.slice(order.from, order.to))
        await nodes.get(groupId)?.bootstrap({ voters: order.voters });
      return null;
    case "balance":
      return manager.balanceLeaders();
    case "load":
      return load(order.groups, order.callers, order.warmUpMs, order.ms);
    case "facts":
      return factsNow();
    case "cpu":
      return cpuNow();
    default:
      await manager.stop();
      return null;
  }
}

process.on("message", (order: GroupsOrder) => {
  void obey(order).then((result) =>
    process.send?.(result ?? null, () => {
      if (order.do === "stop") process.exit(0);
    }),
  );
});
// A parent that failed leaves nobody behind.
process.on("disconnect", () => process.exit(1));
process.send?.("ready");
