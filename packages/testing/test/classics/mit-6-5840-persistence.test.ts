import { describe, expect, it } from "vitest";
import type { TestMember } from "../../src/index.js";
import { inLab, type Lab, T } from "./lab.js";

/*
 * The scenarios of MIT's course 6.5840, lab 3, parts C and D: crashes, churn and snapshots, re-expressed.
 */

describe("3C persistence", () => {
  it(
    "R16 E02 all crash, the leader crashes, a follower crashes: what was agreed upon is there",
    inLab(3, { seed: "3C one" }, async (lab) => {
      await lab.agree("11");
      lab.crash(...lab.cluster.members);
      await lab.restart(...lab.cluster.members);
      await lab.agree("12");
      for (const round of ["13", "14"]) {
        const leader = await lab.leader();
        lab.crash(leader);
        await lab.agree(round);
        await lab.restart(leader);
        await lab.agree(`${round} all`);
      }
      const [follower] = lab.followers(await lab.leader()) as [TestMember];
      lab.crash(follower);
      await lab.agree("15");
      await lab.restart(follower);
      await lab.agree("16");
      expect(follower.lines).toEqual(["11", "12", "13", "13 all", "14", "14 all", "15", "16"]);
    }),
  );

  it(
    "R16 E08 majorities that overlap in one node, crash and come back, five times",
    inLab(5, { seed: "3C two" }, async (lab) => {
      for (let round = 0; round < 5; round++) {
        await lab.agree(`all ${round}`);
        const leader = await lab.leader();
        const [a, b, c, d] = lab.followers(leader) as [TestMember, TestMember, TestMember, TestMember];
        lab.crash(a, b);
        await lab.agree(`three ${round}`);
        lab.crash(leader, c, d);
        await lab.restart(a, b);
        await lab.cluster.run(T);
        await lab.restart(d);
        await lab.agree(`others ${round}`);
        await lab.restart(leader, c);
      }
    }),
  );

  it(
    "R16 E08 a leader and one follower crash while the third is away",
    inLab(3, { seed: "3C three" }, async (lab) => {
      await lab.agree("101");
      const leader = await lab.leader();
      const [away, with_] = lab.followers(leader) as [TestMember, TestMember];
      lab.disconnect(away);
      await lab.agree("102");
      lab.crash(leader, with_);
      lab.connect(away);
      await lab.restart(leader);
      await lab.agree("103");
      await lab.restart(with_);
      await lab.agree("104");
      expect(away.lines).toEqual(["101", "102", "103", "104"]);
    }),
  );

  it.each([false, true])(
    "R05 E09 figure 8: leaders crash before or after they replicated, again and again, on a network that loses messages: %s",
    (unreliable) =>
      inLab(5, { seed: `3C figure 8 ${unreliable}` }, async (lab) => {
        if (unreliable) lab.unreliable();
        for (let round = 0; round < 250; round++) {
          for (const member of lab.cluster.up) lab.cluster.propose(`${round} at ${member.id}`, member.id);
          await lab.cluster.run(lab.random.next() < 0.2 ? lab.random.integer(1, 3 * T) : lab.random.integer(1, 13));
          const leader = lab.cluster.leader();
          if (leader !== undefined && lab.random.next() < 0.5) lab.crash(leader);
          const down = lab.cluster.members.filter(({ isUp }) => !isUp);
          if (lab.cluster.up.length < 3) await lab.restart(down[lab.random.integer(0, down.length - 1)] as TestMember);
        }
        expect(lab.cluster.leaderOfTerm.size).toBeGreaterThan(10);
      })(),
  );

  it(
    "R11 R19 agreement over a network that loses and doubles messages",
    inLab(5, { seed: "3C unreliable" }, async (lab) => {
      lab.unreliable();
      for (let round = 1; round < 20; round++) await lab.agree(...Array.from({ length: 5 }, (_, i) => `${round}.${i}`));
    }),
  );

  it.each([false, true])(
    "R16 C02 churn: clients write while nodes crash and are cut off; messages are lost: %s",
    (unreliable) =>
      inLab(5, { seed: `3C churn ${unreliable}` }, async (lab) => {
        if (unreliable) lab.unreliable();
        for (let round = 0; round < 20; round++) {
          const someone = () => lab.cluster.members[lab.random.integer(0, 4)] as TestMember;
          for (const { id } of lab.cluster.up) lab.cluster.propose(`${round} at ${id}`, id);
          if (lab.random.next() < 0.2) lab.disconnect(someone());
          if (lab.random.next() < 0.5) {
            const member = someone();
            if (!member.isUp) await lab.restart(member);
            lab.connect(member);
          }
          const victim = someone();
          if (victim.isUp && lab.random.next() < 0.2) lab.crash(victim);
          await lab.cluster.run(lab.random.integer(1, 7 * T) / 2);
        }
      })(),
  );
});

