import { planOf, profiles } from "@hexraft/testing/simulator";
import { describe, expect, it } from "vitest";
import { runSeed } from "../src/run-seed.js";

/** Seeds that once failed; whatever they told of is mended, so each is quiet now. */
describe("seeds that found a mistake", () => {
  it.each([
    [
      "M09",
      907,
      "two voters, told late of removals that newer configurations had taken back, stood for no election ever again",
    ],
    ["L04", 63, "a disk died under a node that had nothing to write, and nobody was told"],
  ] as const)("%s swarm %i: %s", { timeout: 60_000 }, async (_rule, seed, _story) => {
    const { violation } = await runSeed("files", planOf(seed, profiles.swarm));
    expect(violation).toBeUndefined();
  });
});

describe("seeds that were a false alarm", () => {
  it.each([
    ["load", 120, "so many disks were replaced that half of the voters had lost their data"],
    ["load", 195, "an empty disk was put in after all nodes had been stopped, and the new life was taken for a leak"],
    ["membership", 25, "a write that a slow disk had begun outlived the fault, and nobody waited for it"],
  ] as const)("I17 %s %i: %s", { timeout: 60_000 }, async (profile, seed, _story) => {
    const { violation } = await runSeed("files", planOf(seed, profiles[profile]));
    expect(violation).toBeUndefined();
  });
});
