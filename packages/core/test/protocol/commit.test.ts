import { describe, expect, it } from "vitest";
import { votersOnly } from "../../src/model/configuration.js";
import { InvariantViolation } from "../../src/model/errors.js";
import { sent, writes } from "../support/effects.js";
import { Lab, type LabOptions, memberOf } from "../support/lab.js";
import { accepted, append, commands, followerB, ordersOf } from "../support/messages.js";
import { ReadingLab } from "../support/reading-lab.js";

const THREE = ["a", "b", "c"];
const leading = (options: LabOptions = {}): Lab => new Lab(THREE, options).elect("a").beat("a");

describe("R05 figure 8 of the paper", () => {
  /** S1 leads term 2 and puts entry 2 on S2 alone; S5 leads term 3 and puts another entry 2 on itself alone. */
  function figure8(): ReadingLab {
    const lab = new ReadingLab(["s1", "s2", "s3", "s4", "s5"], {
      logs: { s1: [2], s2: [2], s5: [3] },
      hardStates: { s1: { term: 3 }, s2: { term: 3 }, s3: { term: 3 }, s4: { term: 3 }, s5: { term: 3 } },
    });
    lab.crash("s5");
    return lab;
  }

  it("R05 an entry of term 2 on a majority is not committed by the leader of term 4 that counts it there", () => {
    const lab = figure8();
    lab.timeOut("s1");
    while (lab.raft("s1").role !== "leader") {
      for (const id of lab.ids) lab.persist(id);
      lab.deliver(({ message }) => message.type.includes("Vote"));
    }
    lab.take();
    lab.persist("s1");
    for (const id of ["s2", "s3"]) lab.receive(id, "s1", accepted(4, 2));
    expect(lab.describe("s1")).toMatchObject({ term: 4, commitIndex: 0, durableIndex: 3 });
    // Rightly: s5 can still be elected, by s2, s3 and s4, and overwrites it.
    lab.crash("s1").restart("s5").elect("s5").elect("s5").beat("s5");
    expect(lab.describe("s5")).toMatchObject({ role: "leader", commitIndex: 3 });
    expect(lab.terms("s3")).toEqual([0, 3, lab.raft("s5").term]);
  });

  it("R05 once an entry of term 4 is on a majority both are committed, and s5 cannot win any more", () => {
    const lab = figure8().elect("s1").beat("s1");
    expect(lab.describe("s1")).toMatchObject({ role: "leader", commitIndex: 3 });
    expect(lab.terms("s3")).toEqual([0, 2, lab.raft("s1").term]);
    lab.crash("s1").restart("s5").elect("s5");
    expect(lab.raft("s5").role).not.toBe("leader");
  });
});

describe("R06 the leader's own disk", () => {
  it("R06 entries are sent while the own write is under way", () => {
    const lab = leading();
    lab.heldDisks.add("a");
    const effects = lab.propose("a", "x");
    expect(effects.map(({ type }) => type)).toEqual(["ProposalsAccepted", "Send", "Send", "Persist"]);
  });

  it("R06 the leader counts itself only when that write is durable", () => {
    const lab = leading();
    lab.propose("a", "x");
    lab.receive("b", "a", accepted(1, 3));
    expect(lab.describe("a").commitIndex).toBe(2);
    lab.persist("a");
    expect(lab.describe("a").commitIndex).toBe(3);
  });

  it("R06 a majority without the leader commits before the leader's own disk is done", () => {
    const lab = leading();
    lab.propose("a", "x");
    lab.receive("b", "a", accepted(1, 3));
    const effects = lab.receive("c", "a", accepted(1, 3));
    expect(lab.describe("a")).toMatchObject({ commitIndex: 3, durableIndex: 2 });
    expect(ordersOf(effects, "Apply")).toEqual([]);
  });
});

