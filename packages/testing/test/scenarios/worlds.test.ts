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
