import type { SimulatedNode } from "./world/simulated-node.js";

/** Who is to be a cluster, and how to wait for it. */
interface Founding {
  readonly nodes: readonly SimulatedNode[];
  readonly hasLeader: () => boolean;
  readonly mustHold: (what: string, condition: () => boolean) => Promise<void>;
}

/** M13: the cluster is founded as an operator founds it: all start, one is asked, somebody leads. */
export async function foundCluster({ nodes, hasLeader, mustHold }: Founding): Promise<void> {
  for (const node of nodes) node.start();
  await mustHold("all nodes start", () => nodes.every(({ isUp }) => isUp));
  let refused: unknown;
  nodes[0]?.node?.bootstrap({ voters: nodes.map(({ id }) => ({ id, address: id })) }).catch((error: unknown) => {
    refused = error;
  });
  await mustHold("the cluster is founded", () => refused !== undefined || hasLeader());
  if (refused !== undefined) throw refused;
}
