import { describe, expect, it } from "vitest";
import { exponential, scaled } from "../../src/simulator/chance.js";
import { SeededRandom } from "../../src/time/seeded-random.js";

const many = (draw: () => number): readonly number[] => Array.from({ length: 20_000 }, draw).toSorted((a, b) => a - b);
const at = (sorted: readonly number[], share: number): number => sorted[Math.floor(sorted.length * share)] as number;

describe("chance out of exact arithmetic", () => {
  it("I19 draws waits as a logarithm would", () => {
    const random = new SeededRandom("exponential");
    const waits = many(() => exponential(random));
    expect(waits.reduce((sum, wait) => sum + wait, 0) / waits.length).toBeCloseTo(1, 1);
    for (const share of [0.1, 0.5, 0.9, 0.99])
      expect(Math.abs(at(waits, share) / -Math.log(1 - share) - 1)).toBeLessThan(0.06);
  });

  it("I19 draws sizes as a power would", () => {
    const random = new SeededRandom("scaled");
    const sizes = many(() => scaled(random, 0.5, 800));
    expect(sizes[0]).toBeGreaterThanOrEqual(0.5);
    expect(sizes.at(-1)).toBeLessThan(800);
    for (const share of [0.25, 0.5, 0.75])
      expect(Math.abs(at(sizes, share) / (0.5 * 1_600 ** share) - 1)).toBeLessThan(0.1);
  });
});
