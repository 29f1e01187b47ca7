import { describe, expect, it } from "vitest";
import { type Configuration, votersOnly } from "../../src/model/configuration.js";
import type { MembershipPolicy } from "../../src/protocol/policies.js";
import type { sent } from "../support/effects.js";
import { incarnationOf, type Lab, memberOf, T } from "../support/lab.js";
import { accepted, ordersOf } from "../support/messages.js";
import { ReadingLab } from "../support/reading-lab.js";

const FIVE = ["a", "b", "c", "d", "e"];
const target = votersOnly(["a", "d", "e"].map(memberOf));
const both: Configuration = { ...target, members: FIVE.map(memberOf), votersOld: ["a", "b", "c"] };

/** From {a, b, c} to {a, d, e}, by way of both. */
const joint: MembershipPolicy = {
  enter: (_current, to) =>
    to.voters.length === 0
      ? { kind: "refused", reason: "no voter would be left" }
      : { kind: "append", configuration: { ...to, members: FIVE.map(memberOf), votersOld: ["a", "b", "c"] } },
  leave: (committed) => (committed.votersOld.length > 0 ? target : undefined),
};

/** a leads {a, b, c}; d and e are learners. */
function leading(): Lab {
  return new ReadingLab(FIVE, { learners: ["d", "e"], membership: joint }).elect("a").beat("a");
}
const change = (lab: Lab, to: Configuration = target, request = 1) =>
  lab.step("a", { type: "ChangeRequested", request, target: to, expected: null });
const answers = (effects: Parameters<typeof sent>[0]) =>
  ordersOf(effects, "ChangeAnswered").map(({ request, error }) => [request, error?.code ?? null]);
const votersOf = (lab: Lab, id: string) => {
  const { voters, votersOld } = lab.describe(id).configuration.configuration;
  return `${votersOld.join("")}>${voters.join("")}`;
};

describe("M03 one change at a time", () => {
  it("M03 M01 it begins with an entry that takes effect when it is appended", () => {
    const lab = leading();
    const effects = change(lab);
    expect(answers(effects)).toEqual([]);
    expect(ordersOf(effects, "UpdatePeers")).toEqual([
      { type: "UpdatePeers", configuration: { id: { index: 3, term: 1 }, configuration: both }, others: [] },
    ]);
    expect(lab.describe("a")).toMatchObject({ commitIndex: 2, configuration: { id: { index: 3, term: 1 } } });
  });

  it("M03 it is over, and answered, when its last configuration is committed", () => {
    const lab = leading();
    change(lab);
    lab.settle();
    expect(votersOf(lab, "a")).toBe(">ade");
    expect(answers(lab.node("a").seen)).toEqual([[1, null]]);
    expect(lab.describe("a").commitIndex).toBe(4);
  });

  it("M03 a second one is refused while the first is under way, in either phase", () => {
    const lab = leading();
    change(lab);
    expect(answers(change(lab, target, 2))).toEqual([[2, "ChangeRunning"]]);
    lab.persist("a");
    for (const id of ["b", "d"]) lab.receive(id, "a", accepted(1, 3));
    expect(votersOf(lab, "a")).toBe(">ade");
    expect(answers(change(lab, target, 3))).toEqual([[3, "ChangeRunning"]]);
  });

  it("M03 not before the leader committed an entry of its own term", () => {
    const lab = leading();
    lab.take();
    lab.crash("a");
    lab.pass(T);
    lab.timeOut("b");
    for (let i = 0; i < 40 && lab.raft("b").role !== "leader"; i++) {
      for (const id of FIVE) lab.persist(id);
      lab.deliver(({ message }) => message.type.includes("Vote"));
    }
    expect(lab.raft("b").role).toBe("leader");
    const early = lab.step("b", { type: "ChangeRequested", request: 7, target, expected: null });
    expect(ordersOf(early, "ChangeAnswered")).toMatchObject([
      { request: 7, error: { code: "ChangeRunning", outcome: "refused", retryable: true } },
    ]);
    lab.settle().beat("b");
    expect(answers(lab.step("b", { type: "ChangeRequested", request: 8, target, expected: null }))).toEqual([]);
  });

  it("M03 not during a transfer of leadership", () => {
    const lab = leading();
    lab.step("a", { type: "TransferRequested", request: 1, to: "b", isStopping: false });
    expect(answers(change(lab))).toEqual([[1, "TransferRunning"]]);
  });

  it("M03 not on a follower, and not if the policy says no: refused, with the reason", () => {
    const lab = leading();
    expect(answers(lab.step("b", { type: "ChangeRequested", request: 1, target, expected: null }))).toEqual([
      [1, "NotLeader"],
    ]);
    const refused = change(lab, { ...target, voters: [] });
    expect(ordersOf(refused, "ChangeAnswered")[0]?.error?.message).toContain("no voter would be left");
  });

  it("M03 C02 a leader that loses office tells its caller that the outcome is unknown", () => {
    const lab = leading();
    change(lab);
    const effects = lab.receive("c", "a", { type: "Heartbeat", term: 2, commit: 0, round: 1 });
    expect(ordersOf(effects, "ChangeAnswered")).toMatchObject([{ request: 1, error: { outcome: "unknown" } }]);
  });

  it("M03 C02 so does one that stops in place", () => {
    const lab = leading();
    change(lab);
    expect(answers(lab.step("a", { type: "StorageFailed", reason: "EIO" }))).toEqual([[1, "Halted"]]);
  });
});

