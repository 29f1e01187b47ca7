import { planOf, profiles } from "@hexraft/testing/simulator";
import { describe, expect, it } from "vitest";
import { runSeed } from "../src/run-seed.js";

/**
 * What a run is must not depend on the machine, its Node.js, or the order of anything that has none. Whoever means to change
 * what nodes, clients or faults do gets other hashes: `pnpm vitest run packages/sim/test/run-hashes.test.ts -u` writes them down.
 * A change that was to be faster and nothing else, and moves one, did something else.
 */
describe("runs that are the same everywhere", () => {
  it("I19 seeds 1, 2, 3 and 10 of the swarm are the runs that they were", async () => {
    const hashes: Record<number, string> = {};
    for (const seed of [1, 2, 3, 10]) {
      const { traceHash, violation } = await runSeed("files", planOf(seed, profiles.swarm));
      expect(violation).toBeUndefined();
      hashes[seed] = traceHash;
    }
    expect(hashes).toMatchInlineSnapshot(`
      {
        "1": "7d0ce4fb3ce56938",
        "10": "0b4c64d70d4335bd",
        "2": "840749aa6b14a65e",
        "3": "bde931807161feb7",
      }
    `);
  }, 120_000);
});
