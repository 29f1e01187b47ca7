import { describe, expect, it } from "vitest";
import { sent } from "../support/effects.js";
import { Lab, T } from "../support/lab.js";
import { ordersOf } from "../support/messages.js";

const THREE = ["a", "b", "c"];
const overdue = (lab: Lab, id: string) => lab.step(id, { type: "WriteOverdue", forMs: 2 * T });
const paused = (lab: Lab, id: string, forMs: number) => lab.step(id, { type: "EventLoopPaused", forMs });
const preVote = { type: "PreVoteRequest", term: 2, round: 1, last: { index: 9, term: 1 } } as const;

describe("E24 a disk that takes a write for too long", () => {
  it("E24 a leader hands over, though its own write is still under way", () => {
    const lab = new Lab(THREE).elect("a").beat("a");
    lab.heldDisks.add("a");
    lab.propose("a", "x");
    lab.settle();
    const effects = overdue(lab, "a");
    expect(ordersOf(effects, "Notify")[0]?.notice).toMatchObject({
      kind: "error",
      reason: "a write has been under way for 2000 ms (writeOverdueMs)",
    });
    lab.settle();
    expect(lab.leaders().find((id) => id !== "a")).toBeDefined();
    expect(lab.describe("a").writeOverdue).toBe(true);
  });

  it("E24 it steps down where nobody is there, and where nobody takes over within T", () => {
    const alone = new Lab(THREE).elect("a");
    alone.pass(T);
    overdue(alone, "a");
    expect(alone.raft("a").role).toBe("follower");
    const deaf = new Lab(THREE).elect("a").beat("a");
    overdue(deaf, "a");
    expect(deaf.raft("a").role).toBe("leader");
    deaf.take();
    deaf.pass(T);
    deaf.fire("a", "transfer");
    expect(deaf.raft("a").role).toBe("follower");
  });

  it("E24 until it ends the node neither starts nor grants a pre-vote, nor acts on TimeoutNow", () => {
    const lab = new Lab(THREE).elect("a").beat("a");
    lab.heldDisks.add("b");
    lab.propose("a", "x");
    lab.settle();
    overdue(lab, "b");
    lab.receive("a", "b", { type: "TimeoutNow", term: 1, last: { index: 3, term: 1 } });
    expect(lab.raft("b").term).toBe(1);
    lab.pass(2 * T);
    const answer = () =>
      sent(lab.receive("c", "b", preVote)).map(({ message }) => "granted" in message && message.granted);
    expect(answer()).toEqual([false]);
    expect(sent(lab.timeOut("b"))).toEqual([]);
    lab.persist("b");
    expect(lab.describe("b").writeOverdue).toBe(false);
    expect(answer()).toEqual([true]);
    expect(sent(lab.timeOut("b")).map(({ message }) => message.type)).toEqual(["PreVoteRequest", "PreVoteRequest"]);
  });
});

describe("E24 a process that stood still", () => {
  it("E24 for longer than T: E16 is judged before anything that waited in its queues", () => {
    const lab = new Lab(THREE).elect("a").beat("a");
    lab.pass(T / 5);
    lab.fire("a", "heartbeat");
    for (const id of ["b", "c"]) lab.deliver(({ to }) => to === id);
    // The answers of before lie in a's queue while it stands still; they say nothing of now.
    lab.pass(1.5 * T);
    const effects = paused(lab, "a", 1.5 * T);
    expect(ordersOf(effects, "Notify")).toMatchObject([
      { notice: { kind: "leader", leader: null } },
      { notice: { kind: "role", role: "follower", cause: expect.stringContaining("stood still for 1500 ms") } },
    ]);
    lab.deliver();
    expect(lab.raft("a").role).toBe("follower");
  });

  it("E24 a shorter pause, and one of a leader that heard its quorum, change nothing", () => {
    const lab = new Lab(THREE).elect("a").beat("a");
    lab.pass(T - 1);
    expect(paused(lab, "a", T - 1)).toEqual([]);
    lab.fire("a", "heartbeat");
    lab.settle();
    expect(paused(lab, "a", 2 * T)).toEqual([]);
    expect(paused(lab, "b", 2 * T)).toEqual([]);
    expect(lab.leaders()).toEqual(["a"]);
  });
});
