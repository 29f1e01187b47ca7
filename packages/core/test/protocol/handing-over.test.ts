import { describe, expect, it } from "vitest";
import { type Configuration, votersOnly } from "../../src/model/configuration.js";
import type { Effect } from "../../src/protocol/effect.js";
import type { MembershipPolicy } from "../../src/protocol/policies.js";
import { saidAfter, sent, written } from "../support/effects.js";
import { Lab, memberOf, T } from "../support/lab.js";

const THREE = ["a", "b", "c"];

/** Enters any configuration as it is, and never leaves one: enough to have a change under way. */
const anyMembership: MembershipPolicy = {
  enter: (_, configuration) => ({ kind: "append", configuration }),
  leave: () => undefined,
};

const transfer = (lab: Lab, to: string | null, request = 1): readonly Effect[] =>
  lab.step("a", { type: "TransferRequested", request, to, isStopping: to === null });
const answers = (effects: readonly Effect[]) => effects.filter((each) => each.type === "TransferAnswered");

/** Why it was refused. */
function refusal(effects: readonly Effect[]): string {
  const [answer] = answers(effects);
  expect(answer?.error).toMatchObject({ code: "TransferRefused", outcome: "refused" });
  return answer?.error?.message ?? "";
}

describe("E21 handing leadership over", () => {
  it("E21 the target is brought up to date, is told, campaigns without pre-vote under the mark, and leads", () => {
    const lab = new Lab(THREE).elect("a");
    lab.heldDisks.add("b");
    lab.propose("a", "x");
    lab.settle();
    // b has not acknowledged the last entry yet.
    expect(sent(transfer(lab, "b"))).toEqual([]);
    lab.heldDisks.clear();
    lab.persist("b");
    lab.deliver();
    const [told] = lab.take(({ message }) => message.type === "TimeoutNow");
    expect(told).toMatchObject({ to: "b", message: { type: "TimeoutNow", term: 1, last: { index: 3, term: 1 } } });

    const effects = lab.receive("a", "b", { type: "TimeoutNow", term: 1, last: { index: 3, term: 1 } });
    expect(written(effects)).toEqual([{ term: 2, vote: "b" }]);
    const request = { type: "VoteRequest", term: 2, last: { index: 3, term: 1 }, transfer: true };
    expect(saidAfter(effects)).toEqual([
      { to: "a", message: request },
      { to: "c", message: request },
    ]);
    lab.settle();
    expect(lab.leaders()).toEqual(["b"]);
    expect(answers(lab.node("a").seen)).toEqual([{ type: "TransferAnswered", request: 1, error: null }]);
  });

  it("E21/proposals meanwhile new proposals are refused with an error to retry", () => {
    const lab = new Lab(THREE).elect("a");
    transfer(lab, "b");
    expect(lab.propose("a", "x")).toMatchObject([
      { type: "ProposalsRefused", count: 1, error: { code: "TransferRunning", outcome: "refused", retryable: true } },
    ]);
  });

  it("E21/change a membership change is refused meanwhile", () => {
    const lab = new Lab(THREE, { membership: anyMembership }).elect("a");
    transfer(lab, "b");
    const target = votersOnly(["a", "b"].map(memberOf));
    const effects = lab.step("a", { type: "ChangeRequested", request: 5, target, expected: null });
    expect(effects).toMatchObject([{ type: "ChangeAnswered", request: 5, error: { code: "TransferRunning" } }]);
  });

  it("E21/time-out not deposed after T it appends an empty entry and takes proposals again", () => {
    const lab = new Lab(THREE).elect("a");
    expect(transfer(lab, "b")).toContainEqual({ type: "ArmTimer", timer: "transfer", between: [T, T], generation: 1 });
    lab.take();
    const late = { type: "TimeoutNow", term: 1, last: { index: 2, term: 1 } } as const;
    lab.beat("a").pass((T * 4) / 5);
    const effects = lab.fire("a", "transfer");
    expect(refusal(effects)).toContain("did not take over");
    expect(lab.describe("a")).toMatchObject({ role: "leader", last: { index: 3, term: 1 } });
    expect(lab.propose("a", "x")).toContainEqual({ type: "ProposalsAccepted", first: 4, term: 1, count: 1 });
    lab.settle();
    // What was told before ends nothing any more.
    expect(lab.receive("a", "b", late)).toEqual([]);
  });

  it("E21/stepped-down a leader that stepped down by itself handed nothing over", () => {
    const lab = new Lab(THREE).elect("a");
    transfer(lab, "b");
    lab.take();
    lab.pass(T);
    const effects = lab.fire("a", "heartbeat");
    expect(answers(effects)).toMatchObject([{ request: 1, error: { code: "TransferRefused", outcome: "unknown" } }]);
  });

  it("E21/target acts only as a voter in that same term with exactly that last entry", () => {
    const acts = (last: { index: number; term: number }, term = 1): boolean => {
      const lab = new Lab(THREE).elect("a");
      return written(lab.receive("a", "b", { type: "TimeoutNow", term, last })).some(({ vote }) => vote === "b");
    };
    expect(acts({ index: 2, term: 1 })).toBe(true);
    expect(acts({ index: 3, term: 1 })).toBe(false);
    expect(acts({ index: 1, term: 0 })).toBe(false);
    expect(acts({ index: 2, term: 0 })).toBe(false);
    expect(acts({ index: 2, term: 1 }, 0)).toBe(false);
    // Nobody is known to lead term 2.
    expect(acts({ index: 2, term: 1 }, 2)).toBe(false);
  });

  it("E21/target acts only on its leader's word, and once", () => {
    const lab = new Lab(THREE).elect("a");
    const told = { type: "TimeoutNow", term: 1, last: { index: 2, term: 1 } } as const;
    expect(lab.receive("c", "b", told)).toEqual([]);
    expect(written(lab.receive("a", "b", told))).toEqual([{ term: 2, vote: "b" }]);
    expect(lab.receive("a", "b", told)).toEqual([]);
    expect(lab.raft("b").term).toBe(2);
  });

  it("E21/mark holds for that one ballot: the next round is an ordinary one", () => {
    const lab = new Lab(THREE).elect("a");
    lab.receive("a", "b", { type: "TimeoutNow", term: 1, last: { index: 2, term: 1 } });
    lab.persist("b");
    lab.take();
    expect(sent(lab.timeOut("b")).map(({ message }) => message.type)).toEqual(["PreVoteRequest", "PreVoteRequest"]);
    lab.deliver();
    lab.deliver();
    expect(saidAfter(lab.node("b").seen.slice(-6)).map(({ message }) => message)).toMatchObject([
      { type: "VoteRequest", term: 3, transfer: false },
      { type: "VoteRequest", term: 3, transfer: false },
    ]);
  });

  it("E21/refused with the reason: not the leader, unknown, non-voter, silent for T, one under way", () => {
    const lab = new Lab(["a", "b", "c", "l"], { learners: ["l"] }).elect("a");
    expect(lab.step("b", { type: "TransferRequested", request: 1, to: "c", isStopping: false })).toMatchObject([
      { type: "TransferAnswered", error: { code: "NotLeader", leader: "a" } },
    ]);
    expect(refusal(transfer(lab, "z"))).toContain("z is not a member");
    expect(refusal(transfer(lab, "l"))).toContain("l does not vote");
    lab.cut("a", "c");
    for (let i = 0; i < 5; i++) lab.beat("a");
    expect(refusal(transfer(lab, "c"))).toContain("c has not answered for 1000 ms");
    expect(answers(transfer(lab, "b"))).toEqual([]);
    expect(refusal(transfer(lab, "b", 2))).toContain("another transfer");
  });

  it("E21/refused with the reason: a witness, priority 0, a change under way", () => {
    const change = (over: Partial<Configuration>): Lab => {
      const lab = new Lab(THREE, { membership: anyMembership }).elect("a");
      lab.step("a", { type: "ChangeRequested", request: 9, target: { ...lab.configuration, ...over }, expected: null });
      return lab;
    };
    expect(refusal(transfer(change({ witnesses: ["b"] }).settle(), "b"))).toContain("b is a witness");
    const members = THREE.map((id) => ({ ...memberOf(id), priority: id === "b" ? 0 : 1 }));
    expect(refusal(transfer(change({ members }).settle(), "b"))).toContain("b has priority 0");
    expect(refusal(transfer(change({}), "b"))).toContain("a change of members is under way");
  });

  it("E21/self a transfer to itself is a no-op", () => {
    const lab = new Lab(THREE).elect("a");
    expect(transfer(lab, "a", 4)).toEqual([{ type: "TransferAnswered", request: 4, error: null }]);
    expect(lab.propose("a", "x")[0]).toMatchObject({ type: "ProposalsAccepted" });
  });
});

