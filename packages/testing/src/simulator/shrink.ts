import type { Fault } from "./faults/fault.js";
import type { Plan } from "./faults/plan.js";
import type { RunReport } from "./run-report.js";

/** What shrinking came to. */
export interface Shrunk {
  /** The smallest plan found that still breaks the same invariant. */
  readonly plan: Plan;
  /** Its run. */
  readonly report: RunReport;
  /** Runs that it took. */
  readonly runs: number;
}

/** Most runs of one shrinking. */
export const SHRINK_RUNS_MAX = 400;

/**
 * Makes a failing plan smaller: less time, fewer clients, fewer faults, shorter ones; delta debugging over the schedule.
 * Whatever breaks the same invariant is kept, so that what remains is the story of the fault.
 *
 * @param run - runs a plan.
 * @returns `undefined` if the plan does not fail.
 */
export async function shrink(plan: Plan, run: (plan: Plan) => Promise<RunReport>): Promise<Shrunk | undefined> {
  let report = await run(plan);
  const invariant = report.violation?.invariant;
  if (invariant === undefined) return undefined;
  let best = plan;
  let runs = 1;
  const attempt = async (smaller: Plan): Promise<boolean> => {
    if (runs >= SHRINK_RUNS_MAX) return false;
    runs++;
    const tried = await run(smaller);
    if (tried.violation?.invariant !== invariant) return false;
    best = smaller;
    report = tried;
    return true;
  };
  // Ends by itself: once the runs are used up, no attempt succeeds, and nothing becomes smaller.
  for (let before = Number.POSITIVE_INFINITY; sizeOf(best) < before; ) {
    before = sizeOf(best);
    await shorten(() => best, attempt);
    await dropFaults(() => best, attempt);
    for (let clients = 1; clients < best.clients; clients *= 2) if (await attempt({ ...best, clients })) break;
  }
  return { plan: best, report, runs };
}

/** Cuts the time under faults, and the faults that begin after it. */
async function shorten(best: () => Plan, attempt: (plan: Plan) => Promise<boolean>): Promise<void> {
  for (let step = best().durationMs / 2; step >= 250; step /= 2) {
    const durationMs = best().durationMs - step;
    if (durationMs <= 0) continue;
    const faults = best().faults.filter(({ atMs }) => atMs < durationMs);
    await attempt({ ...best(), durationMs, faults });
  }
}

/** Leaves out ever smaller parts of the schedule. */
async function dropFaults(best: () => Plan, attempt: (plan: Plan) => Promise<boolean>): Promise<void> {
  for (let part = Math.ceil(best().faults.length / 2); part >= 1; part = part === 1 ? 0 : Math.ceil(part / 2)) {
    for (let at = 0; at < best().faults.length; ) {
      const faults: readonly Fault[] = best().faults.filter((_, i) => i < at || i >= at + part);
      // What was left out leaves its place to the next ones.
      if (!(await attempt({ ...best(), faults }))) at += part;
    }
  }
}

const sizeOf = ({ faults, clients, durationMs }: Plan): number => faults.length * 1_000 + clients * 1_000 + durationMs;
