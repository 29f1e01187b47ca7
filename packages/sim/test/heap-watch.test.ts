import { describe, expect, it } from "vitest";
import { HEAP_GROWTH_MIB_MAX, type HeapLook, HeapWatch, heapTrend, LOOK_EVERY_SEEDS } from "../src/heap-watch.js";

const looksUpTo = (seeds: number, mibAt: (seeds: number) => number): readonly HeapLook[] =>
  Array.from({ length: seeds / LOOK_EVERY_SEEDS }, (_, i) => LOOK_EVERY_SEEDS * (i + 1)).map((at) => ({
    seeds: at,
    mib: mibAt(at),
  }));
/** What a look finds more or less of than the one before, without meaning anything by it. */
const unrest = (seeds: number): number => ((seeds / LOOK_EVERY_SEEDS) % 3) / 3;

describe("what lives in a thread that runs many seeds", () => {
  it("I17 is looked at after a collection, each so many seeds, and never where none can be asked for", () => {
    let collected = 0;
    const watch = new HeapWatch(() => collected++);
    const looks = Array.from({ length: 2 * LOOK_EVERY_SEEDS }, () => watch.ran());
    expect(collected).toBe(2);
    expect(looks.flatMap((look) => look?.seeds ?? [])).toEqual([LOOK_EVERY_SEEDS, 2 * LOOK_EVERY_SEEDS]);
    expect(looks.at(-1)?.mib).toBeGreaterThan(1);
    const blind = new HeapWatch(null);
    expect(looks.flatMap(() => blind.ran() ?? [])).toEqual([]);
  });

  it("I17 is flat if it grows while code is compiled, and levels off", () => {
    const levels = looksUpTo(2_000, (seeds) => 22 - 4 * Math.exp(-seeds / 100) + unrest(seeds));
    const trend = heapTrend(levels);
    expect(trend?.first).toBeLessThan(20);
    expect(Math.abs(trend?.growthPer1000Seeds ?? Number.NaN)).toBeLessThan(HEAP_GROWTH_MIB_MAX / 5);
  });

  it("I17 grows too much if each seed leaves two kilobytes behind", () => {
    const leaks = looksUpTo(2_000, (seeds) => 22 + seeds / 512 + unrest(seeds));
    expect(heapTrend(leaks)?.growthPer1000Seeds).toBeGreaterThan(HEAP_GROWTH_MIB_MAX);
  });

  it("I17 shows no trend in a few hundred seeds", () => {
    expect(heapTrend([])).toBeUndefined();
    expect(heapTrend(looksUpTo(400, (seeds) => 20 + seeds / 100))).toEqual({
      first: 20.5,
      last: 24,
      growthPer1000Seeds: null,
    });
  });
});
