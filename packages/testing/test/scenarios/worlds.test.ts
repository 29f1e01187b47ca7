import { describe, expect, it } from "vitest";
import { RandomWorld } from "./random-world.js";

const SEEDS = Number(process.env["WORLDS"] ?? 12);
const FIRST = Number(process.env["WORLD"] ?? 1);

describe("random worlds of real nodes", () => {
  it.each(Array.from({ length: SEEDS }, (_, i) => FIRST + i))(
    "E17 R14 R16 Q01 C02 world %i: nothing acknowledged is lost, nothing is applied twice or differently, no read is stale, and all converge",
    async (seed) => {
      const world = new RandomWorld({ seed: `world ${seed}`, steps: 150 });
      await world.run();
      const [first, ...rest] = world.cluster.members;
      for (const { lines } of rest) expect(lines).toEqual(first?.lines);
    },
    120_000,
  );

  it.each(Array.from({ length: SEEDS }, (_, i) => FIRST + i))(
    "F05 world %i of three releases: commands of each are taken once all know it, no replica meets what it cannot read, and in the end the newest is open",
    async (seed) => {
      const world = new RandomWorld({ seed: `releases ${seed}`, steps: 150, releases: 3 });
      await world.run();
      const { members } = world.cluster;
      const events = members.flatMap((member) => member.events.map(({ event }) => event));
      const gates = new Set(events.flatMap((event) => (event.kind === "format" ? [event.formatVersion] : [])));
      expect(Math.max(...gates)).toBe(3);
      const errors = events.flatMap((event) => (event.kind === "error" ? [event.reason] : []));
      expect(errors.filter((reason) => !reason.startsWith("snapshot not saved"))).toEqual([]);
    },
    120_000,
  );

  it("E03 the same seed gives the same world, to the last message", async () => {
    const runs = await Promise.all(
      [1, 2].map(async () => {
        const world = new RandomWorld({ seed: "twice", steps: 60 });
        await world.run();
        return { actions: world.cluster.time.actionsRun, seen: world.cluster.seen };
      }),
    );
    expect(runs[0]).toEqual(runs[1]);
  });
});
