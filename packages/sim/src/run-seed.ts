import { type Plan, planOf, profiles, type RunReport, Simulation } from "@hexraft/testing/simulator";
import type { HeapLook } from "./heap-watch.js";
import { type WorldName, worlds } from "./kv-world.js";

/** What one seed showed, as plain data. */
export interface SeedReport
  extends Pick<RunReport, "seed" | "virtualMs" | "events" | "counts" | "undecided" | "traceHash"> {
  /** What broke, if anything did. */
  readonly violation: string | undefined;
  /** What lives in the thread that ran it, if it was time to look. */
  readonly heap?: HeapLook | undefined;
}

/** Runs a seed. */
export const runSeed = (world: WorldName, plan: Plan, trace = false): Promise<RunReport> =>
  new Simulation(worlds[world], plan, { trace }).run();

/** How far into it a look at the heap is taken, virtual ms. */
const LOOK_AT_MS = 3_000;

/** A short run in which nothing goes wrong, always the same one, and `look` in the middle of it. */
export async function amidRun(world: WorldName, look: () => void): Promise<void> {
  const { violation } = await new Simulation(worlds[world], planOf(1, profiles.calm)).run(async (stage) => {
    await stage.pass(LOOK_AT_MS);
    look();
  });
  if (violation !== undefined) throw violation;
}

/** A run without what only the thread that made it can use. */
export const summary = (
  { seed, virtualMs, events, counts, undecided, traceHash, violation }: RunReport,
  heap?: HeapLook,
): SeedReport => ({
  seed,
  virtualMs,
  events,
  counts,
  undecided,
  traceHash,
  violation: violation?.message,
  heap,
});
