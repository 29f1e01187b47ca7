import { parentPort, workerData } from "node:worker_threads";
import { planOf, profiles } from "@hexraft/testing/simulator";
import { HeapWatch } from "./heap-watch.js";
import type { WorldName } from "./kv-world.js";
import { amidRun, runSeed, type SeedReport, summary } from "./run-seed.js";

/** What a worker is given. */
export interface SeedWorkerData {
  readonly world: WorldName;
  readonly profile: keyof typeof profiles;
}

/** A thread that runs the seeds it is told, one after the other, and says what each showed. */
const { world, profile } = workerData as SeedWorkerData;
Error.stackTraceLimit = 0;
const heap = new HeapWatch((look) => amidRun(world, look));
const run = async (seed: number): Promise<void> => {
  const report: SeedReport = summary(await runSeed(world, planOf(seed, profiles[profile])), await heap.ran());
  parentPort?.postMessage(report, []);
};
// What it throws ends the thread, and with it the campaign.
parentPort?.on("message", (seed: number) => void run(seed));
