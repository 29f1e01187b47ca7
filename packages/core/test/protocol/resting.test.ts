import { describe, expect, it } from "vitest";
import type { Message } from "../../src/model/message.js";
import type { RaftEvent } from "../../src/protocol/event.js";
import { onWire, sent } from "../support/effects.js";
import { jointMembership, target } from "../support/joint-membership.js";
import { Lab, T } from "../support/lab.js";

const IDS = ["a", "b", "c"];

/** A leads, all hold all, and nobody asked for anything for T. */
function idle(): Lab {
  const lab = new Lab(IDS, { mayRest: true, membership: jointMembership }).elect("a");
  lab.propose("a", "x");
  lab.settle();
  for (let i = 0; i < 4; i++) lab.beat("a");
  return lab;
}

/** … and rests, as far as everybody agrees. */
const resting = (): Lab => idle().beat("a");
const timers = (lab: Lab, id: string): string[] => [...lab.node(id).timers.keys()];
const kinds = (lab: Lab, id: string): string[] => lab.node(id).seen.map(({ type }) => type);
const offersIn = (lab: Lab): number => lab.node("a").seen.filter(({ type }) => type === "OfferRest").length;

describe("G02 a group at rest", () => {
  it("G02 an idle group rests when every member has said that it does: no timer, no message, on any of them", () => {
    const lab = resting();
    for (const id of IDS) expect(timers(lab, id)).toEqual([]);
    expect(onWire(lab)).toEqual([]);
    expect(lab.node("a").seen.findLast(({ type }) => type === "Rest")).toEqual({
      type: "Rest",
      with: ["b", "c"],
      version: null,
    });
    expect(lab.node("b").seen.at(-1)).toEqual({ type: "Rest", with: ["a"], version: 7 });
    expect(lab.leaders()).toEqual(["a"]);
  });

  it("G02 a node that is alone in its process is never offered rest", () => {
    const lab = new Lab(IDS).elect("a");
    for (let i = 0; i < 20; i++) lab.beat("a");
    expect(offersIn(lab)).toBe(0);
    expect(timers(lab, "a")).toEqual(["heartbeat"]);
  });

  it("G02 no rest is offered while somebody wanted something within T", () => {
    const lab = new Lab(IDS, { mayRest: true }).elect("a");
    for (let i = 0; i < 20; i++) {
      if (i % 3 === 0) lab.propose("a", "x");
      lab.settle().beat("a");
    }
    expect(offersIn(lab)).toBe(0);
  });

  it("G02 one member that does not hold all, or is not heard, keeps the group awake", () => {
    const lab = new Lab(IDS, { mayRest: true }).elect("a").cut("a", "c");
    lab.propose("a", "x");
    lab.settle();
    for (let i = 0; i < 20; i++) lab.beat("a");
    expect(offersIn(lab)).toBe(0);
    expect(timers(lab, "a")).toEqual(["heartbeat"]);
  });

  it("G02 one member's no, or silence until the next heartbeat, and nobody rests", () => {
    const lab = idle();
    lab.pass(T / 5).fire("a", "heartbeat");
    lab.deliver(({ to }) => to !== "c");
    lab.deliver(({ to }) => to === "a");
    expect(kinds(lab, "a").filter((kind) => kind === "Rest")).toEqual([]);
    expect(timers(lab, "a")).toEqual(["heartbeat"]);
    lab.wire = [];
    lab.pass(T / 5).fire("a", "heartbeat");
    expect(kinds(lab, "a").at(-1)).toBe("Wake");
    // B, which had agreed, hears the heartbeat of a leader that does not rest.
    lab.settle();
    expect(timers(lab, "b")).toEqual(["election"]);
  });

  it("G02 a group at rest keeps no block in memory, and replicates what comes after", () => {
    const lab = idle().beat("a");
    expect(IDS.map((id) => lab.node(id).raft.describe(lab.now).cachedBytes)).toEqual([0, 0, 0]);
    lab.propose("a", "y");
    lab.settle();
    for (const id of IDS) expect(lab.node(id).raft.commitIndex).toBe(lab.node(id).raft.lastIndex);
  });

  it("G02 a follower that lacks what the leader has committed says no", () => {
    const lab = idle();
    const answer = lab.receive("a", "b", { type: "RestOffer", term: 1, commit: 99, round: 1, version: 7 });
    expect(sent(answer)).toEqual([{ to: "a", message: { type: "RestAnswer", term: 1, round: 1, rests: false } }]);
    expect(timers(lab, "b")).toEqual(["election"]);
  });

  it("G02 an answer of another term or round counts for nothing", () => {
    const lab = idle();
    lab.pass(T / 5).fire("a", "heartbeat");
    const { round } = lab.node("a").seen.findLast(({ type }) => type === "OfferRest") as { readonly round: number };
    lab.wire = [];
    const yes = (over: object): Message => ({ type: "RestAnswer", term: 1, round, rests: true, ...over });
    lab.receive("b", "a", yes({}));
    lab.receive("c", "a", yes({ round: round - 1 }));
    lab.receive("c", "a", yes({ term: 0 }));
    expect(kinds(lab, "a")).not.toContain("Rest");
    lab.receive("c", "a", yes({}));
    expect(kinds(lab, "a")).toContain("Rest");
  });

  it.each<[string, (lab: Lab) => void]>([
    ["a proposal", (lab) => lab.propose("a", "y")],
    ["a read", (lab) => lab.step("a", { type: "ReadRequested", requests: [1] })],
    ["a connection that breaks", (lab) => lab.step("a", { type: "PeerDown", id: "b" })],
    ["its process", (lab) => lab.step("a", { type: "Woken", contactAt: 0 })],
    [
      "a pre-vote of a member",
      (lab) => {
        lab.receive("b", "a", { type: "PreVoteRequest", term: 2, round: 1, last: { index: 3, term: 1 } });
      },
    ],
  ])("G02 %s wakes the leader at once: it beats, and goes on", (_what, act) => {
    const lab = resting().pass(30 * T);
    lab.wire = [];
    act(lab);
    expect(timers(lab, "a")).toEqual(["heartbeat"]);
    expect(onWire(lab)).toEqual(expect.arrayContaining(["a>b Heartbeat", "a>c Heartbeat"]));
    lab.settle();
    for (const id of ["b", "c"]) expect(timers(lab, id)).toEqual(["election"]);
    // E16: nobody was asked for an answer for so long, so nobody's silence counts.
    lab.beat("a");
    expect(lab.leaders()).toEqual(["a"]);
  });

  it("G02 E21 M15 a group that rests long can be handed over, and its members changed, by the first who asks", () => {
    const asked = (event: RaftEvent) =>
      resting()
        .pass(30 * T)
        .step("a", event);
    const transfer = { type: "TransferRequested", request: 1, to: "b", isStopping: false } as const;
    expect(sent(asked(transfer)).map(({ to, message }) => `${to} ${message.type}`)).toContain("b TimeoutNow");
    const change = { type: "ChangeRequested", request: 1, target: target("ab"), expected: null } as const;
    expect(asked(change).map(({ type }) => type)).not.toContain("ChangeAnswered");
    // A member whose process is gone is none that anything is handed to.
    for (const gone of [
      { type: "PeerDown", id: "b" },
      { type: "Woken", contactAt: 0 },
    ] as const) {
      const left = resting()
        .pass(30 * T)
        .isolate("b");
      left.step("a", gone);
      expect(left.step("a", transfer)).toContainEqual(
        expect.objectContaining({
          type: "TransferAnswered",
          error: expect.objectContaining({ code: "TransferRefused" }),
        }),
      );
    }
  });

  it("G02 a follower that wakes says so to its leader: one that slept on would be deposed by those who are awake", () => {
    const lab = resting().pass(30 * T);
    expect(sent(lab.step("b", { type: "PeerDown", id: "c" }))).toEqual([]);
    const said = sent(lab.step("b", { type: "ReadRequested", requests: [1] }));
    expect(said[0]).toMatchObject({ to: "a", message: { type: "RestAnswer", rests: false } });
    lab.settle();
    for (const id of IDS) expect(timers(lab, id)).toContain(id === "a" ? "heartbeat" : "election");
  });

  it("G02 what echoes from before the rest wakes nobody", () => {
    const lab = resting();
    const late: readonly Message[] = [
      { type: "HeartbeatResponse", term: 1, round: 2, last: 3, needsSnapshot: 0 },
      { type: "RestAnswer", term: 1, round: 2, rests: true },
    ];
    for (const message of late) lab.receive("b", "a", message);
    lab.step("a", { type: "LogPersisted", number: 1 });
    expect(timers(lab, "a")).toEqual([]);
  });

  it("G02 E04 a follower that wakes begins a wait that is drawn anew, and elects if nobody leads", () => {
    const lab = resting()
      .crash("a")
      .pass(10 * T);
    const woken: RaftEvent = { type: "Woken", contactAt: lab.now - T };
    const effects = lab.step("b", woken);
    expect(effects).toContainEqual(
      expect.objectContaining({ type: "ArmTimer", timer: "election", between: [T, 2 * T] }),
    );
    lab.step("c", woken);
    lab.timeOut("b");
    lab.settle();
    expect(lab.leaders()).toEqual(["b"]);
  });

  it("G02 E06 whose process was heard within T, that leader was heard: a member that was cut off gets no vote", () => {
    const lab = resting().pass(30 * T);
    lab.step("b", { type: "Woken", contactAt: lab.now - T / 2 });
    const refused = lab.receive("c", "b", { type: "PreVoteRequest", term: 2, round: 9, last: { index: 3, term: 1 } });
    expect(sent(refused)).toEqual([
      { to: "c", message: { type: "PreVoteResponse", term: 1, round: 9, granted: false } },
    ]);
  });

  it("G02 Q05 a group at rest has no lease: nothing that was confirmed before counts when it wakes", () => {
    const lab = resting();
    lab.cut("a", "b").cut("a", "c");
    const effects = lab.step("a", { type: "LeaseReadRequested", requests: [1] });
    expect(effects.map(({ type }) => type)).not.toContain("ReadReady");
    lab.heal().beat("a");
    expect(kinds(lab, "a")).toContain("ReadReady");
  });

  it("G02 E25 a leader that stops hands a group at rest over", () => {
    const lab = resting().pass(30 * T);
    lab.step("a", { type: "TransferRequested", request: 1, to: null, isStopping: true });
    lab.settle();
    expect(lab.leaders()).toEqual(["b"]);
  });

  it("G02 E16 a leader that wakes and is heard by nobody steps down after T", () => {
    const lab = resting().pass(30 * T);
    lab.isolate("a").step("a", { type: "Woken", contactAt: 0 });
    lab.pass(T - 1).fire("a", "heartbeat");
    expect(lab.leaders()).toEqual(["a"]);
    lab.pass(1).fire("a", "heartbeat");
    expect(lab.leaders()).toEqual([]);
  });
});
