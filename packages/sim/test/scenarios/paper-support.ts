import type { NodeId } from "@hexraft/core/ports";
import type { Cast } from "@hexraft/testing/simulator";
import { expect } from "vitest";
import { type KvStage, T } from "./support.js";

/*
 * The stories of the paper are told of whole nodes with files and a network, where packages/core/test/classics tells its
 * sentences of the pure core: those that etcd's raft_paper_test picked out. Pre-vote is off: the paper has none.
 */

/** A cast of so many, by the paper alone. */
export const paper = (nodes: number): Cast => ({ nodes, options: { preVote: false } });
/** Between two heartbeats, ms. */
export const HEARTBEAT_MS = T / 5;
/** A message's way and a turn at either end, at the most. */
export const WAY_MS = 5;

/** What a node was, as "role term leader", each time it became something else; ends once it is what is waited for. */
export async function became(stage: KvStage, id: NodeId, end: string): Promise<readonly string[]> {
  const seen: string[] = [];
  await stage.until(`${id} becomes ${end}`, () => {
    const { role, term, leader } = stage.view(id);
    const now = `${role} ${term} ${leader ?? "-"}`;
    if (now !== seen.at(-1)) seen.push(now);
    return now === end;
  });
  return seen;
}

/** Waits until a node campaigns in a term that is higher, and says in which. */
export async function campaigns(stage: KvStage, id: NodeId, above: number): Promise<number> {
  await stage.until(`${id} campaigns above term ${above}`, () => stage.view(id).term > above);
  expect(stage.view(id)).toMatchObject({ role: "candidate", votedFor: id, leader: null });
  return stage.view(id).term;
}

/** The leader hands over, and its successor too, until the group has that term; says who leads it. */
export async function raised(stage: KvStage, toTerm: number, among: readonly NodeId[]): Promise<NodeId> {
  for (;;) {
    const leader = await stage.awaitLeader();
    if (stage.view(leader).term >= toTerm) return leader;
    await stage.followed(stage.transfer(among.find((id) => id !== leader) as NodeId));
  }
}
