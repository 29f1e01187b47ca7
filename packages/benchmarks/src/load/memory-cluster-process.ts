import { createNode, type Node } from "@hexraft/core";
import { StateMachine } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { MemoryDisk, MemoryNetwork, memoryStorage } from "@hexraft/testing";
import { ContainerModule } from "inversify";
import { answer } from "../lib/child.js";

/*
 * Three whole nodes in one process over the in-memory adapters: what a proposal costs in Raft itself.
 * Arguments: callers, milliseconds, promise | callback.
 */
const callers = Number(process.argv[2]);
const milliseconds = Number(process.argv[3]);
const form = process.argv[4] ?? "promise";
const payload = new Uint8Array(16);

/** Adds up lengths, as the limit does; its snapshot is that sum, so that compaction keeps the heap flat. */
function sumStateMachine(): ContainerModule {
  let sum = 0;
  const machine: StateMachine = {
    open: () => ({ appliedIndex: 0, formatVersion: 1 }),
    apply: (batch) => batch.map((bytes) => (sum += bytes.length)),
    read: () => sum,
    async *snapshotSave() {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setFloat64(0, sum);
      yield bytes;
    },
    async snapshotLoad(bytes) {
      for await (const chunk of bytes) sum = new DataView(chunk.buffer, chunk.byteOffset).getFloat64(0);
    },
  };
  return new ContainerModule(({ bind }) => {
    bind(StateMachine).toConstantValue(machine);
  });
}

async function main(): Promise<void> {
  const network = new MemoryNetwork();
  const ids = ["n1", "n2", "n3"];
  const nodes: Node[] = [];
  for (const id of ids)
    nodes.push(
      await createNode({ nodeId: id, electionTimeoutMs: 1_000 }, [
        nodeRuntime(),
        memoryStorage(new MemoryDisk()),
        network.transport({ address: id }),
        sumStateMachine(),
      ]),
    );
  for (const node of nodes) await node.start();
  await (nodes[0] as Node).bootstrap({ voters: ids.map((id) => ({ id, address: id })) });
  let leader: Node | undefined;
  while (leader === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    leader = nodes.find((node) => node.describe().role === "leader");
  }
  const node = leader;
  const run = { going: true };
  let done = 0;
  const caller = async (): Promise<void> => {
    while (run.going) {
      await node.apply(payload);
      done++;
    }
  };
  const again = (error: Error | null): void => {
    if (error !== null) throw error;
    done++;
    if (run.going) node.applyCallback(payload, again);
  };
  for (let i = 0; i < callers; i++) {
    if (form === "callback") node.applyCallback(payload, again);
    else void caller();
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  const before = done;
  const from = performance.now();
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  run.going = false;
  const perSecond = ((done - before) / (performance.now() - from)) * 1_000;
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (const each of nodes) await each.stop();
  globalThis.gc?.();
  answer({ perSecond, facts: { heapMb: process.memoryUsage().heapUsed / 2 ** 20 } });
}

await main();
