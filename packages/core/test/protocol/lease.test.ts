import { afterEach, describe, expect, it, vi } from "vitest";
import { dropped, saidAfter, sent, waits, written } from "../support/effects.js";
import { incarnationOf, Lab, T } from "../support/lab.js";

const ENTRY_1 = { index: 1, term: 0 };
const ask = (term: number, last = { index: 9, term: 9 }) =>
  ({ type: "VoteRequest", term, last, transfer: false }) as const;
const HELD = "vote request held back by the lease";

describe("E07 who hears its leader lets nobody talk it into an election", () => {
  it("E07/symmetric-cut a node that was cut off both ways raises its term alone; healed, its requests depose nobody", () => {
    const lab = new Lab(["a", "b", "c"], { preVote: false }).elect("a");
    lab.isolate("c");
    for (let round = 0; round < 4; round++) {
      for (let beat = 0; beat < 5; beat++) lab.beat("a");
      if (round === 3) lab.heal();
      lab.fire("c", "election");
      lab.persist("c");
      lab.deliver(({ from }) => from === "c");
    }
    expect(lab.describe("c")).toMatchObject({ role: "candidate", term: 5 });
    expect(lab.describe("a")).toMatchObject({ role: "leader", term: 1 });
    expect(lab.describe("b")).toMatchObject({ role: "follower", term: 1, leader: "a" });
    for (const id of ["a", "b"]) expect(dropped(lab, id)).toMatchObject({ [HELD]: 1 });
  });

  it("E07/asker-cannot-hear-leader a node that the leader's messages do not reach disturbs neither leader nor followers", () => {
    const lab = new Lab(["a", "b", "c"], { preVote: false }).elect("a").beat("a");
    lab.cuts.add("a>c");
    for (let i = 0; i < 4; i++) lab.beat("a");
    lab.pass(T / 5).fire("a", "heartbeat");
    lab.settle();
    lab.fire("c", "election");
    lab.fire("c", "election");
    lab.settle();
    expect(lab.raft("c").role).toBe("candidate");
    expect(lab.raft("c").term).toBe(2);
    expect(lab.describe("a")).toMatchObject({ role: "leader", term: 1 });
    expect(lab.describe("b")).toMatchObject({ role: "follower", term: 1, leader: "a" });
  });

  it("E07/asker-cannot-be-heard the leader hears no answer of it, but its own quorum: it ignores it, too", () => {
    const lab = new Lab(["a", "b", "c"]).elect("a");
    lab.cuts.add("c>b");
    lab.beat("a").pass(T - 1);
    const effects = lab.receive("c", "a", ask(2));
    expect(effects).toEqual([]);
    expect(lab.describe("a")).toMatchObject({ role: "leader", term: 1 });
    lab.pass(1);
    expect(written(lab.receive("c", "a", ask(2)))).toEqual([{ term: 2, vote: "c" }]);
    // A quorum has been silent for T: it may vote like any other.
    expect(lab.raft("a").role).toBe("follower");
  });

  it("E07/restarted a voter that has just started ignores a vote request: its start counts as contact", () => {
    const lab = new Lab(["a", "b", "c"], { hardStates: { b: { term: 1 } } });
    lab.pass(5_000).crash("b").restart("b");
    lab.pass(T - 1);
    expect(lab.receive("c", "b", ask(2))).toEqual([]);
    // The term is not adopted.
    expect(lab.raft("b").term).toBe(1);
    lab.pass(1);
    expect(written(lab.receive("c", "b", ask(2)))).toEqual([{ term: 2, vote: "c" }]);
  });

  it("E07/higher-term-first a voter that learned the higher term from another message first still ignores the request", () => {
    const lab = new Lab(["a", "b", "c"]).elect("a").beat("a");
    lab.receive("c", "b", { type: "VoteResponse", term: 2, granted: false });
    lab.persist("b");
    expect(lab.describe("b")).toMatchObject({ term: 2, leader: null, votedFor: null });
    // Contact is a time, and outlives the term.
    expect(lab.receive("c", "b", ask(2))).toEqual([]);
    expect(lab.describe("b").votedFor).toBe(null);
  });

  it("E07/transfer-mark a request that carries the transfer mark is not held back", () => {
    const lab = new Lab(["a", "b", "c"]).elect("a").beat("a");
    const effects = lab.receive("c", "b", { ...ask(2), transfer: true });
    expect(saidAfter(effects)).toEqual([{ to: "c", message: { type: "VoteResponse", term: 2, granted: true } }]);
  });

  it("E07/lower-term a request of a lower term is answered by E14, contact or not", () => {
    const lab = new Lab(["a", "b", "c"], { hardStates: { b: { term: 4 } } });
    lab.receive("a", "b", { type: "Heartbeat", term: 4, commit: 0, round: 1 });
    expect(sent(lab.receive("c", "b", ask(3)))).toEqual([
      { to: "c", message: { type: "VoteResponse", term: 4, granted: false } },
    ]);
  });

  it("E07/leader-itself a leader's contact is its quorum's last answer, and ends when it steps down", () => {
    const lab = new Lab(["a", "b", "c"]).elect("a");
    expect(lab.receive("c", "a", ask(2))).toEqual([]);
    lab.receive("b", "a", { type: "HeartbeatResponse", term: 2, round: 1, last: 0, needsSnapshot: 0 });
    expect(lab.describe("a")).toMatchObject({ role: "follower", term: 2 });
    const effects = lab.receive("c", "a", ask(2));
    expect(saidAfter(effects)).toMatchObject([{ to: "c", message: { granted: true } }]);
  });
});

