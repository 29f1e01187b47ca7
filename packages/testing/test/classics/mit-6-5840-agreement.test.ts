import { describe, expect, it } from "vitest";
import type { TestMember } from "../../src/index.js";
import { inLab, T } from "./lab.js";

/*
 * The scenarios of MIT's course 6.5840, lab 3, parts A and B: what their tester does to a cluster, re-expressed; what it
 * expects is I1–I5, judged over the whole history, and agreement at the end.
 */
const isLinked = (member: TestMember) => member.describe().role === "leader";

describe("3A elections", () => {
  it(
    "E10 E17 the first election has one leader, and without a failure it stays",
    inLab(3, { seed: "3A initial" }, async (lab) => {
      const leader = await lab.cluster.settled();
      const { term } = leader.describe();
      await lab.cluster.run(4 * T);
      expect(lab.cluster.members.filter(isLinked)).toEqual([leader]);
      for (const member of lab.cluster.members) expect(member.describe().term).toBe(term);
    }),
  );

  it(
    "E07 E16 a leader that is cut off is replaced, steps aside when it is back, and without a quorum nobody leads",
    inLab(3, { seed: "3A re-election" }, async (lab) => {
      const first = await lab.leader();
      lab.disconnect(first);
      const second = await lab.leader();
      lab.connect(first);
      await lab.cluster.settled();
      expect([isLinked(first), isLinked(second)]).toEqual([false, true]);
      const [other] = lab.followers(second);
      lab.disconnect(second, other as TestMember);
      await lab.cluster.run(4 * T);
      expect(lab.cluster.members.filter(isLinked)).toEqual([]);
      lab.connect(other as TestMember);
      await lab.leader();
      lab.connect(second);
      await lab.cluster.settled();
    }),
  );

  it(
    "E12 E16 of seven, three at random are cut off, ten times: the others have one leader",
    inLab(7, { seed: "3A many" }, async (lab) => {
      for (let round = 0; round < 10; round++) {
        const members = lab.some(3);
        lab.disconnect(...members);
        await lab.leader();
        await lab.cluster.run(2 * T);
        expect(lab.connected.filter(isLinked)).toHaveLength(1);
        lab.connect(...members);
      }
    }),
  );
});