describe("M06 the only way out of the joint phase", () => {
  it("M06 C-new is appended when the joint configuration is committed, not before", () => {
    const lab = leading();
    change(lab);
    lab.persist("a");
    lab.receive("d", "a", accepted(1, 3));
    lab.receive("e", "a", accepted(1, 3));
    expect(votersOf(lab, "a")).toBe("abc>ade");
    lab.receive("c", "a", accepted(1, 3));
    expect(votersOf(lab, "a")).toBe(">ade");
    expect(lab.describe("a")).toMatchObject({ commitIndex: 3, last: { index: 4, term: 1 } });
  });

  it("M06 a new leader first commits an entry of its own term under the joint configuration, then finishes the change", () => {
    const lab = leading();
    change(lab);
    // The joint entry reaches everybody; nobody hears that it is committed, and a dies.
    lab.persist("a");
    lab.deliver(({ from }) => from === "a");
    for (const id of FIVE) lab.persist(id);
    lab.take();
    lab.crash("a");
    lab.pass(T);
    lab.timeOut("d");
    for (let i = 0; i < 40 && lab.raft("d").role !== "leader"; i++) {
      for (const id of FIVE) lab.persist(id);
      lab.deliver(({ message }) => message.type.includes("Vote"));
    }
    expect(lab.raft("d").role).toBe("leader");
    expect(votersOf(lab, "d")).toBe("abc>ade");
    for (const id of FIVE) lab.persist(id);
    const { term } = lab.raft("d");
    lab.receive("e", "d", accepted(term, 4));
    lab.receive("b", "d", accepted(term, 3));
    expect([lab.describe("d").commitIndex, votersOf(lab, "d")]).toEqual([2, "abc>ade"]);
    lab.settle().beat("d");
    expect(votersOf(lab, "d")).toBe(">ade");
    expect(lab.terms("d")).toEqual([0, 1, 1, term, term]);
    expect(lab.raft("d").role).toBe("leader");
  });

  it("M06 a restart of everybody in the joint phase changes nothing in it", () => {
    const lab = leading();
    change(lab);
    lab.persist("a");
    lab.deliver(({ from }) => from === "a");
    for (const id of FIVE) lab.persist(id);
    lab.take();
    for (const id of FIVE) lab.crash(id);
    for (const id of FIVE) lab.restart(id);
    expect(votersOf(lab, "b")).toBe("abc>ade");
    lab.elect("a").beat("a");
    expect(votersOf(lab, "a")).toBe(">ade");
    expect(lab.leaders()).toEqual(["a"]);
  });
});

describe("M10 a member that was removed and is added again", () => {
  const replacing: MembershipPolicy = {
    enter: (_current, to) => ({ kind: "append", configuration: to }),
    leave: () => undefined,
  };

  it("M10 M13 begins with fresh progress: what its earlier life acknowledged is on no disk of its own", () => {
    const lab = new ReadingLab(["a", "b", "c"], { membership: replacing }).elect("a").beat("a");
    const progress = () => lab.describe("a").peers.find(({ id }) => id === "b");
    expect(progress()?.match).toBe(2);
    const reborn = { ...memberOf("b"), incarnation: incarnationOf("b", 2) };
    change(lab, votersOnly([memberOf("a"), reborn, memberOf("c")]));
    expect(progress()).toMatchObject({ match: 0, state: "probe" });
  });
});
