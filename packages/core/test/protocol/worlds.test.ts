import { describe, expect, it } from "vitest";
import { seeded, World } from "../support/world.js";

const WORLDS = Number(process.env.HEXRAFT_WORLDS ?? 150);
const FIRST = Number(process.env.HEXRAFT_SEED ?? 1);
const EVENTS = 1_500;

describe("random worlds of pure nodes", () => {
  it("E02 R02 R05 R07 R08 Q01 hold through loss, reordering, late disks, crashes, snapshots and transfers, and after heal all agree", () => {
    const counts: Record<string, number> = {};
    for (let seed = FIRST; seed < FIRST + WORLDS; seed++) {
      const random = seeded(seed);
      const ids = random() < 0.7 ? ["a", "b", "c"] : ["a", "b", "c", "d", "e"];
      const world = new World(ids, random, {
        cacheBytesMax: random() < 0.5 ? 1_024 : 64 * 1024,
        compactionMarginEntries: Math.floor(random() * 5),
        windowMessagesMax: 1 + Math.floor(random() * 8),
      });
      try {
        for (let event = 0; event < EVENTS; event++) world.act();
        world.heal();
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
      for (const [what, count] of Object.entries(world.counts)) counts[what] = (counts[what] ?? 0) + count;
      counts.committed = (counts.committed ?? 0) + world.committed.size;
      counts.elections = (counts.elections ?? 0) + world.leaders.size;
    }
    if (process.env.HEXRAFT_WORLDS !== undefined) console.log(counts);
    const shown = ["elections", "committed", "truncated", "crash", "snapshot loaded", "fetched", "read served"];
    expect(shown.filter((what) => (counts[what] ?? 0) === 0)).toEqual([]);
  });
});
