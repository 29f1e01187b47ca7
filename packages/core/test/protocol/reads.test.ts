import { describe, expect, it } from "vitest";
import type { HeartbeatResponse } from "../../src/model/message.js";
import { onWire, sent } from "../support/effects.js";
import { Lab, type LabOptions, T } from "../support/lab.js";
import { accepted, ordersOf } from "../support/messages.js";

const leading = (options: LabOptions = {}): Lab => new Lab(["a", "b", "c"], options).elect("a").beat("a");
const read = (lab: Lab, id: string, ...requests: number[]) => lab.step(id, { type: "ReadRequested", requests });
const roundsOf = (effects: Parameters<typeof sent>[0]) =>
  sent(effects).flatMap(({ to, message }) => (message.type === "Heartbeat" ? [[to, message.round] as const] : []));
const roundOf = (effects: Parameters<typeof sent>[0]): number => roundsOf(effects)[0]?.[1] ?? -1;
const heard = (round: number, term = 1): HeartbeatResponse => ({
  type: "HeartbeatResponse",
  term,
  round,
  last: 2,
  needsSnapshot: 0,
});

describe("Q01 a read on the leader", () => {
  it("Q01 begins a round of heartbeats, and is served at the noted index once a quorum answered it", () => {
    const lab = leading();
    const asked = read(lab, "a", 1);
    expect(roundsOf(asked).map(([to]) => to)).toEqual(["b", "c"]);
    expect(ordersOf(asked, "ReadReady")).toEqual([]);
    const answered = lab.receive("b", "a", heard(roundOf(asked)));
    expect(answered).toEqual([{ type: "ReadReady", requests: [1], index: 2 }]);
    expect(lab.receive("c", "a", heard(roundOf(asked)))).toEqual([]);
  });

  it("Q01/before an answer to a round begun before the read came says nothing about now", () => {
    const lab = leading();
    lab.pass(T / 5);
    const earlier = roundOf(lab.fire("a", "heartbeat"));
    const asked = read(lab, "a", 1);
    expect(ordersOf(lab.receive("b", "a", heard(earlier)), "ReadReady")).toEqual([]);
    expect(ordersOf(lab.receive("c", "a", heard(earlier)), "ReadReady")).toEqual([]);
    expect(ordersOf(lab.receive("c", "a", heard(roundOf(asked))), "ReadReady")).toHaveLength(1);
  });

  it("Q01 the index noted is the one served, also if commit moved meanwhile", () => {
    const lab = leading();
    const asked = read(lab, "a", 1);
    lab.propose("a", "x");
    lab.persist("a");
    lab.receive("c", "a", accepted(1, 3));
    expect(lab.describe("a").commitIndex).toBe(3);
    expect(lab.receive("b", "a", heard(roundOf(asked)))).toEqual([{ type: "ReadReady", requests: [1], index: 2 }]);
  });

  it("Q01 answers of learners and of strangers do not confirm", () => {
    // Two learners: with the leader they would be most of the members, but never of the voters.
    const lab = new Lab(["a", "b", "c", "l", "m"], { learners: ["l", "m"], strangers: ["x"] }).elect("a").beat("a");
    const asked = read(lab, "a", 1);
    for (const id of ["l", "m", "x"])
      expect(ordersOf(lab.receive(id, "a", heard(roundOf(asked))), "ReadReady")).toEqual([]);
    const other = lab.receive("b", "a", heard(roundOf(asked)), { fromIncarnation: "f".repeat(16) });
    expect(ordersOf(other, "ReadReady")).toEqual([]);
  });

  it("Q01 a group of one answers itself", () => {
    const lab = new Lab(["a"]).elect("a");
    expect(read(lab, "a", 1)).toEqual([{ type: "ReadReady", requests: [1], index: 2 }]);
  });

  it("R19/read a round whose answers were lost is confirmed by those of the next heartbeat", () => {
    const lab = leading();
    read(lab, "a", 1);
    lab.take();
    lab.pass(T / 5);
    const next = roundOf(lab.fire("a", "heartbeat"));
    expect(ordersOf(lab.receive("c", "a", heard(next)), "ReadReady")).toMatchObject([{ requests: [1] }]);
  });
});

