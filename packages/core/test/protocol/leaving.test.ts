import { describe, expect, it } from "vitest";
import type { Configuration } from "../../src/model/configuration.js";
import { sent, written } from "../support/effects.js";
import { inLetters, jointMembership, letters, target } from "../support/joint-membership.js";
import { incarnationOf, type Lab, type LabOptions, T } from "../support/lab.js";
import { ordersOf } from "../support/messages.js";
import { ReadingLab } from "../support/reading-lab.js";

function leading(ids: string, options: LabOptions = {}): Lab {
  return new ReadingLab(letters(ids), { membership: jointMembership, ...options }).elect("a").beat("a");
}
const change = (lab: Lab, to: Configuration, id = "a") =>
  lab.step(id, { type: "ChangeRequested", request: 1, target: to, expected: null });
const ownOf = (lab: Lab, id: string): string => inLetters(lab.describe(id).configuration.configuration);

/** Until C-new is committed at a, message by message. */
function untilLeaving(lab: Lab): void {
  for (let i = 0; i < 40 && lab.describe("a").change?.stage !== "leaving"; i++) {
    for (const id of lab.nodes.keys()) lab.persist(id);
    lab.deliver();
  }
  expect(lab.describe("a").change?.stage).toBe("leaving");
}

describe("M05 a leader that C-new leaves out", () => {
  it("M05 does not count itself from the append of C-new on", () => {
    const lab = leading("abc");
    change(lab, target("bc"));
    // Both halves agree to the joint configuration, and a appends C-new; only b hears of that.
    for (let i = 0; i < 20 && ownOf(lab, "a") !== ">bc"; i++) {
      for (const id of lab.nodes.keys()) lab.persist(id);
      lab.deliver();
    }
    lab.cut("a", "c").settle();
    const { commitIndex, last } = lab.describe("a");
    expect([ownOf(lab, "b"), last.index - commitIndex]).toEqual([">bc", 1]);
  });

  it("M05 says the commit to all, members and leavers, and hands over to a voter of C-new that holds it", () => {
    const lab = leading("abcd");
    change(lab, target("bc"));
    untilLeaving(lab);
    const { commitIndex } = lab.describe("a");
    const told = lab.wire.filter(({ from, message }) => from === "a" && message.type === "Heartbeat");
    expect(new Set(told.map(({ to }) => to))).toEqual(new Set(["b", "c", "d"]));
    lab.settle();
    expect(["b", "c"]).toContain(lab.leaders().find((id) => id !== "a"));
    for (const id of "abcd") expect(lab.describe(id).commitIndex).toBeGreaterThanOrEqual(commitIndex);
    expect(ordersOf(lab.node("a").seen, "ChangeAnswered")).toEqual([
      { type: "ChangeAnswered", request: 1, error: null },
    ]);
    expect(lab.describe("a")).toMatchObject({ role: "leader", change: { stage: "leaving" } });
    lab.pass(T);
    lab.fire("a", "transfer");
    expect(lab.raft("a").role).toBe("follower");
  });

  it("M05 serves until the hand-over: what it is asked under C-new is committed by the others", () => {
    const lab = leading("abc");
    change(lab, target("bc"));
    for (let i = 0; i < 20 && ownOf(lab, "a") !== ">bc"; i++) {
      for (const id of lab.nodes.keys()) lab.persist(id);
      lab.deliver();
    }
    expect(ordersOf(lab.propose("a", "late"), "ProposalsAccepted")).toMatchObject([{ count: 1, term: 1 }]);
    lab.settle();
    for (const id of "bc") expect(lab.node(id).applied.join()).toContain("late");
    expect(ordersOf(lab.propose("a", "too late"), "ProposalsRefused")).toMatchObject([
      { error: { code: "TransferRunning", outcome: "refused" } },
    ]);
  });

  it("M05 waits for one that holds C-new, and steps down after T at the latest where there is none", () => {
    const lab = leading("abc");
    change(lab, target("bc"));
    untilLeaving(lab);
    lab.take();
    for (let i = 0; i < 4; i++) {
      lab.cut("a", "b").cut("a", "c");
      lab.beat("a");
    }
    expect(lab.raft("a").role).toBe("leader");
    lab.pass(T / 5);
    lab.fire("a", "transfer");
    expect(lab.raft("a").role).toBe("follower");
    // It never comes back as leader; the others find one of themselves.
    lab.heal();
    lab.timeOut("a");
    expect(lab.settle().leaders()).toEqual([]);
    lab.pass(T).elect("b");
    expect(lab.leaders()).toEqual(["b"]);
  });

  it("M05 a demoted leader follows the next one as a learner", () => {
    const lab = leading("abc");
    change(lab, target("bc", "a"));
    lab.settle();
    const leader = lab.leaders().find((id) => id !== "a") as string;
    lab.beat(leader);
    expect(lab.describe("a")).toMatchObject({ role: "follower", leader });
    lab.propose(leader, "later");
    lab.settle().beat(leader);
    expect(lab.node("a").applied.at(-1)).toContain("later");
  });
});

