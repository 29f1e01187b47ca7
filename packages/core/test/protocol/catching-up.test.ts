import { describe, expect, it } from "vitest";
import type { Configuration } from "../../src/model/configuration.js";
import type { Effect } from "../../src/protocol/effect.js";
import { inLetters, jointMembership, target } from "../support/joint-membership.js";
import { type Lab, type LabOptions, memberOf, T } from "../support/lab.js";
import { ordersOf } from "../support/messages.js";
import { ReadingLab } from "../support/reading-lab.js";

/** a leads {a, b, c} with a log of some entries; d and e run, and nobody knows them. */
function leading(options: LabOptions = {}): Lab {
  const lab = new ReadingLab(["a", "b", "c"], { membership: jointMembership, strangers: ["d", "e"], ...options });
  lab.elect("a");
  lab.propose("a", "x", "y", "z");
  return lab.settle().beat("a");
}
const change = (lab: Lab, to: Configuration, request = 1, expected: number | null = null): readonly Effect[] =>
  lab.step("a", { type: "ChangeRequested", request, target: to, expected });
const cancel = (lab: Lab, which: number | null = null) =>
  lab.step("a", { type: "ChangeCancelled", request: 9, change: which });
const answersOf = (lab: Lab) =>
  ordersOf(lab.node("a").seen, "ChangeAnswered").map(({ request, error }) => [
    request,
    error === null ? "done" : `${error.outcome} ${error.code}`,
  ]);
const reasonOf = (lab: Lab): string => ordersOf(lab.node("a").seen, "ChangeAnswered").at(-1)?.error?.message ?? "";
const ownOf = (lab: Lab, id = "a"): string => inLetters(lab.describe(id).configuration.configuration);

