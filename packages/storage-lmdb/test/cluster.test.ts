import { join } from "node:path";
import { createNode, type Node } from "@hexraft/core";
import { nodeRuntime } from "@hexraft/runtime-node";
import {
  get,
  type KvAnswer,
  type KvCommand,
  type KvQuery,
  type KvResult,
  kvStateMachine,
  put,
} from "@hexraft/statemachine-kv";
import { fileSnapshots } from "@hexraft/storage-file";
import { MemoryNetwork } from "@hexraft/testing";
import { expect, it, onTestFinished } from "vitest";
import { lmdbStorage } from "../src/index.js";
import { temporaryDirectory } from "./support/host.js";

type KvNode = Node<KvCommand, KvResult, KvQuery, KvAnswer>;

/** Enough for a few snapshots, each of which lets go of what is before the one before it. */
const WRITES = 300;
// Who stands still for so long has lost its leadership, and a busy machine makes everybody stand still.
const OPTIONS = { electionTimeoutMs: 1_500, snapshotEveryEntries: 50, compactionMarginEntries: 10 };

const holding = (text: string): KvAnswer => ({ type: "get", value: new TextEncoder().encode(text) });

it("I15 S03 L08 three nodes over LMDB and file snapshots keep what they acknowledged, compacted and over a restart of all", async () => {
  const directory = temporaryDirectory();
  const network = new MemoryNetwork();
  const ids = ["n1", "n2", "n3"] as const;
  let running: KvNode[] = [];
  const stopAll = async () => {
    for (const node of running.splice(0)) await node.stop();
  };
  onTestFinished(stopAll);
  const startAll = async () => {
    for (const id of ids) {
      const storage = { directory: join(directory, id) };
      const node: KvNode = await createNode<KvCommand, KvResult, KvQuery, KvAnswer>({ nodeId: id, ...OPTIONS }, [
        nodeRuntime(),
        lmdbStorage(storage),
        fileSnapshots(storage),
        network.transport({ address: id }),
        kvStateMachine(),
      ]);
      await node.start();
      running.push(node);
    }
  };
  const leader = async () => {
    const led = () => running.find((node) => node.describe().role === "leader");
    await expect.poll(led).toBeDefined();
    return led() as KvNode;
  };

  /** Once more where its leader lost office meanwhile. */
  const told = (key: string, value: string) =>
    expect.poll(async () => (await leader()).apply(put(key, value))).toMatchObject({ type: "put" });

  await startAll();
  await (running[0] as KvNode).bootstrap({ voters: ids.map((id) => ({ id, address: id })) });
  for (let i = 0; i < WRITES; i++) await told(`k${i % 50}`, `v${i}`);
  const baseOf = (node: KvNode) => Number(node.describe().storage["base"]);
  await expect.poll(() => Math.min(...running.map(baseOf))).toBeGreaterThan(100);
  await stopAll();

  await startAll();
  const second = await leader();
  for (let key = 0; key < 50; key++)
    await expect.poll(() => second.read(get(`k${key}`))).toEqual(holding(`v${WRITES - 50 + key}`));
  await told("after", "restart");
  for (const node of running) await expect.poll(() => node.read(get("after"))).toEqual(holding("restart"));
}, 120_000);
