import type { ClusterGroup, ClusterMembers } from "@hexraft/client";
import type { LogId, Survivor } from "@hexraft/core";

/** The members of a group, one a line. */
export function membersText(cluster: ClusterMembers): string {
  const { clusterId, leader, term, configurationIndex, lastIndex, members, change } = cluster;
  const width = Math.max(...members.map(({ id }) => id.length));
  const lines = members.map(({ id, part, address, isAlive, match, priority }) => {
    const role = id === leader ? `${part}, leads` : part;
    const state = isAlive ? `holds ${match} of ${lastIndex}` : `silent, held ${match} of ${lastIndex}`;
    const rank = priority === 1 ? "" : `, priority ${priority}`;
    return `  ${id.padEnd(width)}  ${role.padEnd(14)}  ${address}  ${state}${rank}`;
  });
  const changing = change === null ? [] : [`a change of members is under way: ${change.stage}${waitingFor(change)}`];
  return [`cluster ${clusterId}, term ${term}, configuration ${configurationIndex}`, ...lines, ...changing].join("\n");
}

const waitingFor = ({ waitingFor: ids }: NonNullable<ClusterMembers["change"]>): string =>
  ids.length === 0 ? "" : `, waits for ${ids.join(", ")}`;

/** The groups that a node serves, one a line. */
export function groupsText(groups: readonly ClusterGroup[]): string {
  const width = Math.max(...groups.map(({ group }) => group.length));
  const lines = groups.map(({ group, leader, term, commitIndex, isResting, halted }) => {
    const led = leader === null ? "no leader is known" : `led by ${leader} in term ${term}`;
    const how = halted === "" ? (isResting ? ", rests" : "") : `, HALTED here: ${halted}`;
    return `${group.padEnd(width)}  ${led}, committed up to ${commitIndex}${how}`;
  });
  return lines.join("\n");
}

/** A leadership that was to be handed over, and how that ended. */
export interface ToldMove {
  readonly group: string;
  readonly from: string;
  readonly to: string;
  readonly outcome: "ok" | "refused" | "unknown";
  /** Why it did not end well. */
  readonly message?: string;
}

/** G04: which leaderships were handed over, and how that ended. */
export function rebalancedText(moves: readonly ToldMove[], unknown: readonly string[]): string {
  const lines = moves.map(({ group, from, to, outcome, message }) =>
    outcome === "ok"
      ? `${group}: ${from} handed over to ${to}`
      : `${group}: ${from} was to hand over to ${to}: ${outcome}: ${message}`,
  );
  const left = unknown.map((group) => `${group}: nobody could be asked who leads it; it was left alone`);
  const all = [...lines, ...left];
  return all.length === 0 ? "nothing to do: no node leads two groups more than another" : all.join("\n");
}

/** M11: what the first step of an unsafe recovery found, and what the second one would cost. */
export function survivorText(survivor: Survivor): string {
  const { nodeId, clusterId, last, configuration, confirmation } = survivor;
  const others = configuration.configuration.members.map(({ id }) => id).filter((id) => id !== nodeId);
  return [
    `${nodeId} of cluster ${clusterId} holds the log up to ${last.index} of term ${last.term}.`,
    "",
    `If it goes on alone, every acknowledged write that only ${others.join(", ") || "others"} hold is LOST FOR GOOD, and no other`,
    "member may ever come back as it was. If a majority can be started again, start it instead.",
    "",
    "1. Stop every survivor, and run this on each of them with --json > <node>.json.",
    "2. Where the log ends highest (term first, then index), run it again with",
    `     --others <node>.json,… --confirm '${confirmation}'`,
  ].join("\n");
}

/** M11: what is to be done after the second step. */
export const resetText = ({ nodeId }: Survivor): string =>
  [
    `${nodeId} is the only member from now on. Start it as before.`,
    "Then empty the directories of the others, start them without --bootstrap, and let them join: hexraft admin add-peer.",
    "Where groups share directories that means this group's part of them: hexraft admin forget-group, and add-peer --group.",
  ].join("\n");

/** M13: what a node holds of a group, and is to forget. */
export interface ToForget {
  readonly nodeId: string;
  readonly groupId: string;
  readonly incarnation: string;
  readonly last: LogId;
  readonly confirmation: string;
}

/** M13: what forgetting would cost. */
export const forgettableText = ({ nodeId, groupId, last, confirmation }: ToForget): string =>
  [
    `${nodeId} holds the log of ${groupId} up to ${last.index} of term ${last.term}.`,
    "",
    "Where it is a voter, forgetting that loses a vote, and acknowledged writes if a majority forgets. Take it out of the group's members",
    "before, or be sure that they can spare it: after an unsafe recovery (reset-peers), or if its part of the log is damaged.",
    "",
    "Run it again with",
    `  --confirm '${confirmation}'`,
  ].join("\n");

/** M13: what is to be done after that. */
export const forgottenText = ({ nodeId, groupId }: ToForget): string =>
  `${nodeId} holds nothing of ${groupId} any more. Start it without --bootstrap, and let it join: hexraft admin add-peer --group ${groupId}.`;
