import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createNodeManager, type Node, type NodeManager } from "@hexraft/core";
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
import { sharedFileStorage } from "@hexraft/storage-file";
import { tcpTransport } from "@hexraft/transport-tcp";
import { groupOf, RANGES } from "./ranges.js";

type KvNode = Node<KvCommand, KvResult, KvQuery, KvAnswer>;

// Three members of a cluster, each with all ranges: one connection each way between two of them, one log and one fsync for all
// of a member's ranges. Here they share a process, so that this file is all there is to run.
const directory = mkdtempSync(join(tmpdir(), "hexraft-sharded-"));
const members: { readonly manager: NodeManager; readonly ranges: ReadonlyMap<string, KvNode> }[] = [];
for (const nodeId of ["n1", "n2", "n3"]) {
  const manager = await createNodeManager({ nodeId, electionTimeoutMs: 1_000 }, [
    nodeRuntime(),
    tcpTransport({ host: "127.0.0.1", port: 0 }),
    sharedFileStorage({ directory: join(directory, nodeId), segmentBytesMax: 1024 * 1024 }),
  ]);
  await manager.start();
  const ranges = new Map<string, KvNode>();
  for (const { group } of RANGES) ranges.set(group, await manager.addGroup({ groupId: group }, [kvStateMachine()]));
  members.push({ manager, ranges });
}
const voters = members.map(({ manager }) => ({ id: manager.id, address: manager.describe().address }));
for (const { group } of RANGES) await members[0]?.ranges.get(group)?.bootstrap({ voters });

/** The leader of a range, as any member knows it: where a client sends what concerns the range's keys. */
async function leaderOf(group: string): Promise<KvNode> {
  for (;;) {
    for (const { ranges } of members) {
      const node = ranges.get(group);
      if (node?.describe().role === "leader") return node;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const words = ["apple", "fig", "grape", "kiwi", "nut", "plum", "sloe", "tomato", "yam"];
for (const word of words) await (await leaderOf(groupOf(word))).apply(put(word, `the ${word}`));

// Whoever leads more ranges than others hands some over.
for (const { manager } of members) await manager.balanceLeaders();
for (const { group } of RANGES) {
  const mine = words.filter((word) => groupOf(word) === group);
  console.log(`range ${group}, led by ${(await leaderOf(group)).id}: ${mine.join(", ")}`);
}
for (const word of words) {
  // On any member: a follower asks its range's leader.
  const answer = await members[1]?.ranges.get(groupOf(word))?.read(get(word));
  const value = answer?.type === "get" && answer.value !== null ? new TextDecoder().decode(answer.value) : "nothing";
  console.log(`${word}: ${value}`);
}

// A quiet range costs nothing: its members rest, and one beat between two processes serves all of them.
const deadlineMs = Date.now() + 10_000;
const areResting = () => members.every(({ manager }) => manager.describe().resting === RANGES.length);
while (!areResting() && Date.now() < deadlineMs) await new Promise((resolve) => setTimeout(resolve, 50));
console.log(
  `at rest: ${members.map(({ manager }) => manager.describe().resting).join(", ")} of ${RANGES.length} ranges`,
);

for (const { manager } of members) await manager.stop();
rmSync(directory, { recursive: true });
