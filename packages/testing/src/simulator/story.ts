import type { Plan } from "./faults/plan.js";
import type { RunReport } from "./run-report.js";
import { Simulation } from "./simulation.js";
import type { Stage } from "./stage.js";
import type { World } from "./world/world.js";

/** What a story is played with; all but the number of nodes has a default. */
export interface Cast extends Partial<Omit<Plan, "nodes">> {
  /** How many nodes: n1, n2 … */
  readonly nodes: number;
  /** Keep the trace's lines: they take time. Default false; a story that failed can be played again. */
  readonly trace?: boolean;
}

/**
 * Plays a story on a simulated cluster: directed where {@link simulate} leaves all to chance. The cluster is founded, the
 * story says what happens, and in the end everything is healed, must come back to life, and is held against the model.
 * Clients of the world's workload run beside it if the cast has any. What the story throws is thrown.
 *
 * @example
 * ```ts
 * const report = await play(world, { nodes: 3 }, async (stage) => {
 *   const leader = await stage.awaitLeader();
 *   stage.isolate(leader);
 *   await stage.awaitLeader();
 * });
 * expect(report.violation).toBeUndefined();
 * ```
 */
export function play<Command, Query>(
  world: World,
  { trace = false, ...cast }: Cast,
  story: (stage: Stage<Command, Query>) => Promise<void>,
): Promise<RunReport> {
  const nodes = Array.from({ length: cast.nodes }, (_, i) => `n${i + 1}`);
  const plan: Plan = {
    seed: 1,
    clients: 0,
    callsPerSecond: 1,
    durationMs: 0,
    options: {},
    encode: false,
    faults: [],
    ...cast,
    nodes,
  };
  // The world's own commands and queries: a world does not name their types.
  return new Simulation(world, plan, { trace }).run((stage) => story(stage as Stage<Command, Query>));
}
