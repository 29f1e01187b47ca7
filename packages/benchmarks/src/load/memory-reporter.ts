import { monitorEventLoopDelay } from "node:perf_hooks";
import type { MemoryReport } from "../lib/memory.js";

/*
 * Loaded into a served process before its program: tells the parent what the process holds; with `--expose-gc` after a collection, so
 * that the heap is what it keeps and not what it has not thrown away yet; and the longest that its event loop was late since. Neither timer nor channel keeps the process alive.
 * Every 10 s, or as often as `?everyMs=` of its own address says.
 */
const EVERY_MS = Number(new URL(import.meta.url).searchParams.get("everyMs") ?? 10_000);
/** How often the loop is looked at, ms; a delay is known as exactly as that. */
const LOOK_EVERY_MS = 2;
const delay = monitorEventLoopDelay({ resolution: LOOK_EVERY_MS });
delay.enable();

setInterval(() => {
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const [heapMb = 0, externalMb = 0, rssMb = 0] = [heapUsed, external, rss].map((bytes) => bytes / 2 ** 20);
  const { user, system } = process.cpuUsage();
  const lateMs = Math.max(0, delay.max / 1e6 - LOOK_EVERY_MS);
  delay.reset();
  process.send?.({
    type: "memory",
    heapMb,
    externalMb,
    rssMb,
    lateMs,
    cpuSeconds: (user + system) / 1e6,
  } satisfies MemoryReport);
}, EVERY_MS).unref();
process.channel?.unref();