describe("E25 a leader that stops", () => {
  const target = (effects: readonly Effect[], lab: Lab): string | undefined => {
    expect(answers(effects)).toEqual([]);
    lab.settle();
    return lab.leaders().find((id) => id !== "a");
  };

  it("E25/best hands over to the voter with the highest match", () => {
    const lab = new Lab(["a", "b", "c", "d", "l"], { learners: ["l"] }).elect("a").cut("a", "b");
    lab.propose("a", "x");
    lab.settle().heal();
    expect(target(transfer(lab, null), lab)).toBe("c");
  });

  it("E25/silent passes over one that has not answered within T, however far it is", () => {
    const lab = new Lab(["a", "b", "c", "d"]).elect("a");
    lab.cut("a", "b");
    for (let i = 0; i < 5; i++) lab.beat("a");
    expect(target(transfer(lab, null), lab)).toBe("c");
  });

  it("E25/nobody says so where nobody answered lately, and leads on", () => {
    const lab = new Lab(THREE).elect("a");
    lab.pass(T);
    expect(refusal(transfer(lab, null))).toContain("no other voter");
  });

  it("E25/change also during a change, in the joint phase to a voter of both halves", () => {
    const lab = new Lab(["a", "b", "c", "d"], { membership: anyMembership }).elect("a");
    const joint: Configuration = { ...lab.configuration, voters: ["d", "a", "c"], votersOld: ["a", "b", "c"] };
    lab.step("a", { type: "ChangeRequested", request: 9, target: joint, expected: null });
    lab.deliver();
    expect(target(transfer(lab, null), lab)).toBe("c");
  });

  it("E25/time-out within T: what nobody took over after T is answered", () => {
    const lab = new Lab(THREE).elect("a");
    transfer(lab, null);
    lab.take();
    lab.pass(T);
    expect(refusal(lab.fire("a", "transfer"))).toContain("did not take over within 1000 ms");
    expect(lab.raft("a").role).toBe("leader");
  });
});
