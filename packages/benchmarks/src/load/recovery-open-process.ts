import { answer } from "../lib/child.js";
import { openFileLog, segmentFiles } from "../lib/file-log.js";
import type { Sample } from "../lib/rounds.js";

/* Opens a log, and says how long that took and what it holds in memory. Argument: directory. */
const [directory = ""] = process.argv.slice(2);
const { bytes } = segmentFiles(directory);
const MIB = 2 ** 20;
// What is not garbage, before and after: `--expose-gc` is given.
const live = (): number => {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MIB;
};
const before = live();
const began = performance.now();
const { log } = await openFileLog(directory);
const openMs = performance.now() - began;
const facts = { openMs, heldMb: live() - before, rssMb: process.memoryUsage().rss / MIB, logMb: bytes / MIB };
await log.close();
const sample: Sample = { perSecond: (bytes / MIB / openMs) * 1_000, facts };
answer(sample);