describe("M09 a member that leaves", () => {
  it("M09 is sent to until it acknowledged the commit of C-new", () => {
    const lab = leading("abcd");
    change(lab, target("abc"));
    lab.settle();
    expect(lab.describe("a").peers.map(({ id }) => id)).toEqual(["b", "c", "d"]);
    lab.beat("a");
    expect(lab.describe("a").peers.map(({ id }) => id)).toEqual(["b", "c"]);
    const { configuration, commitIndex } = lab.describe("d");
    expect([ownOf(lab, "d"), commitIndex >= configuration.id.index]).toEqual([">abc", true]);
    // It knows, and never asks for a vote.
    expect(sent(lab.timeOut("d"))).toEqual([]);
  });

  it("M09 or for 2T, where it does not answer", () => {
    const lab = leading("abcd");
    lab.cut("a", "d");
    change(lab, target("abc"));
    lab.settle();
    const peers = () => lab.describe("a").peers.map(({ id }) => id);
    for (let i = 0; i < 9; i++) lab.beat("a");
    expect(peers()).toEqual(["b", "c", "d"]);
    for (let i = 0; i < 2; i++) lab.beat("a");
    expect(peers()).toEqual(["b", "c"]);
  });

  it("M09 a new leader that finishes the removal tells it likewise", () => {
    const lab = leading("abcd");
    lab.cut("a", "d");
    change(lab, target("abc"));
    for (let i = 0; i < 20 && ownOf(lab, "b") !== ">abc"; i++) {
      for (const id of "abc") lab.persist(id);
      lab.deliver();
    }
    for (const id of "bc") lab.persist(id);
    lab.take();
    lab.crash("a").heal();
    lab.pass(T).elect("b").beat("b");
    expect(lab.leaders()).toEqual(["b"]);
    expect([ownOf(lab, "d"), lab.describe("d").removedAt]).toEqual([">abc", 0]);
    expect(lab.describe("b").peers.map(({ id }) => id)).toEqual(["a", "c"]);
  });

  it("M09 M10 one that is added again at once begins with fresh progress, and is a member like others", () => {
    const lab = leading("abcd");
    lab.cut("a", "d");
    change(lab, target("abc"));
    lab.settle();
    change(lab, target("abc", "d"));
    lab.settle().heal();
    expect(lab.describe("a").peers.find(({ id }) => id === "d")).toMatchObject({ match: 0 });
    for (let i = 0; i < 12; i++) lab.beat("a");
    expect(ownOf(lab, "d")).toBe(">abc~d");
  });
});