describe("Q02 a new leader", () => {
  it("Q02 serves no read before an entry of its own term is committed; the read waits", () => {
    const lab = leading();
    lab.crash("a").take();
    lab.timeOut("b");
    while (lab.raft("b").role !== "leader") {
      lab.persist("b");
      lab.persist("c");
      lab.deliver(({ message }) => message.type.includes("Vote"));
    }
    const beats = lab.take();
    expect(sent(read(lab, "b", 1))).toEqual([]);
    const early = lab.receive("c", "b", heard(1, 2));
    expect(ordersOf(early, "ReadReady")).toEqual([]);
    lab.wire = beats;
    lab.settle();
    expect(ordersOf(lab.node("b").seen, "ReadReady")).toEqual([{ type: "ReadReady", requests: [1], index: 3 }]);
  });
});

describe("Q03 reads share rounds", () => {
  it("Q03 what comes while a round is under way waits for the next, all together", () => {
    const lab = leading();
    const first = roundOf(read(lab, "a", 1, 2));
    expect(sent(read(lab, "a", 3))).toEqual([]);
    expect(sent(read(lab, "a", 4))).toEqual([]);
    const answered = lab.receive("b", "a", heard(first));
    expect(ordersOf(answered, "ReadReady")).toEqual([{ type: "ReadReady", requests: [1, 2], index: 2 }]);
    expect(roundsOf(answered)).toEqual([
      ["b", first + 1],
      ["c", first + 1],
    ]);
    expect(ordersOf(lab.receive("c", "a", heard(first + 1)), "ReadReady")).toMatchObject([{ requests: [3, 4] }]);
  });
});

describe("Q04 a read on a follower", () => {
  const ask = (lab: Lab, ...requests: number[]) =>
    sent(read(lab, "b", ...requests)).flatMap(({ message }) => (message.type === "ReadIndex" ? [message.request] : []));
  const answer = (request: number, index = 2) =>
    ({ type: "ReadIndexResponse", request, confirmed: true, index }) as const;

  it("Q04 asks the leader, which confirms it like its own", () => {
    const lab = leading();
    read(lab, "b", 1);
    expect(onWire(lab)).toEqual(["b>a ReadIndex"]);
    lab.settle();
    expect(ordersOf(lab.node("b").seen, "ReadReady")).toEqual([{ type: "ReadReady", requests: [1], index: 2 }]);
  });

  it("Q04 learners do so, too", () => {
    const lab = new Lab(["a", "b", "c", "l"], { learners: ["l"] }).elect("a").beat("a");
    read(lab, "l", 1);
    lab.settle();
    expect(ordersOf(lab.node("l").seen, "ReadReady")).toEqual([{ type: "ReadReady", requests: [1], index: 2 }]);
  });

  it("Q04 a read joins only a question not yet sent", () => {
    const lab = leading();
    const [first] = ask(lab, 1);
    expect(ask(lab, 2)).toEqual([]);
    expect(ask(lab, 3)).toEqual([]);
    const answered = lab.receive("a", "b", answer(first ?? -1));
    expect(ordersOf(answered, "ReadReady")).toEqual([{ type: "ReadReady", requests: [1], index: 2 }]);
    const [next] = sent(answered);
    expect(next?.message).toMatchObject({ type: "ReadIndex" });
    const request = next?.message.type === "ReadIndex" ? next.message.request : -1;
    expect(request).not.toBe(first);
    expect(ordersOf(lab.receive("a", "b", answer(request, 5)), "ReadReady")).toMatchObject([
      { requests: [2, 3], index: 5 },
    ]);
  });

  it("Q04 the answer of any other number is dropped", () => {
    const lab = leading();
    const [request] = ask(lab, 1);
    expect(lab.receive("a", "b", answer((request ?? 0) + 1))).toEqual([]);
    lab.receive("a", "b", answer(request ?? 0));
    expect(lab.receive("a", "b", answer(request ?? 0))).toEqual([]);
  });

  it("Q04 T11 no number is used again after a restart: the old answer, still under way, would be of before the crash", () => {
    const lab = leading();
    const [before] = ask(lab, 1);
    lab.crash("b").restart("b").beat("a");
    lab.take();
    const [after] = ask(lab, 2);
    expect(after).not.toBe(before);
    expect(ordersOf(lab.receive("a", "b", answer(before ?? 0)), "ReadReady")).toEqual([]);
  });

  it("Q04 a node asked that does not lead says so, and the read fails, retryable", () => {
    const lab = leading();
    expect(sent(lab.receive("b", "c", { type: "ReadIndex", request: 5 }))).toEqual([
      { to: "b", message: { type: "ReadIndexResponse", request: 5, confirmed: false, index: 0 } },
    ]);
    const [request] = ask(lab, 1);
    const effects = lab.receive("a", "b", {
      type: "ReadIndexResponse",
      request: request ?? 0,
      confirmed: false,
      index: 0,
    });
    expect(ordersOf(effects, "ReadFailed")).toMatchObject([
      { requests: [1], error: { outcome: "refused", retryable: true } },
    ]);
  });
});

