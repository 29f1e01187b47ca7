import { createNode } from "@hexraft/core";
import { nodeRuntime } from "@hexraft/runtime-node";
import { type ComposedNode, callersOf, composed, part } from "@hexraft/statemachine-composed";
import { get, KvCodec, KvStateMachine, put } from "@hexraft/statemachine-kv";
import { MemoryDisk, MemoryNetwork, memoryStorage } from "@hexraft/testing";
import { Counter, counterCodec } from "./counter.js";

// Two state machines in one group: one log, one snapshot, one order of all commands. The names are in the log, and stay.
const parts = {
  profiles: part(() => new KvStateMachine(), new KvCodec()),
  votes: part(() => new Counter(), counterCodec),
};

const network = new MemoryNetwork();
const node: ComposedNode<typeof parts> = await createNode({ nodeId: "n1", electionTimeoutMs: 150 }, [
  nodeRuntime(),
  memoryStorage(new MemoryDisk()),
  network.transport({ address: "n1" }),
  composed(parts),
]);
await node.start();
await node.bootstrap({ voters: [{ id: "n1", address: "n1" }] });
while (node.describe().role !== "leader") await new Promise((resolve) => setTimeout(resolve, 10));

const { profiles, votes } = callersOf(parts, node); // each with its own types
await profiles.apply(put("ada", "likes engines"));
await votes.apply("ada");
console.log("votes for ada:", await votes.apply("ada"));
console.log(await profiles.read(get("ada")));
console.log(`one snapshot holds both, up to entry ${await node.snapshot()}`);
await node.stop();
