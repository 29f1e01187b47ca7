import { HexraftClient } from "@hexraft/client";
import type { Consistency } from "@hexraft/core";
import { get, put } from "@hexraft/statemachine-kv";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { STEADY_MS, ThreeNodes } from "./support/three-nodes.js";

let cluster: ThreeNodes;
beforeAll(async () => {
  cluster = await new ThreeNodes([], { electionTimeoutMs: STEADY_MS }).start();
});
afterAll(() => cluster.stop());

const client = () => new HexraftClient({ endpoints: cluster.endpoints, deadlineMs: 20_000, connectTimeoutMs: 500 });
const textOf = (value: Uint8Array | null) => (value === null ? null : Buffer.from(value).toString());

describe("reads of a HexraftClient", () => {
  it("Q01 Q05 Q06 Q08 in every consistency, from every node; one that must be new is new", async () => {
    const hexraft = client();
    for (let round = 0; round < 20; round++) {
      await hexraft.put("k", `${round}`);
      const { readToken } = hexraft;
      const ways: readonly Consistency[] = ["linearizable", "lease", { maxStalenessMs: 0 }, { atLeast: readToken }];
      for (const node of cluster.ids)
        for (const consistency of ways)
          expect([node, consistency, textOf(await hexraft.get("k", { from: { node }, consistency }))]).toEqual([
            node,
            consistency,
            `${round}`,
          ]);
      const local = await hexraft.get("k", { from: "any", consistency: "local" });
      expect(Number(textOf(local))).toBeLessThanOrEqual(round);
    }
    hexraft.close();
  });

  it("Q08 a client reads its own writes and never goes back, while leaders are killed, and another one is taken along", async () => {
    const hexraft = client();
    const companion = client();
    const load = { on: true };
    let written = 0;
    let looked = 0;
    const caller = (async () => {
      while (load.on) {
        const answered = await hexraft.propose(put("n", `${written + 1}`));
        expect(answered.outcome).toBe("ok");
        written++;
        const least = written;
        for (const [reader, from] of [
          [hexraft, "any"],
          [companion, { node: cluster.ids[looked % 3] as string }],
        ] as const) {
          const seen = await reader.read(get("n"), {
            from,
            consistency: { atLeast: hexraft.readToken },
            deadlineMs: 200,
          });
          if (seen.outcome !== "ok") continue; // the node named is the one that was killed
          expect(Number(textOf(seen.value.value))).toBeGreaterThanOrEqual(least);
          looked++;
        }
      }
    })();
    const more = (count: number) => {
      const goal = looked + count;
      return expect.poll(() => looked, { timeout: 40_000 }).toBeGreaterThan(goal);
    };
    await more(100);
    for (let kill = 0; kill < 2; kill++) {
      const leader = await cluster.leader();
      await cluster.of(leader).process.signal("SIGKILL");
      await more(50);
      await cluster.startOne(leader);
      await cluster.leader();
    }
    load.on = false;
    await caller;
    expect(looked).toBeGreaterThan(200);
    hexraft.close();
    companion.close();
  });
});
