import { describe, expect, it } from "vitest";
import {
  HEAP_GROWTH_MIB_MAX,
  type HeapLook,
  HeapWatch,
  heapTrend,
  LOOK_EVERY_SEEDS,
  WARM_UP_SEEDS,
} from "../src/heap-watch.js";

const looksUpTo = (seeds: number, mibAt: (seeds: number) => number): readonly HeapLook[] =>
  Array.from({ length: (seeds - WARM_UP_SEEDS) / LOOK_EVERY_SEEDS + 1 }, (_, i) => {
    const at = WARM_UP_SEEDS + LOOK_EVERY_SEEDS * i;
    return { seeds: at, mib: mibAt(at) };
  });
/** What a look finds more or less of than the one before, without meaning anything by it. */
const unrest = (seeds: number): number => ((seeds / LOOK_EVERY_SEEDS) % 3) / 3;

describe("what lives in a thread that runs many seeds", () => {
  it("I17 is looked at after a collection amid a run, each so many seeds once it is warm, and never where none can be asked for", async () => {
    const happened: string[] = [];
    const amidRun = async (look: () => void): Promise<void> => {
      happened.push("run begins");
      look();
      happened.push("run ends");
    };
    const looks: HeapLook[] = [];
    const watch = new HeapWatch(amidRun, () => happened.push("collected"));
    const blind = new HeapWatch(amidRun, null);
    for (let seed = 1; seed <= WARM_UP_SEEDS + LOOK_EVERY_SEEDS; seed++) {
      const look = await watch.ran();
      if (look !== undefined) looks.push(look);
      expect(await blind.ran()).toBeUndefined();
    }
    const once = ["run begins", "collected", "run ends"];
    expect(happened).toEqual([...once, ...once]);
    expect(looks.map(({ seeds }) => seeds)).toEqual([WARM_UP_SEEDS, WARM_UP_SEEDS + LOOK_EVERY_SEEDS]);
    expect(looks.at(-1)?.mib).toBeGreaterThan(1);
  });

  it("I17 is flat if it grows while code is compiled, and levels off", () => {
    const levels = looksUpTo(2_000, (seeds) => 22 - 4 * Math.exp(-seeds / 100) + unrest(seeds));
    const trend = heapTrend(levels);
    expect(trend?.first).toBeLessThan(22);
    expect(Math.abs(trend?.growthPer1000Seeds ?? Number.NaN)).toBeLessThan(HEAP_GROWTH_MIB_MAX / 5);
  });

  it("I17 grows too much if each seed leaves two kilobytes behind", () => {
    const leaks = looksUpTo(2_000, (seeds) => 22 + seeds / 512 + unrest(seeds));
    expect(heapTrend(leaks)?.growthPer1000Seeds).toBeGreaterThan(HEAP_GROWTH_MIB_MAX);
  });

  it("I17 shows no trend in a few hundred seeds", () => {
    expect(heapTrend([])).toBeUndefined();
    expect(heapTrend(looksUpTo(400, (seeds) => 20 + seeds / 100))).toEqual({
      first: 23,
      last: 24,
      growthPer1000Seeds: null,
    });
  });
});
