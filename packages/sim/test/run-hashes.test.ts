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
        "1": "578daaafb70f7b05",
        "10": "d258429198b3424d",
        "2": "fc9f5e7a5aaff35d",
        "3": "d8e117d739b85f77",
      }
    `);
  }, 120_000);
});
