import type { SimulatedNode } from "./world/simulated-node.js";

/** Each node in a few words, for a message about what never came. */
export const standing = (nodes: Iterable<SimulatedNode>): string => Array.from(nodes, standingOf).join("; ");

function standingOf({ id, isThere, node, haltedBecause, refusal }: SimulatedNode): string {
  if (haltedBecause !== "") return `${id} halted (${haltedBecause})`;
  if (!isThere || node === undefined) return `${id} down${refusal === "" ? "" : ` (${refusal})`}`;
  try {
    const { role, term, leader, last, commitIndex, appliedIndex } = node.describe();
    return `${id} ${role} of term ${term} under ${leader ?? "nobody"}, last ${last.index}/${last.term}, commit ${commitIndex}, applied ${appliedIndex}`;
  } catch {
    return `${id} starting`;
  }
}
