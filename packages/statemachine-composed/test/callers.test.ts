import { createNode } from "@hexraft/core";
import { Rejected } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { get, type KvAnswer, type KvResult, put } from "@hexraft/statemachine-kv";
import { MemoryDisk, MemoryNetwork, memoryStorage } from "@hexraft/testing";
import { afterEach, expect, expectTypeOf, it } from "vitest";
import { type ComposedNode, callersOf, composed } from "../src/index.js";
import { parts } from "./support.js";

type PartsNode = ComposedNode<typeof parts>;

const running: PartsNode[] = [];
afterEach(() => Promise.all(running.splice(0).map((node) => node.stop())));

async function started(nodeId: string, network: MemoryNetwork, disk: MemoryDisk): Promise<PartsNode> {
  const node: PartsNode = await createNode({ nodeId, electionTimeoutMs: 1_000 }, [
    nodeRuntime(),
    memoryStorage(disk),
    network.transport({ address: nodeId }),
    composed(parts),
  ]);
  running.push(node);
  await node.start();
  return node;
}

it("F04 F02 F03 the parts of a group are told and asked by their names, on any node, each with its own types", async () => {
  const network = new MemoryNetwork();
  const disks = new Map(["n1", "n2", "n3"].map((id) => [id, new MemoryDisk()]));
  const [n1, n2, n3] = (await Promise.all([...disks].map(([id, disk]) => started(id, network, disk)))) as [
    PartsNode,
    PartsNode,
    PartsNode,
  ];
  await n1.bootstrap({ voters: [n1, n2, n3].map(({ id }) => ({ id, address: id })) });
  await expect.poll(() => n2.describe().leader).not.toBeNull();

  const forward = { forward: true, deadlineMs: 15_000 };
  const { tally, texts } = callersOf(parts, n2);
  const sum = await tally.apply(5, forward);
  const stored = await texts.apply(put("a", "1"), forward);
  expectTypeOf(sum).toEqualTypeOf<number | Rejected>();
  expectTypeOf(stored).toEqualTypeOf<KvResult | Rejected>();
  expect([sum, stored]).toEqual([5, expect.objectContaining({ type: "put" })]);
  expect(await tally.apply(-6, forward)).toEqual(new Rejected("Overdrawn", "there are 5"));
  await expect(tally.apply(0.5)).rejects.toMatchObject({ code: "BadCommand", outcome: "refused" });

  const elsewhere = callersOf(parts, n3);
  const [read, got] = [await elsewhere.tally.read("sum"), await elsewhere.texts.read(get("a"))];
  expectTypeOf(read).toEqualTypeOf<number>();
  expectTypeOf(got).toEqualTypeOf<KvAnswer>();
  expect([read, got]).toEqual([5, { type: "get", value: Uint8Array.of(0x31) }]);

  await n3.snapshot();
  const before = await n3.stateHash();
  await n3.stop();
  const again = await started("n3", network, disks.get("n3") as MemoryDisk);
  await expect.poll(() => again.stateHash().then(({ hash }) => hash)).toBe(before.hash);
});
