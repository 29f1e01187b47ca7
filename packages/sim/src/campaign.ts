import { Counters, type Profile, planOf, profiles } from "@hexraft/testing/simulator";
import { type HeapLook, type HeapMib, HeapWatch, heapTrend } from "./heap-watch.js";
import { runInThreads } from "./jobs.js";
import type { WorldName } from "./kv-world.js";
import { amidRun, runSeed, type SeedReport, summary } from "./run-seed.js";

/** Seeds to run. */
export interface Campaign {
  readonly world: WorldName;
  readonly profile: Profile;
  readonly firstSeed: number;
  readonly seeds: number;
  /** Threads; more than one only with a profile of {@link profiles}. Default: none beside this one. */
  readonly jobs?: number;
  /** Hears of each run that broke something. */
  readonly onViolation?: (report: SeedReport) => void;
}

/** What they showed; printed by `pnpm sim --json`. */
export interface CampaignReport {
  readonly seeds: number;
  readonly violations: number;
  /** By the wall clock. */
  readonly virtualSecondsPerSecond: number;
  /** By what the threads spent on a core: what else the machine does counts less. */
  readonly virtualSecondsPerCpuSecond: number;
  readonly undecided: number;
  readonly events: number;
  /** Of one thread; only where a collection can be asked for, and after the first look at it. */
  readonly heapMib?: HeapMib;
  readonly coverage: Readonly<Record<string, number>>;
  /** Counters that the profile should show and that are zero. */
  readonly missing: readonly string[];
}

/** Nothing is torn and nothing rots on a disk in memory. */
const CANNOT_SHOW: Readonly<Record<WorldName, readonly string[]>> = {
  files: [],
  memory: [
    "shadowCrashes",
    "rot.bit-rot",
    "rot.zeroed-block",
    "rot.misdirected-write",
    "rot.lost-write",
    "damaged",
    "damage.found",
    "damage.repaired",
    "damage.forgotten",
  ],
};

/** Runs many seeds. No run leaves anything behind, and what lives is looked at now and then; what they show does not depend on the number of threads. */
export async function campaign(asked: Campaign): Promise<CampaignReport> {
  const { world, profile, seeds, onViolation } = asked;
  const coverage = new Counters();
  const [began, cpuBegan] = [performance.now(), process.cpuUsage()];
  const looks: HeapLook[] = [];
  let violations = 0;
  let undecided = 0;
  let events = 0;
  let virtualMs = 0;
  await runAll(asked, (report) => {
    coverage.addAll(report.counts);
    if (report.heap !== undefined) looks.push(report.heap);
    events += report.events;
    virtualMs += report.virtualMs;
    if (report.undecided) undecided++;
    if (report.violation === undefined) return;
    violations++;
    onViolation?.(report);
  });
  const counts = coverage.toJSON();
  const cannotShow: ReadonlySet<string> = new Set(CANNOT_SHOW[world]);
  const missing = (profile.mustShow ?? []).filter((what) => (counts[what] ?? 0) === 0 && !cannotShow.has(what));
  const heapMib = heapTrend(looks);
  const { user, system } = process.cpuUsage(cpuBegan);
  return {
    seeds,
    violations,
    virtualSecondsPerSecond: Math.round(virtualMs / (performance.now() - began)),
    virtualSecondsPerCpuSecond: Math.round((1_000 * virtualMs) / (user + system)),
    undecided,
    events,
    ...(heapMib !== undefined && { heapMib }),
    coverage: { ...Object.fromEntries(missing.map((what) => [what, 0])), ...counts },
    missing,
  };
}

async function runAll({ world, profile, firstSeed, seeds, jobs = 0 }: Campaign, done: (report: SeedReport) => void) {
  const all = Array.from({ length: seeds }, (_, i) => firstSeed + i);
  const name = Object.entries(profiles).find(([, known]) => known === profile)?.[0] as
    | keyof typeof profiles
    | undefined;
  if (jobs > 1 && name !== undefined) return runInThreads(jobs, { world, profile: name }, all, done);
  const heap = new HeapWatch((look) => amidRun(world, look));
  for (const seed of all) done(summary(await runSeed(world, planOf(seed, profile)), await heap.ran()));
}