/** Snapshots every ten commands, as the course's tester takes them. */
const SNAPSHOTS = { snapshotEveryEntries: 10, compactionMarginEntries: 0 } as const;

async function snapshotScenario(lab: Lab, how: "stays" | "is cut off" | "crashes"): Promise<void> {
  await lab.agree("first");
  let leader = await lab.leader();
  for (let round = 0; round < 8; round++) {
    const victim = (round % 3 === 1 ? leader : lab.followers(leader)[round % 2]) as TestMember;
    if (how === "is cut off") lab.disconnect(victim);
    if (how === "crashes") lab.crash(victim);
    await lab.agree(...Array.from({ length: 25 }, (_, i) => `${round}.${i}`));
    if (how === "crashes") await lab.restart(victim);
    lab.connect(victim);
    await lab.agree(`${round} all`);
    leader = await lab.leader();
  }
  for (const member of lab.cluster.members) {
    expect(member.describe().base.index).toBeGreaterThan(100);
    expect(member.lines.filter((line) => line.endsWith(" all"))).toHaveLength(8);
  }
}

describe("3D snapshots", () => {
  for (const [how, rules, unreliable] of [
    ["stays", "S01 S03", false],
    ["is cut off", "S04 S05", false],
    ["is cut off", "S04 S05 R19", true],
    ["crashes", "S04 S06 R16", false],
    ["crashes", "S04 S06 R16 R19", true],
  ] as const) {
    it(`${rules} logs stay short and all agree while one ${how}${unreliable ? ", over a network that loses messages" : ""}`, () =>
      inLab(3, { seed: `3D ${how} ${unreliable}`, options: SNAPSHOTS }, async (lab) => {
        if (unreliable) lab.unreliable();
        await snapshotScenario(lab, how);
        expect(lab.cluster.messages("InstallSnapshot").length).toBeGreaterThanOrEqual(how === "stays" ? 0 : 1);
      })());
  }

  it(
    "S06 R16 all crash again and again, and come back from snapshot and log",
    inLab(3, { seed: "3D all crash", options: SNAPSHOTS }, async (lab) => {
      for (let round = 0; round < 5; round++) {
        await lab.agree(...Array.from({ length: 12 + lab.random.integer(0, 10) }, (_, i) => `${round}.${i}`));
        const [index] = lab.cluster.members.map((member) => member.describe().commitIndex);
        lab.crash(...lab.cluster.members);
        await lab.restart(...lab.cluster.members);
        await lab.agree(`${round} all`);
        expect((await lab.leader()).describe().commitIndex).toBeGreaterThan(index ?? 0);
      }
    }),
  );

  it(
    "S01 R16 a snapshot is there after a restart before anything else is, and a second restart finds it again",
    inLab(3, { seed: "3D init", options: SNAPSHOTS }, async (lab) => {
      await lab.agree(...Array.from({ length: 30 }, (_, i) => `a ${i}`));
      for (let round = 0; round < 2; round++) {
        lab.crash(...lab.cluster.members);
        await lab.restart(...lab.cluster.members);
        await lab.agree(`after ${round}`);
      }
      for (const { lines } of lab.cluster.members) {
        expect(lines).toHaveLength(32);
        expect(lines.slice(-2)).toEqual(["after 0", "after 1"]);
      }
    }),
  );
});
