import { type GroupId, type LedGroup, leadershipsToHandOver, type NodeId } from "@hexraft/core";
import type { ClusterAdmin } from "./cluster-admin.js";
import type { Answered } from "./outcome.js";

/** A leadership that was to be handed over. */
export interface LeaderMove {
  /** The group. */
  readonly group: GroupId;
  /** Who led it. */
  readonly from: NodeId;
  /** Who was asked to lead it. */
  readonly to: NodeId;
  /** What came of it: who leads then, as far as the old leader knows. */
  readonly answered: Answered<NodeId | null>;
}

/** What {@link rebalanceLeaders} did. */
export interface Rebalanced {
  /** In the order in which they were asked for, one after the other. */
  readonly moves: readonly LeaderMove[];
  /** Groups that could not be asked who leads them: they were left alone, and not counted. */
  readonly unknown: readonly GroupId[];
}

/**
 * G04: hands leaderships over until no node leads two groups more than another that could lead one of them (sofa-jraft:
 * CliService's rebalance). Nodes are told apart by their names, so that groups of one set of processes are meant. Only voters of a
 * priority above 0 are handed anything (E20). A group that cannot be handed over stays where it is; calling it again goes on from
 * what is then. Never rejects. In a process of many groups `NodeManager.balanceLeaders` does its own part of the same.
 *
 * @param groups - for each group the admin that is connected to it.
 *
 * @example
 * ```ts
 * const { moves } = await rebalanceLeaders(new Map([["users", usersAdmin], ["orders", ordersAdmin]]));
 * for (const { group, from, to, answered } of moves) console.log(group, from, to, answered.outcome);
 * ```
 */
export async function rebalanceLeaders(
  groups: ReadonlyMap<GroupId, Pick<ClusterAdmin, "getPeers" | "transferLeader">>,
): Promise<Rebalanced> {
  const led = new Map<GroupId, LedGroup>();
  const unknown: GroupId[] = [];
  for (const [group, admin] of groups) {
    const peers = await admin.getPeers();
    if (peers.outcome !== "ok") unknown.push(group);
    else {
      const { leader, members } = peers.value;
      const mayLead = members.filter(({ part, priority }) => part === "voter" && priority > 0);
      led.set(group, { group, leader, candidates: mayLead.map(({ id }) => id) });
    }
  }
  const moves: LeaderMove[] = [];
  for (const from of new Set([...led.values()].flatMap(({ leader }) => leader ?? [])))
    for (const { group, to } of leadershipsToHandOver(from, [...led.values()])) {
      const admin = groups.get(group) as Pick<ClusterAdmin, "transferLeader">;
      const answered = await admin.transferLeader(to);
      moves.push({ group, from, to, answered });
      if (answered.outcome === "ok") led.set(group, { ...(led.get(group) as LedGroup), leader: answered.value ?? to });
    }
  return { moves, unknown };
}
