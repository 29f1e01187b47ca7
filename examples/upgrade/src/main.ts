import { createNode, type Node } from "@hexraft/core";
import { Codec, StateMachine } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { MemoryDisk, MemoryNetwork, memoryStorage } from "@hexraft/testing";
import { ContainerModule } from "inversify";
import { type Vote, Votes, voteCodec } from "./votes.js";

const ids = ["n1", "n2", "n3"];
const network = new MemoryNetwork();
const disks = new Map(ids.map((id) => [id, new MemoryDisk()]));
const nodes = new Map<string, Node<Vote, number, string, number>>();

/** Begins a node's next life with this release of the state machine. */
async function start(id: string, formatVersion: number): Promise<void> {
  const votes = new ContainerModule(({ bind }) => {
    bind(StateMachine).toConstantValue(new Votes(formatVersion));
    bind(Codec).toConstantValue(voteCodec);
  });
  const node = await createNode<Vote, number, string, number>({ nodeId: id, electionTimeoutMs: 1_000 }, [
    nodeRuntime(),
    memoryStorage(disks.get(id)),
    network.transport({ address: id }),
    votes,
  ]);
  nodes.set(id, node);
  await node.start();
}

/** At any node: it passes the vote on to whoever leads, and waits for one. */
const vote = async (cast: Vote): Promise<number> =>
  (nodes.get("n3") as Node<Vote, number>).apply(cast, { forward: true });

for (const id of ids) await start(id, 1);
await nodes.get("n1")?.bootstrap({ voters: ids.map((id) => ({ id, address: id })) });
while (nodes.get("n3")?.describe().leader === null) await new Promise((resolve) => setTimeout(resolve, 10));
console.log("ada has", await vote({ name: "ada" }));

for (const id of ids) {
  await vote({ name: "ada", weight: 3 }).catch((error: Error) => console.log(`${id} is next:`, error.message));
  await nodes.get(id)?.stop();
  await start(id, 2);
}
while (nodes.get("n3")?.openFormat !== 2) await new Promise((resolve) => setTimeout(resolve, 10));
console.log("ada has", await vote({ name: "ada", weight: 3 }));
for (const node of nodes.values()) await node.stop();
