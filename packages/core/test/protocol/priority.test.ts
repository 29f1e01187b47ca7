import { describe, expect, it } from "vitest";
import { sent } from "../support/effects.js";
import { Lab, type LabOptions, T } from "../support/lab.js";
import { ordersOf } from "../support/messages.js";

const THREE = ["a", "b", "c"];
const lab3 = (a: number, b: number, c: number, options: LabOptions = {}): Lab =>
  new Lab(THREE, { priorities: { a, b, c }, ...options });

/** One election wait runs out. */
const waitOnce = (lab: Lab, id: string) => lab.pass(T).fire(id, "election");

/** How many election waits of a node run out, with nobody else awake, until it asks for votes. */
function waitsUntilItAsks(lab: Lab, id: string): number {
  for (let waits = 1; waits <= 20; waits++) if (sent(waitOnce(lab, id)).length > 0) return waits;
  return Number.POSITIVE_INFINITY;
}

describe("E20 election priority", () => {
  it("E20 the highest one does not wait for anybody, and equal ones are equal", () => {
    expect(waitsUntilItAsks(lab3(100, 50, 20), "a")).toBe(1);
    for (const id of THREE) expect(waitsUntilItAsks(lab3(7, 7, 7), id)).toBe(1);
  });

  it("E20 a lower one lets higher ones go first; the target decays by a fifth, or by ten", () => {
    // 100, then 80, 64, 52, and then nobody waits any more.
    expect(waitsUntilItAsks(lab3(100, 99, 20), "b")).toBe(2);
    expect(waitsUntilItAsks(lab3(100, 80, 20), "b")).toBe(2);
    expect(waitsUntilItAsks(lab3(100, 79, 20), "b")).toBe(3);
    expect(waitsUntilItAsks(lab3(100, 63, 20), "b")).toBe(4);
    expect(waitsUntilItAsks(lab3(20, 10, 1), "b")).toBe(2);
    expect(waitsUntilItAsks(lab3(20, 9, 1), "b")).toBe(3);
  });

  it("E20 a dead favourite blocks nobody for long: after five waits even the lowest stands", () => {
    expect(waitsUntilItAsks(lab3(255, 1, 1), "b")).toBe(5);
    const lab = lab3(255, 1, 1).crash("a");
    for (let i = 0; i < 5; i++) waitOnce(lab, "b");
    expect(lab.settle().leaders()).toEqual(["b"]);
  });

  it("E20 leader contact begins the count anew", () => {
    const lab = lab3(255, 1, 1);
    for (let i = 0; i < 4; i++) waitOnce(lab, "b");
    lab.receive("a", "b", { type: "Heartbeat", term: 1, commit: 0, round: 1 });
    lab.persist("b");
    lab.take();
    expect(waitsUntilItAsks(lab, "b")).toBe(5);
  });

  it("E20 priority 0 stands only after five election timeouts without leader contact", () => {
    expect(waitsUntilItAsks(lab3(0, 0, 0), "a")).toBe(5);
    expect(waitsUntilItAsks(lab3(0, 1, 1), "a")).toBe(5);
  });

  it("E20 learners and witnesses are nobody's favourites", () => {
    const lab = new Lab(["a", "b", "l"], { learners: ["l"], priorities: { a: 1, b: 1, l: 200 } });
    expect(waitsUntilItAsks(lab, "a")).toBe(1);
  });

  it("E20 a leader of priority 0 hands over to the best other voter as soon as one is caught up", () => {
    const lab = lab3(0, 1, 2, { catchUpMarginEntries: 0 });
    for (let i = 0; i < 5; i++) waitOnce(lab, "a");
    lab.settle();
    expect(lab.leaders()).toEqual(["a"]);
    lab.cut("a", "b").cut("a", "c");
    lab.propose("a", "x");
    lab.beat("a");
    expect(ordersOf(lab.node("a").seen, "Send").some(({ message }) => message.type === "TimeoutNow")).toBe(false);
    lab.heal();
    // By the second heartbeat both are as far as a; c is preferred.
    lab.beat("a").beat("a");
    expect(lab.leaders()).toContain("c");
    expect(ordersOf(lab.node("a").seen, "TransferAnswered")).toEqual([]);
  });

  it("E20 and if nobody takes over it goes on, and does not try again at every heartbeat", () => {
    const lab = lab3(0, 1, 2);
    for (let i = 0; i < 5; i++) waitOnce(lab, "a");
    lab.settle().beat("a");
    lab.take();
    const told = () =>
      ordersOf(lab.node("a").seen, "Send").filter(({ message }) => message.type === "TimeoutNow").length;
    const before = told();
    expect(before).toBe(1);
    expect(lab.leaders()).toContain("c");
    // c's election is lost on its way; a goes on in a new term of its own.
    const alone = lab3(0, 1, 2);
    for (let i = 0; i < 5; i++) waitOnce(alone, "a");
    alone.settle();
    for (let i = 0; i < 12; i++) {
      alone.pass(T / 5);
      alone.fire("a", "heartbeat");
      alone.take(({ message }) => message.type === "TimeoutNow");
      if (i === 5) alone.fire("a", "transfer");
      alone.settle();
    }
    const sentNow = ordersOf(alone.node("a").seen, "Send").filter(
      ({ message }) => message.type === "TimeoutNow",
    ).length;
    expect([alone.leaders(), sentNow]).toEqual([["a"], 1]);
  });

  it("E20 voters and TimeoutNow do not look at priorities", () => {
    const lab = lab3(100, 1, 1).elect("a");
    lab.step("a", { type: "TransferRequested", request: 1, to: "b", isStopping: false });
    lab.settle();
    expect(lab.leaders()).toEqual(["b"]);
  });
});

describe("E19 an election that an operator asks for", () => {
  const ask = (lab: Lab, id: string) =>
    ordersOf(lab.step(id, { type: "ElectionRequested", request: 3 }), "TransferAnswered").map(
      ({ error }) => error?.code,
    );

  it("E20 E05 begins at once, whatever the priority, and asks first", () => {
    const lab = lab3(255, 1, 1).crash("a");
    lab.pass(T);
    expect(ask(lab, "b")).toEqual([undefined]);
    expect(lab.settle().leaders()).toEqual(["b"]);
  });

  it("E07 E05 disturbs nobody where a leader is heard", () => {
    const lab = lab3(1, 1, 1).elect("a").beat("a");
    expect(ask(lab, "b")).toEqual([undefined]);
    lab.settle().beat("a");
    expect([lab.leaders(), lab.raft("b").term, lab.raft("b").role]).toEqual([["a"], 1, "follower"]);
    expect(ask(lab, "a")).toEqual([undefined]);
  });

  it("E19 is refused, with the reason, where a node may not campaign", () => {
    const lab = new Lab(["a", "b", "l"], { learners: ["l"], hardStates: { b: { removedAt: 4 } } });
    expect(ask(lab, "l")).toEqual(["ElectionRefused"]);
    const [answer] = ordersOf(lab.step("b", { type: "ElectionRequested", request: 3 }), "TransferAnswered");
    expect(answer?.error?.message).toContain("configuration 4 removed it");
  });
});
