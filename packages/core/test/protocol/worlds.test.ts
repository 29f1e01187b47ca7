import { describe, expect, it } from "vitest";
import { jointMembership } from "../support/joint-membership.js";
import { seeded, World } from "../support/world.js";

const WORLDS = Number(process.env.HEXRAFT_WORLDS ?? 150);
const FIRST = Number(process.env.HEXRAFT_SEED ?? 1);
const EVENTS = 1_500;
/** They wait for nobody, but a machine may be busy with other things. */
const TIMEOUT_MS = 60_000 + WORLDS * 500;

/** Plays the worlds of one kind; what happened in them, by name. */
function play(first: number, isChanging: boolean): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let seed = first; seed < first + WORLDS; seed++) {
    const random = seeded(seed);
    const ids = random() < 0.7 ? ["a", "b", "c"] : ["a", "b", "c", "d", "e"];
    const sizes = {
      cacheBytesMax: random() < 0.5 ? 1_024 : 64 * 1024,
      compactionMarginEntries: Math.floor(random() * 5),
      windowMessagesMax: 1 + Math.floor(random() * 8),
    };
    const changing = {
      membership: jointMembership,
      strangers: ["x", "y"],
      catchUpMarginEntries: Math.floor(random() * 9),
    };
    const world = new World(ids, random, isChanging ? { ...sizes, ...changing } : sizes, isChanging);
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
  return counts;
}

const missing = (counts: Record<string, number>, ...whats: string[]): string[] =>
  whats.filter((what) => (counts[what] ?? 0) === 0);

describe("random worlds of pure nodes", () => {
  it(
    "E02 R02 R05 R07 R08 Q01 hold through loss, reordering, late disks, crashes, snapshots and transfers, and after heal all agree",
    () => {
      const counts = play(FIRST, false);
      const shown = ["elections", "committed", "truncated", "crash", "snapshot loaded", "fetched", "read served"];
      expect(missing(counts, ...shown)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    "M02 M03 M05 M06 and the same hold while members come and go",
    () => {
      const counts = play(FIRST, true);
      const shown = ["elections", "committed", "crash", "change made", "change refused LeadershipLost"];
      expect(missing(counts, ...shown)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
