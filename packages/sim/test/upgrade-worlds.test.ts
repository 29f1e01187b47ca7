import { profiles } from "@hexraft/testing/simulator";
import { describe, expect, it } from "vitest";
import { campaign } from "../src/index.js";

const profile = {
  ...profiles.swarm,
  durationMs: 20_000,
  everyMs: 3_000,
  electionTimeoutMs: [300],
  sessionsEvery: 0,
  upgradesEvery: 1,
};

describe("worlds whose nodes are upgraded", () => {
  it("F05 nodes come back newer while everything fails, nobody meets what it cannot read, and the newest format is opened", async () => {
    const faults: string[] = [];
    const { coverage } = await campaign({
      world: "files",
      profile,
      firstSeed: 1,
      seeds: 8,
      onViolation: ({ seed, violation }) => faults.push(`seed ${seed}: ${violation}`),
    });
    expect(faults).toEqual([]);
    const wanted = ["upgrades.restarts", "upgrades.opened", "snapshotInstalls"];
    expect(wanted.filter((what) => (coverage[what] ?? 0) === 0)).toEqual([]);
  }, 60_000);
});