describe("3B agreement", () => {
  it(
    "R05 R14 nothing is applied before it was proposed, and what was is applied everywhere in order",
    inLab(3, { seed: "3B basic" }, async (lab) => {
      for (const command of ["1", "2", "3"]) {
        for (const { lines } of lab.cluster.members) expect(lines).not.toContain(command);
        await lab.agree(command);
      }
      for (const { lines } of lab.cluster.members) expect(lines).toEqual(["1", "2", "3"]);
    }),
  );

  it(
    "R09 R11 each command is sent to each follower once: bytes",
    inLab(3, { seed: "3B bytes" }, async (lab) => {
      await lab.agree("first");
      const [count, bytes] = [10, 5_000];
      const since = lab.cluster.time.now();
      for (let i = 0; i < count; i++) await lab.agree(`${i}`.padEnd(bytes, "x"));
      expect(lab.entryBytes(since)).toBeLessThan(2 * count * bytes + 5_000);
    }),
  );

  it(
    "R05 E16 followers fail one after the other: two agree, one alone does not",
    inLab(3, { seed: "3B followers" }, async (lab) => {
      await lab.agree("101");
      const leader = await lab.leader();
      const [one, two] = lab.followers(leader) as [TestMember, TestMember];
      lab.disconnect(one);
      await lab.agree("102");
      await lab.agree("103");
      lab.disconnect(two);
      const alone = lab.cluster.propose("104", leader.id);
      await lab.cluster.run(4 * T);
      expect(alone.state).toBe("unknown");
      for (const { lines } of lab.cluster.members) expect(lines).not.toContain("104");
    }),
  );

  it(
    "E08 R05 leaders fail one after the other: two agree, one alone does not",
    inLab(3, { seed: "3B leaders" }, async (lab) => {
      await lab.agree("101");
      lab.disconnect(await lab.leader());
      await lab.agree("102");
      await lab.agree("103");
      const second = await lab.leader();
      lab.disconnect(second);
      const alone = lab.cluster.members.map(({ id }) => lab.cluster.propose("104", id));
      await lab.cluster.run(4 * T);
      expect(alone.some(({ state }) => state === "ok")).toBe(false);
      for (const { lines } of lab.cluster.members) expect(lines).not.toContain("104");
    }),
  );

  it(
    "R04 R19 a follower that comes back gets what it missed, and the leader stays",
    inLab(3, { seed: "3B fail agree" }, async (lab) => {
      await lab.agree("101");
      const leader = await lab.leader();
      const [away] = lab.followers(leader) as [TestMember];
      lab.disconnect(away);
      for (const command of ["102", "103", "104", "105"]) await lab.agree(command);
      await lab.cluster.run(2 * T);
      lab.connect(away);
      await lab.agree("106", "107");
      expect(away.lines).toEqual(["101", "102", "103", "104", "105", "106", "107"]);
      expect(isLinked(leader)).toBe(true);
    }),
  );

  it(
    "R05 E16 with three of five away nothing is agreed upon; when they are back everything is again",
    inLab(5, { seed: "3B no agree" }, async (lab) => {
      await lab.agree("10");
      const leader = await lab.leader();
      const away = lab.followers(leader).slice(0, 3);
      lab.disconnect(...away);
      const never = lab.cluster.propose("20", leader.id);
      await lab.cluster.run(4 * T);
      expect(never.state).toBe("unknown");
      lab.connect(...away);
      await lab.agree("30");
      await lab.agree("1000");
    }),
  );

  it(
    "R09 R14 commands proposed at once get indices of their own, and all are applied",
    inLab(3, { seed: "3B concurrent" }, async (lab) => {
      const commands = Array.from({ length: 50 }, (_, i) => `${100 + i}`);
      await lab.agree(...commands);
      for (const { lines } of lab.cluster.members) expect(lines.toSorted((a, b) => +a - +b)).toEqual(commands);
    }),
  );

  it(
    "R02 R04 a leader that is back with entries that nobody wanted loses them, and its successor too",
    inLab(3, { seed: "3B rejoin" }, async (lab) => {
      await lab.agree("101");
      const first = await lab.leader();
      lab.disconnect(first);
      for (const command of ["102", "103", "104"]) lab.cluster.propose(command, first.id);
      await lab.agree("105");
      const second = await lab.leader();
      lab.disconnect(second);
      lab.connect(first);
      await lab.agree("106");
      lab.connect(second);
      await lab.agree("107");
      for (const { lines } of lab.cluster.members) expect(lines).toEqual(["101", "105", "106", "107"]);
    }),
  );

  it(
    "R02 R04 E08 a leader backs up quickly over long logs that conflict",
    inLab(5, { seed: "3B backup" }, async (lab) => {
      const fifty = (what: string) => Array.from({ length: 50 }, (_, i) => `${what} ${i}`);
      const proposeAt = (member: TestMember, what: string) => {
        for (const command of fifty(what)) lab.cluster.propose(command, member.id);
      };
      await lab.agree("first");
      const one = await lab.leader();
      const [partner, ...three] = lab.followers(one) as [TestMember, TestMember, TestMember, TestMember];
      lab.disconnect(...three);
      proposeAt(one, "lost with one");
      await lab.cluster.run(T);
      lab.disconnect(one, partner);
      lab.connect(...three);
      await lab.agree(...fifty("kept by three"));
      const two = await lab.leader();
      const [behind, last] = three.filter((member) => member !== two) as [TestMember, TestMember];
      lab.disconnect(behind);
      await lab.cluster.run(1);
      proposeAt(two, "kept or lost with two");
      await lab.cluster.run(T);
      lab.disconnect(...lab.cluster.members);
      lab.connect(one, partner, behind);
      await lab.agree(...fifty("kept by the last three"));
      lab.connect(last, two);
      const since = lab.cluster.time.now();
      await lab.agree("all");
      // R04: one round trip per term that differs, not one per entry.
      expect(
        lab.cluster.messages("AppendEntriesResponse", { since }).filter(({ success }) => !success).length,
      ).toBeLessThan(40);
    }),
  );

  it("R09 R19 no more requests than are needed: for an election, for ten agreements, for a second of rest", async () => {
    const options = { electionTimeoutMs: 500 };
    await inLab(3, { seed: "3B count", options }, async (lab) => {
      await lab.cluster.settled();
      expect(lab.requests()).toBeLessThanOrEqual(30);
      await lab.agree("first");
      let since = lab.cluster.time.now();
      const leader = await lab.leader();
      const outcomes = Array.from({ length: 10 }, (_, i) => lab.cluster.propose(`${i}`, leader.id));
      await lab.cluster.until(() => outcomes.every(({ state }) => state === "ok"), 4 * T);
      expect(lab.requests(since)).toBeLessThanOrEqual((10 + 1 + 3) * 3);
      since = lab.cluster.time.now();
      await lab.cluster.run(1_000);
      expect(lab.requests(since)).toBeLessThanOrEqual(3 * 20);
    })();
  });
});