describe("M04 new voters catch up before anything is appended", () => {
  it("M04 the log goes to them outside the configuration, and only then comes the joint one", () => {
    const lab = leading();
    change(lab, target("ade"));
    expect([ownOf(lab), lab.describe("a").change?.stage]).toEqual([">abc", "catching-up"]);
    expect(lab.describe("a").peers.map(({ id }) => id)).toEqual(["b", "c", "d", "e"]);
    const { index } = lab.describe("a").last;
    for (let i = 0; i < 20 && ownOf(lab) === ">abc"; i++) {
      expect(lab.describe("a").last.index).toBe(index);
      for (const id of lab.nodes.keys()) lab.persist(id);
      lab.deliver();
    }
    expect(ownOf(lab)).toBe("abc>ade");
    expect(["d", "e"].map((id) => lab.describe(id).durableIndex)).toEqual([index, index]);
    lab.settle();
    expect([ownOf(lab), ownOf(lab, "d"), answersOf(lab)]).toEqual([">ade", ">ade", [[1, "done"]]]);
  });

  it("M04 the book of addresses names them meanwhile, and no more when the change fails", () => {
    const lab = leading();
    const others = (effects: readonly Effect[]) =>
      ordersOf(effects, "UpdatePeers").map((order) => order.others.map(({ id }) => id));
    expect(others(change(lab, target("abcd")))).toEqual([["d"]]);
    expect(others(cancel(lab))).toEqual([[]]);
    expect(lab.describe("a").peers.map(({ id }) => id)).toEqual(["b", "c"]);
  });

  it("M04 they count nowhere: with b and c away what they acknowledge commits nothing and keeps no leader in office", () => {
    const lab = leading();
    lab.heldDisks.add("d");
    change(lab, target("abcde"));
    lab.cut("a", "b").cut("a", "c");
    const { commitIndex } = lab.describe("a");
    lab.propose("a", "more");
    lab.heldDisks.add("d");
    for (let i = 0; i < 4; i++) lab.beat("a");
    expect(lab.describe("a").peers.find(({ id }) => id === "e")?.match).toBe(lab.describe("a").last.index);
    expect(lab.describe("a").commitIndex).toBe(commitIndex);
    for (let i = 0; i < 2; i++) lab.beat("a");
    expect(lab.leaders()).toEqual([]);
  });

  it("M04 one that is near enough counts as caught up, one that is not does not", () => {
    const stageAfter = (catchUpMarginEntries: number): string | undefined => {
      const lab = leading({ catchUpMarginEntries });
      lab.heldDisks.add("d");
      change(lab, target("abcd"));
      // Its disk ends one write for each two entries that come.
      for (let i = 0; i < 6 && lab.describe("a").change?.stage === "catching-up"; i++) {
        lab.propose("a", "p", "q");
        lab.settle();
        lab.propose("a", "r", "s");
        lab.persist("d", 1);
        lab.pass(1).deliver(({ from }) => from === "d");
      }
      return lab.describe("a").change?.stage;
    };
    expect(stageAfter(1)).toBe("catching-up");
    expect(stageAfter(20)).not.toBe("catching-up");
  });

  it("M04 a round that took T or longer tells nothing; the next short one does", () => {
    const lab = leading();
    lab.heldDisks.add("d");
    change(lab, target("abcd"));
    for (let i = 0; i < 6; i++) lab.beat("a");
    for (let i = 0; i < 3; i++) {
      lab.persist("d");
      lab.deliver();
    }
    expect(lab.describe("a").change).toMatchObject({
      stage: "catching-up",
      newcomers: [{ id: "d", match: lab.describe("a").last.index, slowRounds: 1, hasCaughtUp: false }],
    });
    lab.heldDisks.clear();
    lab.settle().beat("a");
    expect([ownOf(lab), answersOf(lab)]).toEqual([">abcd", [[1, "done"]]]);
  });

  it("M04 on time-out it failed, certainly not done, and the configuration is as it was", () => {
    const lab = leading({ catchUpTimeoutMs: 3 * T });
    lab.cut("a", "d");
    const before = lab.describe("a").configuration;
    change(lab, target("abcd"));
    for (let i = 0; i < 14; i++) lab.beat("a");
    expect(answersOf(lab)).toEqual([]);
    for (let i = 0; i < 2; i++) lab.beat("a");
    expect(answersOf(lab)).toEqual([[1, "refused ChangeRefused"]]);
    expect(reasonOf(lab)).toMatch(/d got no further than entry 0 of 5 for 3\d00 ms \(catchUpTimeoutMs\)/);
    expect(lab.describe("a")).toMatchObject({ configuration: before, change: null });
    expect(lab.describe("a").peers.map(({ id }) => id)).toEqual(["b", "c"]);
  });

  it("M04 one that caught up and fell silent is waited for as long, and not for ever", () => {
    const lab = leading({ catchUpTimeoutMs: 3 * T, catchUpMarginEntries: 0, catchUpRoundsMax: 100 });
    lab.heldDisks.add("e");
    change(lab, target("abcde"));
    for (let i = 0; i < 20; i++) {
      // e gets on, if slowly; d has all there is, answers, and may wait for it.
      lab.propose("a", "p");
      lab.persist("e", 1);
      lab.propose("a", "q");
      lab.settle().beat("a");
    }
    expect(lab.describe("a").change?.newcomers.map(({ hasCaughtUp }) => hasCaughtUp)).toEqual([true, false]);
    lab.cut("a", "d");
    for (let i = 0; i < 6; i++) lab.beat("a");
    lab.heldDisks.clear();
    lab.persist("e");
    for (let i = 0; i < 12; i++) lab.beat("a");
    expect(answersOf(lab)).toEqual([]);
    for (let i = 0; i < 3; i++) lab.beat("a");
    expect(answersOf(lab)).toEqual([[1, "refused ChangeRefused"]]);
    expect(reasonOf(lab)).toMatch(/d had caught up, and has not answered for 3\d00 ms \(catchUpTimeoutMs\)/);
    expect(lab.describe("a").change).toBeNull();
  });

  it("M04 too many long rounds fail it, too: the log grows faster than it can follow", () => {
    const lab = leading({ catchUpRoundsMax: 3 });
    lab.heldDisks.add("d");
    change(lab, target("abcd"));
    for (let i = 0; i < 60 && answersOf(lab).length === 0; i++) {
      lab.propose("a", "p");
      lab.beat("a");
      if (i % 6 === 5) lab.persist("d");
    }
    expect(answersOf(lab)).toEqual([[1, "refused ChangeRefused"]]);
    expect(reasonOf(lab)).toContain("d did not catch up in 3 rounds (catchUpRoundsMax)");
  });

  it("M04 M16 a leader change before that ends it as failed, certainly not done", () => {
    const lab = leading();
    lab.heldDisks.add("d");
    change(lab, target("abcd"));
    lab.receive("c", "a", { type: "Heartbeat", term: 2, commit: 0, round: 1 });
    expect(answersOf(lab)).toEqual([[1, "refused LeadershipLost"]]);
    lab.heldDisks.clear();
    lab.settle().elect("b").beat("b");
    expect(ownOf(lab, "b")).toBe(">abc");
    expect(lab.describe("b").peers.map(({ id }) => id)).toEqual(["a", "c"]);
  });

  it("M04 learners that shall vote are looked at likewise: one that lags is waited for", () => {
    const lab = new ReadingLab(["a", "b", "c", "d"], { membership: jointMembership, learners: ["d"] }).elect("a");
    lab.heldDisks.add("d");
    lab.propose("a", "x");
    lab.settle();
    change(lab, target("abcd"));
    expect(lab.settle().describe("a").change?.stage).toBe("catching-up");
    lab.heldDisks.clear();
    lab.settle();
    expect([ownOf(lab), answersOf(lab)]).toEqual([">abcd", [[1, "done"]]]);
  });
});

