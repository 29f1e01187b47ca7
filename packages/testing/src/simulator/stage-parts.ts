import type { NodeId } from "@hexraft/core/ports";
import type { SeededRandom } from "../time/seeded-random.js";
import type { History } from "./clients/history.js";
import type { Injector } from "./faults/injector.js";
import type { Operators } from "./faults/operators.js";
import type { Plan } from "./faults/plan.js";
import type { Referee } from "./invariants/referee.js";
import type { Trace } from "./trace/trace.js";
import type { SimulatedNetwork } from "./world/simulated-network.js";
import type { SimulatedNode } from "./world/simulated-node.js";
import type { SimulatedTime } from "./world/simulated-time.js";
import type { TapPlaces } from "./world/taps.js";

/** What a stage is made of: the parts of one simulation. */
export interface StageParts {
  readonly time: SimulatedTime;
  readonly plan: Plan;
  readonly nodes: ReadonlyMap<NodeId, SimulatedNode>;
  readonly network: SimulatedNetwork;
  readonly injector: Injector;
  readonly operators: Operators;
  readonly referee: Referee;
  readonly history: History;
  readonly trace: Trace;
  readonly places: TapPlaces;
  readonly random: SeededRandom;
  /** Ends the run: this did not come true. */
  readonly stuck: (what: string, withinMs: number) => never;
}

/** T of that cluster, ms. */
export const electionTimeoutOf = ({ options }: Plan): number => options.electionTimeoutMs ?? 1_000;

/** A node of that cluster. */
export function nodeCalled({ nodes }: Pick<StageParts, "nodes">, id: NodeId): SimulatedNode {
  const node = nodes.get(id);
  if (node === undefined) throw new Error(`there is no ${id} in this simulation`);
  return node;
}