describe("Q07 a read never hangs", () => {
  const failed = (effects: Parameters<typeof sent>[0]) =>
    ordersOf(effects, "ReadFailed").map(({ requests, error }) => [requests, error.code, error.retryable]);

  it("Q07 on a leader that is deposed, waiting or in a round, here or for a follower", () => {
    const lab = leading();
    read(lab, "a", 1);
    read(lab, "a", 2);
    lab.receive("b", "a", { type: "ReadIndex", request: 77 });
    const effects = lab.receive("c", "a", { type: "Heartbeat", term: 2, commit: 0, round: 1 });
    expect(failed(effects)).toEqual([[[2, 1], "LeadershipLost", true]]);
    lab.persist("a");
    expect(lab.wire.map(({ message }) => message)).toContainEqual({
      type: "ReadIndexResponse",
      request: 77,
      confirmed: false,
      index: 0,
    });
  });

  it("Q07 on a leader that no quorum answers", () => {
    const lab = leading().isolate("a");
    read(lab, "a", 1);
    lab.pass(T);
    expect(failed(lab.fire("a", "heartbeat"))).toEqual([[[1], "LeadershipLost", true]]);
  });

  it("Q07 on a follower whose leader gives no answer in time; what waited is asked then", () => {
    const lab = leading();
    read(lab, "b", 1);
    read(lab, "b", 2);
    lab.take();
    const armed = lab.node("b").timers.get("request");
    expect(armed?.between).toEqual([2 * T, 2 * T]);
    const effects = lab.pass(2 * T).fire("b", "request");
    expect(failed(effects)).toEqual([[[1], "ReadTimeout", true]]);
    expect(sent(effects)).toMatchObject([{ to: "a", message: { type: "ReadIndex" } }]);
  });

  it("Q07 on a follower whose leader changes, whose term rises, or whose connection to it ends", () => {
    for (const event of ["term", "connection", "timeout"]) {
      const lab = leading();
      read(lab, "b", 1);
      read(lab, "b", 2);
      const effects =
        event === "term"
          ? lab.receive("c", "b", { type: "Heartbeat", term: 2, commit: 0, round: 1 })
          : event === "connection"
            ? lab.step("b", { type: "PeerDown", id: "a" })
            : lab.timeOut("b");
      expect(failed(effects), `after ${event}`).toEqual([[[1, 2], "ReadTimeout", true]]);
    }
  });

  it("Q07 on a node that knows no leader", () => {
    expect(failed(read(new Lab(["a", "b"]), "a", 1))).toEqual([[[1], "NotLeader", true]]);
  });

  it("Q07 on a follower that stops in place", () => {
    const lab = leading();
    read(lab, "b", 1);
    const effects = lab.step("b", { type: "StorageFailed", reason: "EIO" });
    expect(ordersOf(effects, "ReadFailed")).toMatchObject([{ requests: [1] }]);
  });

  it("Q07 beyond the bound a read is refused at once, on leader and follower", () => {
    const lab = leading({ pendingRequestsMax: 2 });
    for (const id of ["a", "b"]) {
      read(lab, id, 1, 2);
      expect(failed(read(lab, id, 3))).toEqual([[[3], "Overloaded", true]]);
    }
  });

  it("Q07 R15 none is released by a leader after it gave up office", () => {
    const lab = leading();
    const round = roundOf(read(lab, "a", 1));
    lab.step("a", { type: "StateMachineFaulted", index: 2, reason: "boom" });
    expect(ordersOf(lab.receive("b", "a", heard(round)), "ReadReady")).toEqual([]);
  });
});
