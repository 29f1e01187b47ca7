import type { NodeDescription } from "./node-description.js";

/** O01: a node's description, as an operator reads it. */
export function describeText(node: Omit<NodeDescription, "text">): string {
  const { configuration, peers, queues, history } = node;
  const { voters, votersOld, learners } = configuration.configuration;
  const lines = [
    `${node.nodeId} at ${node.address || "no address"}: ${node.halted === "" ? node.role : `halted (${node.halted})`}, term ${node.term}, ` +
      `leader ${node.leader ?? "unknown"}, voted for ${node.votedFor ?? "nobody"}`,
    `log ${node.base.index + 1}–${node.last.index} (term ${node.last.term}), durable ${node.durableIndex}, ` +
      `committed ${node.commitIndex}, applied ${node.appliedIndex}, snapshot ${node.snapshot?.index ?? "none"}`,
    `configuration ${configuration.id.index}: voters ${list(voters)}${votersOld.length > 0 ? `, before: ${list(votersOld)}` : ""}` +
      (learners.length > 0 ? `, learners ${list(learners)}` : ""),
    ...changeLines(node),
    ...formatLines(node),
    `waiting: ${Object.entries(queues)
      .map(([name, count]) => `${name} ${count}`)
      .join(", ")}`,
  ];
  for (const peer of peers)
    lines.push(
      `peer ${peer.id}: ${peer.state}, match ${peer.match}, next ${peer.next}, in flight ${peer.messagesInFlight}, ` +
        `silent for ${Math.round(peer.silentMs)} ms`,
    );
  const newest = history.at(-1);
  if (newest !== undefined) lines.push(`last change: ${newest.what} (${newest.cause})`);
  return lines.join("\n");
}

const list = (ids: readonly string[]): string => (ids.length === 0 ? "none" : ids.join(", "));

/** F05: that this release is newer than some member's. */
const formatLines = ({ formatVersion, openFormat }: Pick<NodeDescription, "formatVersion" | "openFormat">): string[] =>
  formatVersion <= openFormat
    ? []
    : [`format ${formatVersion} is known here, ${openFormat} is open: not every member has said that it knows more`];

/** M15: where a change of members stands, and on whom it waits. */
function changeLines({ change }: Pick<NodeDescription, "change">): string[] {
  if (change === null) return [];
  const missing = change.waitingFor.length > 0 ? `, waits for ${list(change.waitingFor)}` : "";
  const newcomers = change.newcomers.map(
    ({ id, match, hasCaughtUp }) => `${id} ${hasCaughtUp ? "has caught up" : "catches up"} at ${match}`,
  );
  return [`change of members: ${change.stage}${missing}${newcomers.length > 0 ? `: ${newcomers.join(", ")}` : ""}`];
}
