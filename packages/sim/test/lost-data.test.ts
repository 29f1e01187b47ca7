import { put } from "@hexraft/statemachine-kv";
import { play, profiles } from "@hexraft/testing/simulator";
import { describe, expect, it } from "vitest";
import { campaign, worlds } from "../src/index.js";

const cast = { nodes: 3, options: { electionTimeoutMs: 300 } };

describe("a node that lost its data", () => {
  it("M13 whose directory is empty comes back as somebody else, and is a voter again in the end", async () => {
    const report = await play(worlds.files, cast, async (stage) => {
      await stage.agree(put("k", "1"));
      const [victim] = stage.others(await stage.awaitLeader());
      const before = stage.view(victim as string).configuration.configuration.members;
      stage.inflict({ kind: "wipe", node: victim as string })();
      await stage.until("it is a voter again, as another incarnation", () => {
        const leader = stage.leader();
        if (leader === undefined) return false;
        const { voters, members } = stage.view(leader).configuration.configuration;
        const incarnationIn = (list: typeof members) => list.find(({ id }) => id === victim)?.incarnation;
        return voters.includes(victim as string) && incarnationIn(members) !== incarnationIn(before);
      });
      await stage.agree(put("k", "2"));
    });
    expect(report.violation).toBeUndefined();
    expect(report.counts["operator.rejoin.ok"]).toBe(1);
  });

  it("T11 whose directory is one of long ago is heard by nobody who remembers it", async () => {
    const report = await play(worlds.files, cast, async (stage) => {
      const leader = await stage.awaitLeader();
      const [victim] = stage.others(leader) as [string];
      const putBack = stage.inflict({ kind: "restore", node: victim });
      for (let start = 0; start < 2; start++) {
        stage.crash(victim);
        await stage.restart(victim);
        await stage.agree(put("k", String(start)));
      }
      putBack();
      await stage.until("it runs", () => stage.up.includes(victim));
      const since = stage.now;
      await stage.pass(3_000);
      const dropped = stage.view(stage.leader(stage.others(victim)) as string).droppedMessages;
      expect(Object.values(dropped).some((count) => count > 0)).toBe(true);
      expect(stage.messages("Heartbeat", { from: victim, since })).toEqual([]);
    });
    expect(report.violation?.message).toBeUndefined();
  });

  it("L03 S09 M13 where disks rot everywhere nothing wrong is said", async () => {
    const faults: string[] = [];
    const report = await campaign({
      world: "files",
      profile: { ...profiles.rot, durationMs: 20_000, everyMs: 3_000, electionTimeoutMs: [300] },
      firstSeed: 7, // among these are disks that are repaired
      seeds: 6,
      onViolation: ({ seed, violation }) => faults.push(`seed ${seed}: ${violation}`),
    });
    expect(faults).toEqual([]);
    expect(report.coverage["damaged"]).toBeGreaterThan(0);
    expect(report.coverage["damage.repaired"]).toBeGreaterThan(0);
  }, 60_000);
});
