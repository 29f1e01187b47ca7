import { describe, expect, it } from "vitest";
import type { Standing } from "../../src/model/message.js";
import type { Effect } from "../../src/protocol/effect.js";
import { ANSWERS_REMEMBERED_MAX } from "../../src/protocol/freshness.js";
import { sent } from "../support/effects.js";
import { Lab, type LabOptions, T } from "../support/lab.js";
import { ordersOf } from "../support/messages.js";

const INTERVAL = T / 5;
/** b knows from its second answer on how old its state is. */
const following = (options: LabOptions = {}): Lab =>
  new Lab(["a", "b", "c", "l"], { learners: ["l"], ...options }).elect("a").beat("a").beat("a").beat("a");
const read = (lab: Lab, id: string, maxStalenessMs: number): readonly Effect[] =>
  lab.step(id, { type: "BoundedReadRequested", reads: [{ request: 1, maxStalenessMs }] });
const isServed = (lab: Lab, id: string, maxStalenessMs: number): boolean => {
  const served = ordersOf(read(lab, id, maxStalenessMs), "ReadReady").length > 0;
  lab.take();
  return served;
};
const standing = (over: Partial<Standing> = {}): Standing => ({
  answeredRound: 1,
  answeredInStart: 1,
  ageMs: 0,
  commit: 2,
  ...over,
});
/** A node of term 1 that follows a, and whose heartbeats are told one by one. */
const told = (lab: Lab, round: number, about?: Standing, to = "b") =>
  lab.receive("a", to, {
    type: "Heartbeat",
    term: 1,
    commit: 2,
    round,
    ...(about !== undefined && { standing: about }),
  });
const follower = (): Lab => {
  const lab = new Lab(["a", "b", "c"]).elect("a");
  lab.settle();
  lab.pass(T);
  return lab;
};

