import type { NodeId } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { type KvStage, said, say, story, T, texts, unreliable } from "./support.js";

/*
 * The scenarios of MIT's course 6.5840, lab 3, parts C and D: crashes, churn and snapshots, re-expressed.
 */

describe("3C persistence", () => {
  it(
    "R16 E02 all crash, the leader crashes, a follower crashes: what was agreed upon is there",
    story({ nodes: 3 }, async (stage) => {
      await stage.agree(say("11"));
      stage.crash(...stage.ids);
      await stage.restart(...stage.ids);
      await stage.agree(say("12"));
      for (const round of ["13", "14"]) {
        const leader = await stage.awaitLeader();
        stage.crash(leader);
        await stage.agree(say(round));
        await stage.restart(leader);
        await stage.agree(say(`${round} all`));
      }
      const [follower] = stage.others(await stage.awaitLeader()) as [NodeId];
      stage.crash(follower);
      await stage.agree(say("15"));
      await stage.restart(follower);
      await stage.agree(say("16"));
      expect(said(stage, follower)).toEqual(["11", "12", "13", "13 all", "14", "14 all", "15", "16"]);
    }),
  );

  it(
    "R16 E08 majorities that overlap in one node, crash and come back, five times",
    story({ nodes: 5 }, async (stage) => {
      for (let round = 0; round < 5; round++) {
        await stage.agree(say(`all ${round}`));
        const leader = await stage.awaitLeader();
        const [a, b, c, d] = stage.others(leader) as [NodeId, NodeId, NodeId, NodeId];
        stage.crash(a, b);
        await stage.agree(say(`three ${round}`));
        stage.crash(leader, c, d);
        await stage.restart(a, b);
        await stage.pass(T);
        await stage.restart(d);
        await stage.agree(say(`others ${round}`));
        await stage.restart(leader, c);
      }
      const leader = await stage.settled();
      expect(said(stage, leader)).toHaveLength(15);
    }),
  );

  it(
    "R16 E08 a leader and one follower crash while the third is away",
    story({ nodes: 3 }, async (stage) => {
      await stage.agree(say("101"));
      const leader = await stage.awaitLeader();
      const [away, beside] = stage.others(leader) as [NodeId, NodeId];
      stage.isolate(away);
      await stage.agree(say("102"));
      stage.crash(leader, beside);
      stage.join(away);
      await stage.restart(leader);
      await stage.agree(say("103"));
      await stage.restart(beside);
      await stage.agree(say("104"));
      expect(said(stage, away)).toEqual(["101", "102", "103", "104"]);
    }),
  );

  it.each([false, true])(
    "R05 E09 figure 8: leaders crash before or after they replicated, again and again, on a network that loses messages: %s",
    (isUnreliable) =>
      story({ nodes: 5 }, async (stage) => {
        if (isUnreliable) unreliable(stage);
        const { random } = stage;
        for (let round = 0; round < 200; round++) {
          for (const id of stage.up) stage.propose(say(`${round} at ${id}`), id);
          await stage.pass(random.next() < 0.2 ? random.integer(1, 3 * T) : random.integer(1, 13));
          const leader = stage.leader();
          if (leader !== undefined && random.next() < 0.5) stage.crash(leader);
          const down = stage.others(...stage.up);
          if (stage.up.length < 3) await stage.restart(down[random.integer(0, down.length - 1)] as NodeId);
        }
        expect(stage.leaderOfTerm.size).toBeGreaterThan(10);
      })(),
  );

  it(
    "R11 R19 agreement over a network that loses and doubles messages",
    story({ nodes: 5 }, async (stage) => {
      unreliable(stage);
      for (let round = 1; round < 20; round++) await stage.agree(...texts(5, `${round}`));
      expect(stage.messages("AppendEntries", { fate: "doubled" }).length).toBeGreaterThan(0);
    }),
  );

  it.each([false, true])(
    "R16 C02 churn: clients write while nodes crash and are cut off; messages are lost: %s",
    (isUnreliable) =>
      story({ nodes: 5 }, async (stage) => {
        if (isUnreliable) unreliable(stage);
        const { random } = stage;
        const someone = (): NodeId => stage.ids[random.integer(0, 4)] as NodeId;
        const calls = [];
        for (let round = 0; round < 20; round++) {
          for (const id of stage.up) calls.push(stage.propose(say(`${round} at ${id}`), id));
          if (random.next() < 0.2) stage.isolate(someone());
          if (random.next() < 0.5) {
            const id = someone();
            if (!stage.up.includes(id)) await stage.restart(id);
            stage.join(id);
          }
          const victim = someone();
          if (stage.up.includes(victim) && random.next() < 0.2) stage.crash(victim);
          await stage.pass(random.integer(1, 7 * T) / 2);
        }
        // Some were done, some refused: what was done is in the end on every node (I16).
        expect(new Set(calls.map(({ outcome }) => outcome))).toContain("ok");
      })(),
  );
});

