import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { SeedReport } from "./run-seed.js";
import type { SeedWorkerData } from "./seed-worker.js";

/**
 * Runs seeds in several threads; each thread takes the next seed when it is done with one. What a seed shows does not depend on
 * the thread, nor on what ran there before.
 */
export async function runInThreads(
  jobs: number,
  data: SeedWorkerData,
  seeds: Iterable<number>,
  done: (report: SeedReport) => void,
): Promise<void> {
  const left = seeds[Symbol.iterator]();
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL("./seed-worker.js", import.meta.url), { workerData: data });
    try {
      for (let next = left.next(); next.done !== true; next = left.next()) {
        worker.postMessage(next.value, []);
        const [report] = (await once(worker, "message")) as [SeedReport];
        done(report);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
}