describe("R14 what is applied", () => {
  it("R14 committed entries, in order and once, in one call for all that became so", () => {
    const lab = leading();
    lab.propose("a", "x", "y");
    lab.propose("a", "z");
    lab.persist("a");
    const effects = lab.receive("b", "a", accepted(1, 5));
    expect(ordersOf(effects, "Apply")).toMatchObject([
      {
        upTo: 5,
        blocks: [
          { first: 3, last: 4 },
          { first: 5, last: 5 },
        ],
      },
    ]);
    expect(ordersOf(lab.receive("c", "a", accepted(1, 5)), "Apply")).toEqual([]);
  });

  it("R14 never beyond the own disk: nothing is told or saved that a crash here would lose", () => {
    const lab = followerB([], 1);
    const effects = lab.receive("a", "b", append(1, { index: 1, term: 0 }, 3, commands(2, 1, "x", "y")));
    expect(lab.describe("b")).toMatchObject({ commitIndex: 3, durableIndex: 1 });
    expect(ordersOf(effects, "Apply").map(({ upTo }) => upTo)).toEqual([1]);
    const after = lab.step("b", { type: "LogPersisted", number: 1 });
    expect(ordersOf(after, "Apply")).toMatchObject([{ upTo: 3, blocks: [{ first: 2, last: 3 }] }]);
  });

  it("R14 the state machine hears that it leads once it has everything from before", () => {
    const lab = new Lab(THREE).elect("a");
    const told = lab
      .node("a")
      .seen.flatMap((each) =>
        each.type === "Apply" ? [`apply ${each.upTo}`] : each.type === "TellStateMachine" ? [each.what.call] : [],
      );
    expect(told.filter((each) => each !== "configurationCommitted")).toEqual(["apply 2", "leaderStart"]);
  });

  it("R14 the state machine that says it applied less than before is an impossible state", () => {
    const lab = leading();
    expect(() => lab.step("a", { type: "Applied", upTo: 1 })).toThrow(InvariantViolation);
  });
});

describe("R15 a faulted state machine", () => {
  it("R15 is called no more, the node says why, and gives up leadership", () => {
    const lab = leading();
    lab.step("a", { type: "StateMachineFaulted", index: 2, reason: "no such table" });
    expect(lab.describe("a")).toMatchObject({
      role: "follower",
      faulted: "state machine faulted at index 2: no such table",
    });
    const more = lab.receive("b", "a", append(2, { index: 2, term: 1 }, 3, commands(3, 2, "x")));
    const durable = lab.step("a", { type: "LogPersisted", number: 99 });
    expect(ordersOf([...more, ...durable], "Apply")).toEqual([]);
    expect(lab.describe("a").commitIndex).toBe(3);
  });

  it("R15 its callers hear that the outcome of what is not committed is unknown", () => {
    const lab = leading();
    lab.propose("a", "x");
    const effects = lab.step("a", { type: "StateMachineFaulted", index: 2, reason: "boom" });
    expect(ordersOf(effects, "AbandonProposals")).toMatchObject([{ above: 2, error: { outcome: "unknown" } }]);
  });

  it("R15 takes no snapshot of what it cannot vouch for", () => {
    const lab = leading();
    lab.step("a", { type: "StateMachineFaulted", index: 2, reason: "boom" });
    expect(lab.step("a", { type: "SnapshotRequested" })).toEqual([]);
  });
});

