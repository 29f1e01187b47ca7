import type { MemoryReport } from "../lib/memory.js";

/*
 * Loaded into a served process before its program: tells the parent what the process holds; with `--expose-gc` after a collection, so
 * that the heap is what it keeps and not what it has not thrown away yet. Neither timer nor channel keeps the process alive.
 * Every 10 s, or as often as `?everyMs=` of its own address says.
 */
const EVERY_MS = Number(new URL(import.meta.url).searchParams.get("everyMs") ?? 10_000);

setInterval(() => {
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const [heapMb = 0, externalMb = 0, rssMb = 0] = [heapUsed, external, rss].map((bytes) => bytes / 2 ** 20);
  process.send?.({ type: "memory", heapMb, externalMb, rssMb } satisfies MemoryReport);
}, EVERY_MS).unref();
process.channel?.unref();
