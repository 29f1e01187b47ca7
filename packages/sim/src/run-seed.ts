import { type Plan, type RunReport, Simulation } from "@hexraft/testing/simulator";
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