/** Snapshots every ten commands, as the course's tester takes them. */
const SNAPSHOTS = { snapshotEveryEntries: 10, compactionMarginEntries: 0 } as const;

async function snapshots(stage: KvStage, how: "stays" | "is cut off" | "crashes"): Promise<void> {
  await stage.agree(say("first"));
  let leader = await stage.awaitLeader();
  for (let round = 0; round < 8; round++) {
    const victim = (round % 3 === 1 ? leader : stage.others(leader)[round % 2]) as NodeId;
    if (how === "is cut off") stage.isolate(victim);
    if (how === "crashes") stage.crash(victim);
    await stage.agree(...texts(25, `${round}`));
    if (how === "crashes") await stage.restart(victim);
    stage.join(victim);
    await stage.agree(say(`${round} all`));
    leader = await stage.awaitLeader();
  }
  // Who came back last has all of its one segment again (S03), until it has compacted that in this life.
  for (const round of ["one more", "and another"]) await stage.agree(...texts(12, round));
  for (const id of stage.ids) {
    expect(stage.view(id).base.index).toBeGreaterThan(100);
    expect(new Set(said(stage, id).filter((text) => text.endsWith(" all"))).size).toBe(8);
  }
}

describe("3D snapshots", () => {
  for (const [how, rules, isUnreliable] of [
    ["stays", "S01 S03", false],
    ["is cut off", "S04 S05", false],
    ["is cut off", "S04 S05 R19", true],
    ["crashes", "S04 S06 R16", false],
    ["crashes", "S04 S06 R16 R19", true],
  ] as const) {
    it(
      `${rules} logs stay short and all agree while one ${how}${isUnreliable ? ", over a network that loses messages" : ""}`,
      story({ nodes: 3, options: SNAPSHOTS }, async (stage) => {
        if (isUnreliable) unreliable(stage);
        await snapshots(stage, how);
        expect(stage.messages("InstallSnapshot").length).toBeGreaterThanOrEqual(how === "stays" ? 0 : 1);
      }),
    );
  }

  it(
    "S06 R16 all crash again and again, and come back from snapshot and log",
    story({ nodes: 3, options: SNAPSHOTS }, async (stage) => {
      for (let round = 0; round < 5; round++) {
        await stage.agree(...texts(12 + stage.random.integer(0, 10), `${round}`));
        const { commitIndex } = stage.view(await stage.awaitLeader());
        stage.crash(...stage.ids);
        await stage.restart(...stage.ids);
        await stage.agree(say(`${round} all`));
        expect(stage.view(await stage.awaitLeader()).commitIndex).toBeGreaterThan(commitIndex);
      }
    }),
  );

  it(
    "S01 R16 a snapshot is there after a restart before anything else is, and a second restart finds it again",
    story({ nodes: 3, options: SNAPSHOTS }, async (stage) => {
      await stage.agree(...texts(30, "a"));
      const isSaved = (id: NodeId): boolean => (stage.view(id).snapshot?.index ?? 0) >= 20;
      await stage.until("all have a snapshot", () => stage.ids.every(isSaved));
      for (let round = 0; round < 2; round++) {
        stage.crash(...stage.ids);
        await stage.restart(...stage.ids);
        for (const id of stage.ids) expect(stage.view(id).appliedIndex).toBeGreaterThanOrEqual(20);
        await stage.agree(say(`after ${round}`));
      }
      for (const id of stage.ids) expect(said(stage, id).slice(-2)).toEqual(["after 0", "after 1"]);
    }),
  );
});
