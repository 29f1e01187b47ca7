import { Counters, type Plan, type Profile, planOf, type RunReport, Simulation } from "@hexraft/testing/simulator";
import { type WorldName, worlds } from "./kv-world.js";

/** Seeds to run. */
export interface Campaign {
  readonly world: WorldName;
  readonly profile: Profile;
  readonly firstSeed: number;
  readonly seeds: number;
  /** Hears of each run that broke something. */
  readonly onViolation?: (report: RunReport) => void;
}

/** What they showed; printed by `pnpm sim --json`. */
export interface CampaignReport {
  readonly seeds: number;
  readonly violations: number;
  readonly virtualSecondsPerSecond: number;
  readonly undecided: number;
  readonly events: number;
  readonly coverage: Readonly<Record<string, number>>;
  /** Counters that the profile should show and that are zero. */
  readonly missing: readonly string[];
}

/** Nothing is torn and nothing rots on a disk in memory. */
const CANNOT_SHOW: Readonly<Record<WorldName, readonly string[]>> = {
  files: [],
  memory: ["shadowCrashes", "rot.bit-rot", "rot.zeroed-block", "rot.misdirected-write", "rot.lost-write", "damaged"],
};

/** Runs a seed. */
export const runSeed = (world: WorldName, plan: Plan, trace = false): Promise<RunReport> =>
  new Simulation(worlds[world], plan, { trace }).run();

/** Runs many seeds, one after the other, in this process: memory stays flat, since no run leaves anything behind. */
export async function campaign({ world, profile, firstSeed, seeds, onViolation }: Campaign): Promise<CampaignReport> {
  const coverage = new Counters();
  const began = performance.now();
  let violations = 0;
  let undecided = 0;
  let events = 0;
  let virtualMs = 0;
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const report = await runSeed(world, planOf(seed, profile));
    coverage.addAll(report.counts);
    events += report.events;
    virtualMs += report.virtualMs;
    if (report.undecided) undecided++;
    if (report.violation === undefined) continue;
    violations++;
    onViolation?.(report);
  }
  const counts = coverage.toJSON();
  const cannotShow: ReadonlySet<string> = new Set(CANNOT_SHOW[world]);
  const missing = (profile.mustShow ?? []).filter((what) => (counts[what] ?? 0) === 0 && !cannotShow.has(what));
  return {
    seeds,
    violations,
    virtualSecondsPerSecond: Math.round(virtualMs / (performance.now() - began)),
    undecided,
    events,
    coverage: { ...Object.fromEntries(missing.map((what) => [what, 0])), ...counts },
    missing,
  };
}
