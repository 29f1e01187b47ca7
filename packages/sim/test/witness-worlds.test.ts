import { put } from "@hexraft/statemachine-kv";
import { play, profiles } from "@hexraft/testing/simulator";
import { describe, expect, it } from "vitest";
import { campaign, worlds } from "../src/index.js";

const cast = { nodes: 3, witnesses: ["n3"], options: { electionTimeoutMs: 300 } };

describe("worlds with a witness", () => {
  it("M12 it votes, keeps no payloads, never leads, and what is committed with it alone stays", async () => {
    const faults: string[] = [];
    const { coverage } = await campaign({
      world: "files",
      profile: { ...profiles.swarm, durationMs: 20_000, everyMs: 3_000, electionTimeoutMs: [300], witnessEvery: 1 },
      firstSeed: 1,
      seeds: 8,
      onViolation: ({ seed, violation }) => faults.push(`seed ${seed}: ${violation}`),
    });
    expect(faults).toEqual([]);
    const wanted = ["witness.ballots", "witness.snapshotsSaved", "witness.snapshotInstalls"];
    expect(wanted.filter((what) => (coverage[what] ?? 0) === 0)).toEqual([]);
  }, 60_000);

  it("M12 with one full member away the other and the witness go on, through crashes of both", async () => {
    const report = await play(worlds.files, cast, async (stage) => {
      await stage.agree(put("k", "0"));
      stage.crash("n2");
      for (let i = 1; i <= 5; i++) {
        await stage.agreed(put("k", String(i)));
        stage.crash("n1", "n3");
        await stage.restart("n1", "n3");
        expect(await stage.awaitLeader()).toBe("n1");
      }
      await stage.restart("n2");
      await stage.settled();
    });
    expect(report.violation?.message).toBeUndefined();
    expect(report.counts["witness.ballots"]).toBeGreaterThanOrEqual(5);
  });

  it("M12 M13 one whose disk is empty is added anew as a witness, and votes again", async () => {
    const report = await play(worlds.files, cast, async (stage) => {
      await stage.agree(put("k", "1"));
      stage.inflict({ kind: "wipe", node: "n3" })();
      await stage.until("it votes again", () => {
        const leader = stage.leader();
        const { voters = [], witnesses = [] } =
          leader === undefined ? {} : stage.view(leader).configuration.configuration;
        return voters.includes("n3") && witnesses.includes("n3") && stage.up.includes("n3");
      });
      await stage.agree(put("k", "2"));
    });
    expect(report.violation?.message).toBeUndefined();
    expect(report.counts["operator.rejoin.ok"]).toBe(1);
  });
});