describe("Q08 on a follower or learner", () => {
  it("Q08 is served from its own state while that is young enough, and asks the leader when it is not", () => {
    for (const id of ["b", "l"]) {
      const lab = following();
      expect(read(lab, id, 2 * INTERVAL)).toEqual([{ type: "ReadReady", requests: [1], index: 2 }]);
      lab.pass(INTERVAL + 1);
      expect(sent(read(lab, id, 2 * INTERVAL))).toMatchObject([{ to: "a", message: { type: "ReadIndex" } }]);
    }
  });

  it("Q08 each read of a turn has a bound of its own", () => {
    const lab = following();
    const reads = [
      { request: 1, maxStalenessMs: 10 * T },
      { request: 2, maxStalenessMs: 0 },
      { request: 3, maxStalenessMs: 9 * T },
    ];
    const effects = lab.step("b", { type: "BoundedReadRequested", reads });
    expect(ordersOf(effects, "ReadReady")).toMatchObject([{ requests: [1, 3] }]);
    lab.settle();
    expect(ordersOf(lab.node("b").seen, "ReadReady")).toMatchObject([{ requests: [1, 3] }, { requests: [2] }]);
  });

  it("Q08 grows old while it is cut off; then a read that asks for more fails, retryable, and never shows it", () => {
    const lab = following().isolate("b");
    lab.pass(10 * T);
    expect(isServed(lab, "b", 10 * T)).toBe(false);
    expect(isServed(lab, "b", 10 * T + 2 * INTERVAL)).toBe(true);
    lab.timeOut("b");
    expect(ordersOf(read(lab, "b", T), "ReadFailed")).toMatchObject([
      { error: { code: "NotLeader", retryable: true } },
    ]);
  });

  it("Q08/applied what the leader had committed and this node has not applied makes it old", () => {
    const lab = follower();
    told(lab, 11);
    told(lab, 12, standing({ answeredRound: 11, commit: 3 }));
    expect(isServed(lab, "b", 5 * T)).toBe(false);
    lab.propose("a", "x");
    lab.settle();
    expect(isServed(lab, "b", 0)).toBe(true);
  });

  it("Q08/age the age that the heartbeat tells counts", () => {
    const lab = follower();
    told(lab, 11);
    told(lab, 12, standing({ answeredRound: 11, ageMs: 300 }));
    expect([299, 300].map((ms) => isServed(lab, "b", ms))).toEqual([false, true]);
  });

  it("Q08/transit however long a heartbeat is on its way: it left after an answer, and since that answer it is counted", () => {
    const lab = follower();
    told(lab, 11);
    lab.pass(3 * T);
    told(lab, 12, standing({ answeredRound: 11 }));
    expect([3 * T - 1, 3 * T].map((ms) => isServed(lab, "b", ms))).toEqual([false, true]);
  });

  it("Q08/copies a copy of a heartbeat is answered later than the answer that the leader speaks of", () => {
    const lab = follower();
    told(lab, 12);
    told(lab, 13, standing({ answeredRound: 12 }));
    lab.step("b", { type: "EventLoopPaused", forMs: 10 });
    lab.pass(T);
    told(lab, 12);
    told(lab, 13, standing({ answeredRound: 12 }));
    expect(isServed(lab, "b", 100 * T)).toBe(false);
  });

  it("Q08/restart T11 an answer of an earlier run of this node is none of its own", () => {
    const lab = follower();
    lab.crash("b").restart("b");
    told(lab, 11);
    told(lab, 12, standing({ answeredRound: 11, answeredInStart: 1 }));
    expect(isServed(lab, "b", 5 * T)).toBe(false);
    told(lab, 13, standing({ answeredRound: 12, answeredInStart: 2 }));
    expect(isServed(lab, "b", 5 * T)).toBe(true);
  });

  it("Q08/pause after it stood still nothing that its clock measured is trusted", () => {
    const lab = following();
    lab.step("b", { type: "EventLoopPaused", forMs: 10 });
    expect(isServed(lab, "b", 100 * T)).toBe(false);
    lab.beat("a").beat("a");
    expect(isServed(lab, "b", 2 * INTERVAL)).toBe(true);
  });

  it("Q08 another leader counts rounds of its own: an answer to the old one is not taken for one to the new one", () => {
    const lab = follower();
    told(lab, 11);
    lab.pass(T);
    const heartbeat = { type: "Heartbeat", term: 2, commit: 2, round: 12 } as const;
    lab.receive("c", "b", { ...heartbeat, standing: standing({ answeredRound: 11 }) });
    expect(isServed(lab, "b", 5 * T)).toBe(false);
  });

  it("Q08 remembers a bounded number of answers", () => {
    const lab = follower();
    for (let round = 11; round < 12 + ANSWERS_REMEMBERED_MAX; round++) told(lab, round);
    told(lab, 1_000, standing({ answeredRound: 11 }));
    expect(isServed(lab, "b", 5 * T)).toBe(false);
    told(lab, 1_001, standing({ answeredRound: 1_000 }));
    expect(isServed(lab, "b", 0)).toBe(true);
  });
});

describe("Q08 on the leader", () => {
  it("Q08 counts from the sending of the last round that a quorum answered", () => {
    const lab = following();
    expect(isServed(lab, "a", 0)).toBe(true);
    lab.isolate("a").pass(300);
    expect([299, 300].map((ms) => isServed(lab, "a", ms))).toEqual([false, true]);
  });

  it("Q08 E21 goes on telling the age while leadership is handed over: that voids the lease alone", () => {
    const lab = following();
    lab.step("a", { type: "TransferRequested", request: 9, to: "b", isStopping: false });
    lab.take(({ message }) => message.type === "TimeoutNow");
    lab.beat("a");
    expect([isServed(lab, "a", 0), isServed(lab, "c", 2 * INTERVAL)]).toEqual([true, true]);
    expect(ordersOf(lab.step("a", { type: "LeaseReadRequested", requests: [1] }), "ReadReady")).toEqual([]);
  });

  it("Q08 says nothing about age before an entry of its own term is committed, nor after it stood still", () => {
    const lab = following();
    lab.step("a", { type: "EventLoopPaused", forMs: 10 });
    expect(isServed(lab, "a", 100 * T)).toBe(false);
    const heartbeats = sent(lab.fire("a", "heartbeat")).map(({ message }) => message);
    expect(heartbeats.filter((message) => message.type === "Heartbeat" && message.standing !== undefined)).toEqual([]);
  });
});