describe("M16 calling a change off", () => {
  it("M16 while voters catch up it ends at once, and nothing has changed", () => {
    const lab = leading();
    lab.heldDisks.add("d");
    change(lab, target("abcd"));
    lab.settle();
    cancel(lab);
    expect(answersOf(lab)).toEqual([
      [1, "refused Cancelled"],
      [9, "done"],
    ]);
    lab.heldDisks.clear();
    lab.settle().beat("a");
    expect([ownOf(lab), lab.describe("a").last.index]).toEqual([">abc", 5]);
    change(lab, target("ab"), 2);
    lab.settle();
    expect(ownOf(lab)).toBe(">ab");
  });

  it("M16 M15 once the joint configuration is appended nobody can call it off, and describe says whose answer is missing", () => {
    const lab = leading();
    change(lab, target("ab"));
    expect(lab.describe("a").change).toMatchObject({ stage: "joint", waitingFor: ["a", "b", "c"] });
    cancel(lab);
    expect(reasonOf(lab)).toContain("its first configuration is in the log, and whoever leads finishes it");
    lab.cut("a", "c").settle();
    expect(lab.describe("a").change).toBeNull();
    expect(ownOf(lab)).toBe(">ab");
  });

  it("M16 only the change that is meant, where one is named; and there must be one", () => {
    const lab = leading();
    cancel(lab);
    expect(reasonOf(lab)).toContain("there is none");
    lab.heldDisks.add("d");
    change(lab, target("abcd"), 4);
    cancel(lab, 3);
    expect(lab.describe("a").change?.stage).toBe("catching-up");
    cancel(lab, 4);
    expect(lab.describe("a").change).toBeNull();
    lab.step("b", { type: "ChangeCancelled", request: 5, change: null });
    expect(ordersOf(lab.node("b").seen, "ChangeAnswered").at(-1)).toMatchObject({ error: { code: "NotLeader" } });
  });
});

describe("M14 M15 before it is appended", () => {
  it("M14 a change that was planned for another configuration is refused", () => {
    const lab = leading();
    const { index } = lab.describe("a").configuration.id;
    change(lab, target("ab"), 1, index);
    lab.settle();
    change(lab, target("abc"), 2, index);
    expect(answersOf(lab)).toEqual([
      [1, "done"],
      [2, "refused ChangeRefused"],
    ]);
    expect(reasonOf(lab)).toContain(`planned for configuration ${index}, and configuration 7 is in force`);
  });

  it("M15 a majority of both halves must have answered within T", () => {
    const lab = leading();
    lab.cut("a", "b").cut("a", "c");
    for (let i = 0; i < 4; i++) lab.beat("a");
    // Alone, a would be a majority of C-new; and E16 has not deposed it yet.
    lab.pass(T / 5);
    change(lab, target("a"));
    expect(reasonOf(lab)).toContain("no majority of [a] and of [a, b, c] has answered within 1000 ms");
  });

  it("M03 a second change and a transfer are refused while voters catch up; a node that stops hands over all the same", () => {
    const lab = leading();
    lab.heldDisks.add("d");
    change(lab, target("abcd"));
    change(lab, target("ab"), 2);
    expect(answersOf(lab)).toEqual([[2, "refused ChangeRunning"]]);
    const asked = (to: string | null, isStopping: boolean) =>
      ordersOf(lab.step("a", { type: "TransferRequested", request: 3, to, isStopping }), "TransferAnswered");
    for (const to of ["b", null])
      expect(asked(to, false)).toMatchObject([{ error: { message: expect.stringContaining("a change of members") } }]);
    expect(asked(null, true)).toEqual([]);
    lab.settle();
    expect(lab.leaders()).toHaveLength(1);
    expect(lab.leaders()).not.toContain("a");
    expect(answersOf(lab).at(-1)).toEqual([1, "refused LeadershipLost"]);
  });

  it("M07 M13 demotion, promotion and a new address are one change; another incarnation of a member is a newcomer", () => {
    const lab = leading();
    const moved = {
      ...target("abd", "c"),
      members: [{ ...memberOf("b"), address: "b:2" }, ...target("ad", "c").members],
    };
    change(lab, moved);
    lab.settle();
    expect(ownOf(lab)).toBe(">abd~c");
    expect(lab.describe("c").configuration.configuration.members.find(({ id }) => id === "b")?.address).toBe("b:2");
    change(lab, target("abcd"), 2);
    lab.settle();
    expect(ownOf(lab, "d")).toBe(">abcd");
  });
});
