import type { NodeId } from "@hexraft/core/ports";
import type { Operators } from "./faults/operators.js";
import type { SimulatedNode } from "./world/simulated-node.js";

/** Who is to be a cluster, and how to wait for it. */
interface Founding {
  readonly nodes: readonly SimulatedNode[];
  /** Those of them that become voters once it is founded (M12). */
  readonly witnesses: readonly NodeId[];
  readonly operators: Operators;
  readonly mustHold: (what: string, condition: () => boolean) => Promise<void>;
}

/** M13: the cluster is founded as an operator founds it: all start, one is asked, somebody leads. Then witnesses are added. */
export async function foundCluster(founding: Founding): Promise<void> {
  const { nodes, witnesses, operators, mustHold } = founding;
  for (const node of nodes) node.start();
  await mustHold("all nodes start", () => nodes.every(({ isUp }) => isUp));
  const founders = nodes.filter(({ id }) => !witnesses.includes(id));
  let refused: unknown;
  founders[0]?.node?.bootstrap({ voters: founders.map(({ id }) => ({ id, address: id })) }).catch((error: unknown) => {
    refused = error;
  });
  await mustHold("the cluster is founded", () => refused !== undefined || operators.leader() !== undefined);
  if (refused !== undefined) throw refused;
  if (witnesses.length > 0) await addWitnesses(founding);
}

async function addWitnesses({ nodes, operators, mustHold }: Founding): Promise<void> {
  const all = nodes.map(({ id }) => id);
  let order = operators.change(all, []);
  await mustHold("the witnesses are voters", () => {
    // A leader that has committed nothing yet refuses (M03).
    if (order.state === "refused") order = operators.change(all, []);
    return order.state === "done";
  });
}