describe("M09 a member that was away during its removal", () => {
  /** d slept through its removal, wakes up, and asks for votes. */
  const back = (): Lab => {
    const lab = leading("abcd");
    lab.isolate("d");
    change(lab, target("abc"));
    lab.settle();
    for (let i = 0; i < 12; i++) lab.beat("a");
    lab.heal();
    return lab;
  };
  const removed = (configurationIndex: number, over = {}) =>
    ({ type: "Removed", configurationIndex, id: "d", incarnation: incarnationOf("d"), ...over }) as const;

  it("M09 hears from any node that knows the committed configuration, writes it down, and never campaigns again", () => {
    const lab = back();
    const { index } = lab.describe("a").configuration.id;
    lab.timeOut("d");
    lab.deliver();
    expect(lab.wire.filter(({ message }) => message.type === "Removed")).toHaveLength(3);
    lab.deliver();
    expect(lab.describe("d")).toMatchObject({ role: "follower", term: 1, removedAt: index });
    lab.persist("d");
    lab.crash("d").restart("d");
    expect(lab.describe("d").removedAt).toBe(index);
    expect(sent(lab.timeOut("d"))).toEqual([]);
    expect(lab.leaders()).toEqual(["a"]);
  });

  it("M09 one that is told of its removal while it is added again is a member like others", () => {
    const lab = back();
    const { index } = lab.describe("a").configuration.id;
    lab.receive("b", "d", removed(index));
    lab.persist("d");
    expect(lab.describe("d").removedAt).toBe(index);
    change(lab, target("abcd"));
    for (let i = 0; i < 6; i++) lab.settle().beat("a");
    expect(ownOf(lab, "d")).toBe(">abcd");
    expect(lab.describe("d").removedAt).toBe(0);
    lab.crash("d").restart("d");
    expect(lab.describe("d").removedAt).toBe(0);
    expect(sent(lab.timeOut("d")).map(({ message }) => message.type)).toEqual(Array(3).fill("PreVoteRequest"));
  });

  it("M09 E19 one that was added again, and is to leave again, may lead until it knows that to be committed", () => {
    const lab = back();
    const { index } = lab.describe("a").configuration.id;
    lab.receive("b", "d", removed(index));
    change(lab, target("abcd"));
    for (let i = 0; i < 6; i++) lab.settle().beat("a");
    change(lab, target("abc"));
    for (let i = 0; i < 20 && ownOf(lab, "d") !== ">abc"; i++) {
      for (const id of lab.nodes.keys()) lab.persist(id);
      lab.deliver();
    }
    lab.persist("d");
    lab.isolate("d").crash("d").restart("d");
    const { commitIndex, configuration, removedAt } = lab.describe("d");
    expect([ownOf(lab, "d"), commitIndex < configuration.id.index, removedAt]).toEqual([">abc", true, 0]);
    expect(sent(lab.timeOut("d")).map(({ message }) => message.type)).toEqual(Array(3).fill("PreVoteRequest"));
    lab.heal();
    for (let i = 0; i < 6; i++) lab.settle().beat("a");
    expect(lab.describe("d").removedAt).toBeGreaterThan(0);
  });

  it("M09 believes it only of a configuration above its own newest one, and of its own incarnation", () => {
    const lab = back();
    const own = lab.describe("d").configuration.id.index;
    const heard = (message: ReturnType<typeof removed>) => written(lab.receive("b", "d", message)).length;
    expect(heard(removed(own))).toBe(0);
    expect(heard(removed(own + 9, { incarnation: incarnationOf("d", 2) }))).toBe(0);
    expect(heard(removed(own + 9, { id: "c" }))).toBe(0);
    expect(lab.describe("d").removedAt).toBe(0);
    expect(heard(removed(own + 1))).toBe(1);
    expect(heard(removed(own + 1))).toBe(0);
  });

  it("M09 nobody says so to a member, nor to one that its own newest configuration names", () => {
    const lab = leading("abc", { strangers: ["d"] });
    const ask = (from: string) =>
      sent(lab.receive(from, "b", { type: "PreVoteRequest", term: 2, round: 1, last: { index: 1, term: 0 } })).map(
        ({ message }) => message.type,
      );
    expect(ask("c")).toEqual(["PreVoteResponse"]);
    expect(ask("d")).toEqual(["PreVoteResponse", "Removed"]);
    change(lab, target("abcd"));
    for (let i = 0; i < 20 && ownOf(lab, "b") === ">abc"; i++) {
      for (const id of lab.nodes.keys()) lab.persist(id);
      lab.deliver();
    }
    expect([ownOf(lab, "b"), lab.describe("b").commitIndex < lab.describe("b").configuration.id.index]).toEqual([
      "abc>abcd",
      true,
    ]);
    expect(ask("d")).toEqual(["PreVoteResponse"]);
  });
});
