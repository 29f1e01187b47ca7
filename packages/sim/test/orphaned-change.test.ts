import { put } from "@hexraft/statemachine-kv";
import { play } from "@hexraft/testing/simulator";
import { describe, expect, it } from "vitest";
import { worlds } from "../src/index.js";

describe("a change asked of a leader in the instant at which it is cut off", () => {
  it("M01 M03 is on its disk alone, and undone when others have led", async () => {
    const report = await play(worlds.files, { nodes: 5, options: { electionTimeoutMs: 300 } }, async (stage) => {
      const leader = await stage.awaitLeader();
      await stage.agree(put("k", "1"));
      const [leaving] = stage.others(leader) as [string];
      const join = stage.inflict({ kind: "orphaned-change", node: leaving });
      await stage.until("others lead", () => stage.leader(stage.others(leader)) !== undefined);
      join();
      await stage.settled();
      expect(stage.view(leader).configuration.configuration.voters).toContain(leaving);
    });
    expect(report.violation?.message).toBeUndefined();
    expect(report.counts["configuration.undone"]).toBe(1);
  });
});
