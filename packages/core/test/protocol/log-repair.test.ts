import { describe, expect, it } from "vitest";
import type { LogHole } from "../../src/model/log-hole.js";
import type { RepairResponse } from "../../src/model/message.js";
import type { Effect } from "../../src/protocol/effect.js";
import { dropped, sent } from "../support/effects.js";
import { Lab, type LabOptions, T } from "../support/lab.js";
import { append, commands, metaAt, ordersOf, saveAt } from "../support/messages.js";

const THREE = ["a", "b", "c"];
const holeOf = (first: number, last: number): LogHole => ({ first, last, file: "0001.seg", offset: 192, length: 512 });
const notices = (effects: readonly Effect[]) =>
  ordersOf(effects, "Notify").flatMap(({ notice }) =>
    notice.kind === "damage" ? [`${notice.stage} ${notice.hole.first}–${notice.hole.last}`] : [],
  );

/** a leads term 1, all hold entries 1 to 6; then b dies, and entries first … last of its disk become unreadable. */
function damaged(first: number, last: number, options: LabOptions = {}): Lab {
  const lab = new Lab(THREE, options).elect("a");
  for (const payload of ["p", "q", "r", "s"]) lab.propose("a", payload);
  lab.settle().beat("a").crash("b");
  lab.node("b").disk.holes = [holeOf(first, last)];
  lab.take();
  return lab;
}
/** b is back, and what it said at once is not delivered yet. */
const back = (first: number, last: number, options: LabOptions = {}): Lab => damaged(first, last, options).restart("b");
const answer = (over: Partial<RepairResponse>): RepairResponse => ({
  type: "RepairResponse",
  first: 3,
  last: 4,
  prevTerm: 1,
  nextTerm: 1,
  leaderTerm: 0,
  commit: 0,
  base: 0,
  blocks: [commands(3, 1, "p", "q")],
  ...over,
});
const isWhole = (lab: Lab): boolean => lab.describe("b").holes.length === 0;

