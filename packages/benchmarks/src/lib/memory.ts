import { median } from "./rounds.js";

/** What a process holds, MiB, and how late its event loop was. */
export interface MemoryReport {
  /** Tells it from what the process says otherwise. */
  readonly type: "memory";
  /** Live objects. */
  readonly heapMb: number;
  /** Array buffers and the like. */
  readonly externalMb: number;
  /** All of it, as the system counts. */
  readonly rssMb: number;
  /** Longest that it was late since the report before, ms. */
  readonly lateMs: number;
  /** Processor time of all of its life, s. */
  readonly cpuSeconds: number;
}

/** How a figure went: medians of the first and the last third, and last / first. */
export interface Trend {
  readonly first: number;
  readonly last: number;
  readonly ratio: number;
}

/** Compares the last third of a series with the first; NaN for fewer than three figures. */
export function trendOf(series: readonly number[]): Trend {
  const third = Math.floor(series.length / 3);
  if (third === 0) return { first: Number.NaN, last: Number.NaN, ratio: Number.NaN };
  const first = median(series.slice(0, third));
  const last = median(series.slice(-third));
  const rounded = (value: number) => Math.round(value * 100) / 100;
  return { first: rounded(first), last: rounded(last), ratio: rounded(last / first) };
}
