import { describe, expect, it } from "vitest";
import { RaftError } from "../../src/model/errors.js";
import type { Message } from "../../src/model/message.js";
import type { MembershipPolicy } from "../../src/protocol/policies.js";
import { sent } from "../support/effects.js";
import { incarnationOf, Lab, memberOf, T } from "../support/lab.js";

const FIVE = ["a", "b", "c", "d", "e"];

/** Whether the leader still leads when it looks at the clock, `ms` after it took office and heard only these messages. */
function leadsAfter(ms: number, lab: Lab, hears: readonly (readonly [from: string, message: Message])[]): boolean {
  lab.pass(ms - 1);
  for (const [from, message] of hears) lab.receive(from, "a", message);
  lab.pass(1).fire("a", "heartbeat");
  return lab.raft("a").role === "leader";
}

const leader = (options = {}): Lab => {
  const lab = new Lab(FIVE, options);
  lab.timeOut("a");
  lab.deliver();
  lab.deliver();
  lab.persist("a");
  lab.deliver();
  for (const id of lab.ids) lab.persist(id);
  lab.deliver(({ to }) => to === "a");
  lab.wire = [];
  return lab;
};

const answer = (term = 1): Message => ({ type: "HeartbeatResponse", term, round: 1, last: 1, needsSnapshot: 0 });

describe("E16 a leader that no quorum hears", () => {
  it("E16 becomes follower in the same term after T, with no known leader and its vote kept", () => {
    const lab = leader();
    expect(leadsAfter(T - 1, lab, [])).toBe(true);
    lab.pass(1).fire("a", "heartbeat");
    expect(lab.describe("a")).toMatchObject({ role: "follower", term: 1, leader: null, votedFor: "a" });
  });

  it("E16 a quorum's answers of this term keep it in office, itself included; fewer do not", () => {
    expect(
      leadsAfter(T, leader(), [
        ["b", answer()],
        ["c", answer()],
      ]),
    ).toBe(true);
    expect(leadsAfter(T, leader(), [["b", answer()]])).toBe(false);
  });

  it("E16 answers to appends count like those to heartbeats", () => {
    const refusal: Message = {
      type: "AppendEntriesResponse",
      term: 1,
      success: false,
      match: 0,
      prevIndex: 1,
      hintIndex: 0,
      hintTerm: 0,
      last: 0,
      needsSnapshot: 0,
    };
    expect(
      leadsAfter(T, leader(), [
        ["b", refusal],
        ["c", refusal],
      ]),
    ).toBe(true);
  });

  it("E16/requests requests of any kind are no answers", () => {
    const ask: Message = { type: "PreVoteRequest", term: 2, round: 1, last: { index: 1, term: 0 } };
    const read: Message = { type: "ReadIndex", request: 1 };
    const propose: Message = { type: "Propose", forTerm: 1, request: 1, payload: new Uint8Array(1) };
    const hears = ["b", "c", "d", "e"].flatMap(
      (id) =>
        [
          [id, ask],
          [id, read],
          [id, propose],
        ] as const,
    );
    expect(leadsAfter(T, leader(), hears)).toBe(false);
  });

  it("E16/older-term answers of an older term are none", () => {
    expect(
      leadsAfter(T, leader(), [
        ["b", answer(0)],
        ["c", answer(0)],
      ]),
    ).toBe(false);
  });

  it("E16/learner answers of learners are none", () => {
    const lab = new Lab(["a", "b", "c", "l", "m"], { learners: ["l", "m"] }).elect("a");
    lab.wire = [];
    expect(
      leadsAfter(T, lab, [
        ["l", answer()],
        ["m", answer()],
      ]),
    ).toBe(false);
  });

  it("E16/incarnation answers of another incarnation are none", () => {
    const lab = leader();
    lab.pass(T - 1);
    for (const id of ["b", "c"]) lab.receive(id, "a", answer(), { fromIncarnation: incarnationOf(id, 2) });
    lab.pass(1).fire("a", "heartbeat");
    expect(lab.raft("a").role).toBe("follower");
  });

  it("E16 proposals not yet committed are answered unknown, reads can be tried again", () => {
    const lab = leader();
    const commit = lab.raft("a").commitIndex;
    lab.propose("a", "x");
    lab.step("a", { type: "ReadRequested", requests: [7] });
    lab.pass(T);
    const effects = lab.fire("a", "heartbeat");
    const abandoned = effects.find((each) => each.type === "AbandonProposals");
    expect(abandoned).toMatchObject({ above: commit, error: { code: "LeadershipLost", outcome: "unknown" } });
    const failed = effects.find((each) => each.type === "ReadFailed");
    expect(failed).toMatchObject({ requests: [7], error: { outcome: "refused", retryable: true } });
    expect(failed?.error).toBeInstanceOf(RaftError);
    // And it says no more heartbeat.
    expect(sent(effects)).toEqual([]);
  });

  it("E16 M13 a leader in whose name another incarnation votes now counts itself no more: not for silence, commits or reads", () => {
    // a's directory was thought lost, and its successor a₂ takes its seat while a still leads.
    const enter: MembershipPolicy["enter"] = (_, configuration) => ({ kind: "append", configuration });
    const membership: MembershipPolicy = { enter, leave: () => undefined };
    const lab = new Lab(["a", "b", "c"], { membership }).elect("a");
    const members = lab.ids.map((id) =>
      id === "a" ? { ...memberOf(id), incarnation: incarnationOf(id, 2) } : memberOf(id),
    );
    lab.step("a", { type: "ChangeRequested", request: 1, target: { ...lab.configuration, members }, expected: null });
    lab.step("a", { type: "ReadRequested", requests: [7] });
    lab.persist("a");
    lab.deliver(({ to }) => to === "b");
    lab.persist("b");
    lab.deliver(({ from }) => from === "b");
    // b alone is no majority of a₂, b and c; with c it is.
    expect(lab.raft("a").commitIndex).toBe(2);
    expect(lab.node("a").seen.some(({ type }) => type === "ReadReady")).toBe(false);
    expect(leadsAfter(T, lab, [["b", answer()]])).toBe(false);
  });

  it("M15 M13 what an earlier incarnation answered says nothing of its successor: a change to it is refused", () => {
    const enter: MembershipPolicy["enter"] = (_, configuration) => ({ kind: "append", configuration });
    const lab = new Lab(["a", "b", "c"], { membership: { enter, leave: () => undefined } }).elect("a");
    lab.cut("a", "c");
    for (let i = 0; i < 5; i++) lab.beat("a");
    const change = (life: number) => {
      const successor = { ...memberOf("b"), incarnation: incarnationOf("b", life) };
      const members = lab.ids.map((id) => (id === "b" ? successor : memberOf(id)));
      return lab.step("a", {
        type: "ChangeRequested",
        request: 1,
        target: { ...lab.configuration, members },
        expected: null,
      });
    };
    expect(change(2)).toMatchObject([{ type: "ChangeAnswered", error: { code: "ChangeRefused", outcome: "refused" } }]);
    expect(change(1).some(({ type }) => type === "Persist")).toBe(true);
  });

  it("E16 E13 its vote of that term stays spent: no second leader of the term can come of it", () => {
    const lab = leader();
    lab.pass(T).fire("a", "heartbeat");
    lab.persist("a");
    const effects = lab.receive("b", "a", {
      type: "VoteRequest",
      term: 1,
      last: { index: 9, term: 1 },
      transfer: false,
    });
    expect(sent(effects)).toEqual([{ to: "b", message: { type: "VoteResponse", term: 1, granted: false } }]);
  });
});