describe("E22 time", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  /** The same story, begun at another instant of the monotonic clock. */
  function story(beginMs: number, betweenSteps: () => void): unknown[] {
    const lab = new Lab(["a", "b", "c"]);
    lab.now = beginMs;
    for (const id of lab.ids) lab.crash(id).restart(id);
    const tell = () => {
      betweenSteps();
      return lab.ids.map((id) => ({ ...lab.describe(id), seen: lab.node(id).seen.splice(0) }));
    };
    const told: unknown[] = [tell()];
    lab.elect("a");
    told.push(tell());
    lab.beat("a").propose("a", "x");
    told.push(tell());
    lab.settle().isolate("a");
    for (let i = 0; i < 7; i++) lab.beat("a");
    told.push(tell(), waits(lab.timeOut("b")));
    lab.settle();
    told.push(tell(), lab.leaders());
    return told;
  }

  it("E22 only the time since counts: no step depends on where the monotonic clock began", () => {
    const first = story(0, () => {});
    expect(first.at(-1)).toEqual(["b"]);
    expect(story(2 ** 40, () => {})).toEqual(first);
  });

  it("E22 a wall clock that jumps changes nothing", () => {
    const first = story(0, () => {});
    vi.useFakeTimers({ toFake: ["Date"] });
    let jumps = 0;
    expect(story(0, () => vi.setSystemTime(jumps++ % 2 === 0 ? 0 : 4e12))).toEqual(first);
    expect(jumps).toBeGreaterThan(3);
  });
});

it("E07 E14 a candidate of the receiver's own term is held back like one of a higher term", () => {
  const lab = new Lab(["a", "b", "c"], { hardStates: { b: { term: 2, vote: null } } });
  lab.receive("a", "b", { type: "Heartbeat", term: 2, commit: 0, round: 1 });
  expect(lab.receive("c", "b", ask(2))).toEqual([]);
  lab.pass(T);
  expect(saidAfter(lab.receive("c", "b", ask(2, ENTRY_1)))).toMatchObject([{ message: { granted: true } }]);
  expect(lab.describe("b").votedFor).toBe("c");
  // Not before it is durable.
  expect(lab.node("b").disk.hardState.vote).toBe(null);
  lab.persist("b");
  expect(lab.node("b").disk.hardState.vote).toEqual({ id: "c", incarnation: incarnationOf("c") });
});
