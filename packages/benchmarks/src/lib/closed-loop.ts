import type { Sample } from "./rounds.js";

/**
 * Before figures are taken: until what is hot is compiled, every key is there and segments are reused. Three processes on
 * two cores came from 33,000 puts a second in the third second to 50,000 in the eleventh. ms.
 */
export const WARM_UP_MS = 10_000;

/** One caller's operation: resolves when it is acknowledged. */
export type Operation = (caller: number) => Promise<void>;

/** Each of `callers` does the next operation when the last one is acknowledged; latencies are taken after a warm-up. */
export async function closedLoop(
  callers: number,
  warmUpMs: number,
  milliseconds: number,
  operation: Operation,
): Promise<Sample> {
  const latencies: number[] = [];
  const from = performance.now() + warmUpMs;
  const end = from + milliseconds;
  const run = async (caller: number): Promise<void> => {
    for (let began = performance.now(); began < end; began = performance.now()) {
      await operation(caller);
      const now = performance.now();
      if (began >= from && now < end) latencies.push(now - began);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => run(caller)));
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor((latencies.length - 1) * share)] ?? 0;
  return { perSecond: latencies.length / (milliseconds / 1_000), p50: at(0.5), p99: at(0.99) };
}

/** `k1000000` … : 8 characters, 100,000 of them. */
export const randomKey = (): string => `k${1_000_000 + Math.floor(Math.random() * 100_000)}`;