describe("L03 a node whose log has a hole", () => {
  it("L03 starts, grants no vote and no pre-vote, and does not campaign", () => {
    const lab = back(3, 4);
    expect(lab.describe("b").holes).toEqual([holeOf(3, 4)]);
    lab.pass(T);
    const last = { index: 9, term: 9 };
    const asked = { type: "PreVoteRequest", term: 5, round: 1, last } as const;
    expect(sent(lab.receive("c", "b", asked))).toMatchObject([{ message: { granted: false, term: 1 } }]);
    lab.receive("c", "b", { type: "VoteRequest", term: 5, last, transfer: false });
    expect(lab.describe("b")).toMatchObject({ term: 5, votedFor: null });
    lab.persist("b");
    expect(lab.take(({ message }) => message.type === "VoteResponse")).toMatchObject([
      { message: { granted: false, term: 5 } },
    ]);
    lab.take();
    lab.timeOut("b");
    expect([lab.describe("b").role, lab.take(({ message }) => message.type === "PreVoteRequest")]).toEqual([
      "follower",
      [],
    ]);
    lab.step("b", { type: "ElectionRequested", request: 1 });
    const [refused] = ordersOf(lab.node("b").seen, "TransferAnswered");
    expect(refused?.error?.message).toMatch(/log is damaged/);
  });

  it("L03 acknowledges and applies nothing above the hole", () => {
    const lab = back(3, 4);
    lab.take();
    const more = append(1, { index: 6, term: 1 }, 6, commands(7, 1, "t"));
    lab.receive("a", "b", more);
    lab.persist("b");
    expect(lab.take(({ message }) => message.type === "AppendEntriesResponse")).toMatchObject([
      { message: { success: true, match: 2, last: 7 } },
    ]);
    lab.receive("a", "b", { type: "Heartbeat", term: 1, commit: 6, round: 0 });
    expect(lab.describe("b")).toMatchObject({ commitIndex: 6, appliedIndex: 2, last: { index: 7 } });
    // What was held back follows as soon as the log is whole.
    lab.settle();
    for (let i = 0; i < 4; i++) lab.pass(T / 2).fire("b", "repair");
    lab.settle().beat("a");
    expect(lab.describe("b")).toMatchObject({ holes: [], commitIndex: 6, appliedIndex: 6 });
  });

  it("L03 asks member after member, and is whole again when one of them had it", () => {
    const lab = back(3, 4);
    expect(lab.take(({ from }) => from === "b").map(({ to, message }) => ({ to, message }))).toEqual([
      { to: "a", message: { type: "RepairRequest", first: 3, last: 4 } },
    ]);
    lab.pass(T / 2).fire("b", "repair");
    expect(lab.take(({ from }) => from === "b").map(({ to }) => to)).toEqual(["c"]);
    lab.pass(T / 2).fire("b", "repair");
    lab.settle();
    expect(isWhole(lab)).toBe(true);
    expect(notices(lab.node("b").seen)).toEqual(["found 3–4", "repaired 3–4"]);
    expect(lab.node("b").disk.holes).toEqual([]);
    // It votes again.
    lab.isolate("a").pass(2 * T);
    lab.elect("c");
    expect(lab.leaders()).toContain("c");
  });

  it("L03 takes a follower's entries only if its own next to the hole are that follower's", () => {
    const useless = (over: Partial<RepairResponse>): boolean => {
      const lab = back(3, 4);
      lab.receive("c", "b", answer(over));
      return dropped(lab, "b")["repair that cannot be used"] === 1 && !isWhole(lab);
    };
    expect(useless({ prevTerm: 0 })).toBe(true);
    expect(useless({ nextTerm: 0 })).toBe(true);
    expect(useless({ nextTerm: 2 })).toBe(true);
    expect(useless({ blocks: [] })).toBe(true);
    // Of another term than the one that is known to have stood there.
    expect(useless({ blocks: [commands(3, 1, "p"), commands(4, 2, "q")], nextTerm: 2 })).toBe(true);
    const lab = back(3, 4);
    lab.receive("c", "b", answer({}));
    expect(isWhole(lab)).toBe(true);
  });

  it("L03 takes the leader's word for what it has committed, and nobody else's", () => {
    const filled = (over: Partial<RepairResponse>): boolean => {
      const lab = back(3, 4);
      lab.receive("a", "b", answer({ nextTerm: 0, ...over }));
      return isWhole(lab);
    };
    expect(filled({ leaderTerm: 1, commit: 4 })).toBe(true);
    expect(filled({ leaderTerm: 1, commit: 3 })).toBe(false);
    expect(filled({ leaderTerm: 0, commit: 6 })).toBe(false);
    expect(filled({ leaderTerm: 2, commit: 6 })).toBe(false);
  });

  it("L03 an end that is missing is filled once the leader's commit index has passed it, not before", () => {
    const lab = back(5, 6);
    const end = (commit: number, nextTerm = 0) =>
      answer({ first: 5, last: 6, leaderTerm: 1, commit, nextTerm, blocks: [commands(5, 1, "r", "s")] });
    lab.receive("a", "b", end(5));
    expect(isWhole(lab)).toBe(false);
    // No entry of its own follows: what the leader has there proves nothing.
    lab.receive("a", "b", end(5, 1));
    expect(isWhole(lab)).toBe(false);
    lab.receive("a", "b", end(6));
    expect(isWhole(lab)).toBe(true);
  });

  it("L03 what a leader overwrites is wanted no more", () => {
    const lab = back(5, 6);
    lab.receive("c", "b", append(2, { index: 4, term: 1 }, 4, commands(5, 2, "new")));
    expect(isWhole(lab)).toBe(true);
    const part = back(5, 6);
    part.receive("c", "b", append(2, { index: 5, term: 1 }, 4, commands(6, 2, "new")));
    expect(part.describe("b").holes).toMatchObject([{ first: 5, last: 5 }]);
  });

  it("L03 comes in as many messages as it takes, each judged by the one before", () => {
    const lab = back(2, 5, { batchEntriesMax: 2 });
    for (let i = 0; i < 2; i++) lab.pass(T / 2).fire("b", "repair");
    lab.settle();
    const asked = ordersOf(lab.node("b").seen, "Send").flatMap(({ message }) =>
      message.type === "RepairRequest" ? [message.first] : [],
    );
    expect([...new Set(asked)]).toEqual([2, 4]);
    expect(ordersOf(lab.node("b").seen, "RepairLog").map(({ blocks }) => blocks.at(-1)?.last)).toEqual([5]);
    expect(isWhole(lab)).toBe(true);
  });

  it("L03 a lower hole that is found while a part is on its way to the disk is not forgotten", () => {
    const lab = back(5, 6);
    const write = (first: number) =>
      answer({ first, last: first + 1, leaderTerm: 1, commit: 6, blocks: [commands(first, 1, "x", "y")] });
    lab.node("b").disk.holes = [];
    const raft = lab.raft("b");
    const order = ordersOf(
      raft.step({ type: "MessageReceived", envelope: lab.envelope("a", "b", write(5)) }, 0),
      "RepairLog",
    )[0];
    raft.step({ type: "LogDamaged", hole: holeOf(2, 3) }, 0);
    raft.step({ type: "LogRepaired", blocks: order?.blocks ?? [] }, 0);
    expect(lab.describe("b").holes).toEqual([holeOf(2, 3)]);
  });

  it("L03 a configuration that was in the hole takes its place again", () => {
    const lab = damaged(1, 1);
    lab.restart("b");
    expect(lab.describe("b").configuration.configuration.voters).toEqual([]);
    lab.beat("a").pass(T / 2);
    lab.fire("b", "repair");
    lab.settle();
    expect(lab.describe("b")).toMatchObject({ holes: [], configuration: { id: { index: 1, term: 0 } } });
    expect(lab.describe("b").configuration.configuration.voters).toEqual(THREE);
  });

  it("L03 E19 a leader that finds a hole makes way", () => {
    const lab = damaged(3, 4).restart("b");
    lab.step("a", { type: "LogDamaged", hole: holeOf(2, 2) });
    expect(lab.describe("a")).toMatchObject({ role: "follower", holes: [{ first: 2, last: 2 }] });
    // Told twice of the same, it goes on with what it does.
    const effects = lab.step("a", { type: "LogDamaged", hole: holeOf(2, 2) });
    expect(effects).toEqual([]);
  });

  it("L03 without a provider it stops after a bounded time, and names file, bytes and entries", () => {
    const lab = back(3, 4, { repairTimeoutMs: 5_000 }).isolate("b");
    let halts: Effect[] = [];
    let turns = 0;
    for (; halts.length === 0 && turns < 100; turns++)
      halts = lab
        .pass(T / 2)
        .fire("b", "repair")
        .filter(({ type }) => type === "Halt");
    expect(turns * (T / 2)).toBe(5_000);
    expect(halts).toMatchObject([
      {
        reason: expect.stringMatching(
          /0001\.seg is damaged at bytes 192–703, which held entries 3–4, and no other member/,
        ),
        details: { file: "0001.seg", offset: 192, length: 512, first: 3, last: 4 },
      },
    ]);
  });

  it("L03 a group of one stops at once", () => {
    const lab = new Lab(["a"]).elect("a");
    lab.propose("a", "p");
    lab.settle().crash("a");
    lab.node("a").disk.holes = [holeOf(2, 2)];
    lab.restart("a");
    expect(ordersOf(lab.node("a").seen, "Halt")).toHaveLength(1);
  });
});

