import { planOf, profiles } from "@hexraft/testing/simulator";
import { describe, expect, it } from "vitest";
import { runSeed } from "../src/run-seed.js";

/** Seeds that once failed; each told of a mistake of the simulator's own, so each is quiet now. */
describe("seeds that once were a false alarm", () => {
  it.each([
    ["load", 120, "so many disks were replaced that half of the voters had lost their data"],
    ["load", 195, "an empty disk was put in after all nodes had been stopped, and the new life was taken for a leak"],
    ["membership", 25, "a write that a slow disk had begun outlived the fault, and nobody waited for it"],
  ] as const)("I17 %s %i: %s", { timeout: 60_000 }, async (profile, seed, _story) => {
    const { violation } = await runSeed("files", planOf(seed, profiles[profile]));
    expect(violation).toBeUndefined();
  });
});
