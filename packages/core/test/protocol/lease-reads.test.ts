import { describe, expect, it } from "vitest";
import type { LogIndex } from "../../src/model/log-id.js";
import type { Effect } from "../../src/protocol/effect.js";
import { sent } from "../support/effects.js";
import { Lab, type LabOptions, T } from "../support/lab.js";
import { accepted, ordersOf } from "../support/messages.js";

/** T/10, the default. */
const DRIFT = T / 10;
const SERVED = (index: LogIndex) => [{ type: "ReadReady", requests: [1], index }];

const leading = (options: LabOptions = {}): Lab => new Lab(["a", "b", "c"], options).elect("a").beat("a");
const read = (lab: Lab, id: string): readonly Effect[] => lab.step(id, { type: "LeaseReadRequested", requests: [1] });
const rounds = (effects: readonly Effect[]) =>
  sent(effects).flatMap(({ message }) => (message.type === "Heartbeat" ? [message.round] : []));
/** A round that everybody answers. */
const beat = (lab: Lab): Lab => {
  lab.fire("a", "heartbeat");
  return lab.settle();
};

describe("Q05 a lease", () => {
  it("Q05 serves at the commit index of the moment, and asks nobody", () => {
    const lab = beat(leading());
    lab.propose("a", "x");
    lab.settle();
    expect(read(lab, "a")).toEqual(SERVED(3));
  });

  it("Q05 begins when the round was sent, not when it was answered, and lasts T less the drift bound", () => {
    const lab = leading();
    lab.pass(T / 5);
    lab.fire("a", "heartbeat");
    lab.pass(T / 4);
    lab.settle();
    lab.pass(T - DRIFT - T / 4 - 1);
    expect(read(lab, "a")).toEqual(SERVED(2));
    lab.pass(1);
    expect(rounds(read(lab, "a"))).toHaveLength(2);
  });

  it("Q05 is as much shorter as clocks may differ: the option says how much", () => {
    const lab = beat(leading({ clockDriftMs: 400 }));
    expect(read(lab.pass(599), "a")).toEqual(SERVED(2));
    expect(rounds(read(lab.pass(1), "a"))).toHaveLength(2);
  });

  it("Q05 needs the answers of a quorum of voters; a minority and learners give none", () => {
    const lab = new Lab(["a", "b", "c", "d", "e", "l", "m"], { learners: ["l", "m"] }).elect("a").beat("a");
    lab.pass(T / 5);
    const [round = 0] = rounds(lab.fire("a", "heartbeat"));
    lab.take();
    lab.pass(T - T / 5 - DRIFT);
    const heard = { type: "HeartbeatResponse", term: 1, round, last: 2, needsSnapshot: 0 } as const;
    for (const id of ["b", "l", "m"]) lab.receive(id, "a", heard);
    expect(ordersOf(read(lab, "a"), "ReadReady")).toEqual([]);
    lab.receive("c", "a", heard);
    expect(ordersOf(read(lab, "a"), "ReadReady")).toHaveLength(1);
  });

  it("Q05 a void lease falls back on a round of heartbeats, and is a lease again once that is answered", () => {
    const lab = leading();
    lab.pass(T - DRIFT);
    const effects = read(lab, "a");
    expect(ordersOf(effects, "ReadReady")).toEqual([]);
    lab.settle();
    expect(ordersOf(lab.node("a").seen, "ReadReady")).toEqual(SERVED(2));
    expect(read(lab, "a")).toEqual(SERVED(2));
  });

  it("Q05 a follower has none: it asks the leader", () => {
    const lab = beat(leading());
    expect(sent(read(lab, "b"))).toMatchObject([{ to: "a", message: { type: "ReadIndex" } }]);
  });

  it("Q05 a group of one always has it", () => {
    const lab = new Lab(["a"]).elect("a");
    lab.fire("a", "heartbeat");
    expect(read(lab, "a")).toEqual(SERVED(2));
  });
});

describe("Q05 no lease", () => {
  it("Q05/fresh Q02 before an entry of the own term is committed", () => {
    const lab = leading();
    lab.crash("a").take();
    lab.timeOut("b");
    while (lab.raft("b").role !== "leader") {
      lab.persist("b");
      lab.persist("c");
      lab.deliver(({ message }) => message.type.includes("Vote"));
    }
    lab.deliver(({ message }) => message.type === "Heartbeat");
    lab.deliver(({ message }) => message.type === "HeartbeatResponse");
    expect(ordersOf(read(lab, "b"), "ReadReady")).toEqual([]);
    lab.settle();
    expect(read(lab, "b")).toEqual(SERVED(3));
  });

  it("Q05/deposed after step-down, though the last round was answered a moment ago", () => {
    const lab = beat(leading());
    lab.receive("c", "a", { type: "Heartbeat", term: 2, commit: 0, round: 1 });
    expect(ordersOf(read(lab, "a"), "ReadReady")).toEqual([]);
  });

  it("Q05/pause E24 after the process stood still, until a round that was sent afterwards is answered", () => {
    const lab = leading();
    lab.pass(T / 5);
    lab.fire("a", "heartbeat");
    lab.step("a", { type: "EventLoopPaused", forMs: 10 });
    // Its answers were under way while it stood still: they say who was there before.
    lab.settle();
    expect(ordersOf(read(lab, "a"), "ReadReady")).toEqual([]);
    lab.settle();
    expect(read(lab, "a")).toEqual(SERVED(2));
  });

  it("Q05/transfer E21 from the TimeoutNow on, and until what was appended after a failed transfer is committed", () => {
    const lab = beat(leading());
    lab.step("a", { type: "TransferRequested", request: 9, to: "b", isStopping: false });
    expect(lab.take().map(({ message }) => message.type)).toContain("TimeoutNow");
    expect(ordersOf(read(lab, "a"), "ReadReady")).toEqual([]);
    lab.settle();
    lab.pass(T / 5);
    beat(lab);
    expect(ordersOf(read(lab, "a"), "ReadReady")).toEqual([]);
    lab.take();
    lab.fire("a", "transfer");
    expect(ordersOf(read(lab, "a"), "ReadReady")).toEqual([]);
    lab.take();
    // b, which was told, may still act on it: the others must have more than it.
    lab.persist("a");
    lab.receive("c", "a", accepted(1, 3));
    beat(lab);
    expect(read(lab, "a")).toEqual(SERVED(3));
  });
});

describe("Q05 who gives a lease keeps it", () => {
  it("Q05/forced E06 a node that an operator tells to stand does not vote for itself while it hears its leader", () => {
    const lab = leading();
    // c was cut off, and b was not: a has a lease by b's word.
    lab.pass(T);
    const [round = 0] = rounds(lab.fire("b", "election"));
    expect(round).toBe(0);
    lab.receive("a", "b", { type: "Heartbeat", term: 1, commit: 2, round: 50 });
    lab.take();
    lab.step("b", { type: "ElectionRequested", request: 7 });
    lab.deliver(({ to }) => to === "c");
    lab.deliver(({ from }) => from === "c");
    lab.persist("b");
    expect(lab.raft("b").role).not.toBe("candidate");
    expect(lab.describe("b").term).toBe(1);
  });
});