describe("L03 those who help", () => {
  const ask = { type: "RepairRequest", first: 3, last: 4 } as const;
  const said = (lab: Lab, id: string, request: { first: number; last: number } = ask) =>
    sent(lab.receive("b", id, { type: "RepairRequest", ...request }))
      .concat(lab.take())
      .at(-1)?.message;

  it("L03 the leader says that it leads, and how far all is committed; a follower does not", () => {
    const lab = back(3, 4);
    lab.take();
    expect(said(lab, "a")).toMatchObject({ prevTerm: 1, nextTerm: 1, leaderTerm: 1, commit: 6, base: 0 });
    expect(said(lab, "c")).toMatchObject({ prevTerm: 1, nextTerm: 1, leaderTerm: 0, commit: 6 });
    expect(said(lab, "c", { first: 5, last: 6 })).toMatchObject({ nextTerm: 0, leaderTerm: 0 });
  });

  it("L03 nobody gives what its own disk does not hold, or holds no more", () => {
    const lab = damaged(3, 4).restart("b");
    lab.take();
    lab.node("c").disk.holes = [holeOf(4, 4)];
    expect(said(lab, "c")).toMatchObject({ blocks: [] });
    expect(said(lab, "a", { first: 7, last: 8 })).toMatchObject({ blocks: [] });
    // A leader replaced them while they were being read.
    const read = { to: "b", toIncarnation: "00", first: 3, last: 4, blocks: [commands(3, 2, "x", "y")] };
    expect(sent(lab.step("a", { type: "RepairRead", ...read }))).toMatchObject([{ message: { blocks: [] } }]);
  });

  it("L03 M12 a witness gives nothing", () => {
    const lab = back(3, 4);
    lab.take();
    Object.assign(lab.raft("c").configurationAt(1).configuration, { witnesses: ["c"] });
    expect(said(lab, "c")).toMatchObject({ blocks: [] });
  });

  it("L03 S11 what all others have compacted comes as a snapshot", () => {
    const lab = damaged(2, 3, { compactionMarginEntries: 0 });
    for (const id of ["a", "c"]) for (const index of [4, 5]) saveAt(lab, id, index);
    lab.settle().restart("b");
    expect(lab.describe("a").base).toMatchObject({ index: 4 });
    for (let i = 0; i < 4; i++) {
      lab.settle().pass(T / 2);
      lab.fire("b", "repair");
    }
    lab.settle();
    expect(lab.describe("b")).toMatchObject({ restoring: 2, appliedIndex: 1 });
    lab.beat("a");
    const meta = metaAt(lab, "a", 5);
    const transfer = 7;
    lab.receive("a", "b", { type: "InstallSnapshot", term: 1, transfer, meta });
    lab.step("b", { type: "SnapshotReceived", transfer, meta });
    lab.step("b", { type: "SnapshotLoaded", meta });
    lab.settle();
    expect(lab.describe("b")).toMatchObject({ holes: [], restoring: 0, base: { index: 3 }, last: { index: 6 } });
  });
});