describe("R08 the commit index", () => {
  it("R08 idle followers learn a new commit at the end of the turn, not at the next heartbeat", () => {
    const lab = leading();
    lab.propose("a", "x");
    lab.persist("a");
    lab.deliver();
    for (const id of ["b", "c"]) lab.persist(id);
    lab.deliver();
    expect(lab.raft("a").turnWork).toBe(true);
    expect(lab.describe("b").commitIndex).toBe(2);
    expect(sent(lab.step("a", { type: "TurnEnded" }))).toMatchObject([
      { to: "b", message: { type: "Heartbeat", commit: 3 } },
      { to: "c", message: { type: "Heartbeat", commit: 3 } },
    ]);
    expect(lab.raft("a").turnWork).toBe(false);
    expect(sent(lab.step("a", { type: "TurnEnded" }))).toEqual([]);
  });

  it("R08 a commit that was reached while a message was under way is told when its answer comes", () => {
    const lab = leading();
    lab.propose("a", "x");
    lab.persist("a");
    lab.receive("c", "a", accepted(1, 3));
    expect(lab.raft("a").turnWork).toBe(true);
    expect(sent(lab.step("a", { type: "TurnEnded" })).map(({ to }) => to)).toEqual(["c"]);
    expect(lab.raft("a").turnWork).toBe(false);
    lab.receive("b", "a", accepted(1, 3));
    expect(lab.raft("a").turnWork).toBe(true);
    expect(sent(lab.step("a", { type: "TurnEnded" }))).toMatchObject([
      { to: "b", message: { type: "Heartbeat", commit: 3 } },
    ]);
  });

  it("R08 a write carries it as a hint, never above the last index that is durable by that write", () => {
    const lab = leading();
    expect(writes(lab.propose("a", "x"))).toMatchObject([{ commitHint: 2 }]);
    lab.receive("b", "a", accepted(1, 3));
    lab.receive("c", "a", accepted(1, 3));
    expect(writes(lab.propose("a", "y"))).toMatchObject([{ commitHint: 3 }]);
    const follower = followerB([], 1);
    const effects = follower.receive("a", "b", append(1, { index: 1, term: 0 }, 2, commands(2, 1, "x")));
    expect(writes(effects)).toMatchObject([{ commitHint: 2, blocks: [{ last: 2 }] }]);
  });

  it("R08 a commit alone is no reason to write", () => {
    const lab = leading();
    lab.propose("a", "x");
    lab.persist("a");
    expect(writes(lab.receive("b", "a", accepted(1, 3)))).toEqual([]);
    expect(lab.describe("a").commitIndex).toBe(3);
  });

  it("R08 R16 after a restart it begins at the hint, and the rest is learned anew: the same entries as before", () => {
    const lab = leading();
    lab.propose("a", "x");
    lab.propose("a", "y");
    lab.settle();
    const before = lab.node("a").applied;
    expect(before).toEqual(["1:-", "2:-", "3:x", "4:y"]);
    for (const id of THREE) lab.crash(id);
    for (const id of THREE) lab.restart(id);
    expect(lab.describe("a").commitIndex).toBe(2);
    expect(lab.node("a").applied).toEqual(["1:-", "2:-"]);
    lab.elect("b").beat("b");
    expect(lab.node("a").applied.slice(0, 4)).toEqual(before);
  });

  it("R16 what was acknowledged survives the loss of everything that was not on a disk", () => {
    const lab = new ReadingLab(THREE);
    lab.elect("a").beat("a");
    lab.heldDisks.add("c");
    lab.propose("a", "kept");
    lab.settle();
    expect(lab.node("a").applied).toContain("3:kept");
    lab.crash("a").crash("b").crash("c");
    lab.heldDisks.clear();
    lab.restart("b").restart("c").elect("b").beat("b");
    expect(lab.leaders()).toEqual(["b"]);
    expect(lab.node("b").applied).toContain("3:kept");
    expect(lab.node("c").applied).toContain("3:kept");
  });
});

describe("M01 M02 whose count it is", () => {
  it("M01 commit, for all indices, is judged under the own configuration, learners never counting", () => {
    const lab = new Lab(["a", "b", "c", "l"], { learners: ["l"] }).elect("a").beat("a");
    lab.propose("a", "x");
    lab.persist("a");
    lab.receive("l", "a", accepted(1, 3));
    expect(lab.describe("a").commitIndex).toBe(2);
    lab.receive("c", "a", accepted(1, 3));
    expect(lab.describe("a").commitIndex).toBe(3);
  });

  it("M02 in the joint phase both majorities are needed", () => {
    const lab = joint();
    lab.persist("a");
    const at = lab.describe("a").last.index;
    lab.receive("d", "a", accepted(1, at));
    lab.receive("e", "a", accepted(1, at));
    // a, d and e are three of five in the union, and all of the new half; but of the old half only a.
    expect(lab.describe("a").commitIndex).toBeLessThan(at);
    lab.receive("b", "a", accepted(1, at));
    expect(lab.describe("a").commitIndex).toBe(at);
  });

  it("M02 nor does the old majority suffice alone", () => {
    const lab = joint();
    lab.persist("a");
    const at = lab.describe("a").last.index;
    lab.receive("b", "a", accepted(1, at));
    lab.receive("c", "a", accepted(1, at));
    expect(lab.describe("a").commitIndex).toBeLessThan(at);
    lab.receive("e", "a", accepted(1, at));
    expect(lab.describe("a").commitIndex).toBe(at);
  });
});

/** a leads {a,b,c} and has appended the joint configuration on the way to {a,d,e}. */
function joint(): Lab {
  const target = votersOnly(["a", "d", "e"].map(memberOf));
  const both = { ...target, members: ["a", "b", "c", "d", "e"].map(memberOf), votersOld: ["a", "b", "c"] };
  const membership = {
    enter: () => ({ kind: "append", configuration: both }) as const,
    leave: (committed: typeof target) => (committed.votersOld.length > 0 ? target : undefined),
  };
  const lab = new Lab(["a", "b", "c", "d", "e"], { learners: ["d", "e"], membership }).elect("a").beat("a");
  lab.step("a", { type: "ChangeRequested", request: 1, target, expected: null });
  expect(lab.describe("a").configuration.configuration.votersOld).toEqual(["a", "b", "c"]);
  lab.take();
  return lab;
}
