import { describe, expect, it } from "vitest";
import type { LogHole } from "../../src/model/log-hole.js";
import type { HeartbeatResponse } from "../../src/model/message.js";
import type { Effect } from "../../src/protocol/effect.js";
import { sent } from "../support/effects.js";
import { Lab, type LabOptions, T } from "../support/lab.js";
import { append, commands, ordersOf, refused } from "../support/messages.js";
import { ReadingLab } from "../support/reading-lab.js";

const THREE = ["a", "b", "c"];
const holeOf = (first: number, last: number): LogHole => ({ first, last, file: "0001.seg", offset: 192, length: 512 });
const notices = (effects: readonly Effect[]) =>
  ordersOf(effects, "Notify").flatMap(({ notice }) =>
    notice.kind === "damage" ? [`${notice.stage} ${notice.hole.first}–${notice.hole.last}`] : [],
  );
const errors = (effects: readonly Effect[]) =>
  ordersOf(effects, "Notify").flatMap(({ notice }) => (notice.kind === "error" ? [notice.reason] : []));

/** a leads term 1, all hold and know as committed entries 1 to 6; b dies, and what its disk held after entry `kept` is forgotten. */
function forgetful(kept: number, options: LabOptions = {}): Lab {
  const lab = new ReadingLab(THREE, options).elect("a");
  for (const payload of ["p", "q", "r", "s"]) lab.propose("a", payload);
  lab.settle().beat("a").crash("b");
  const { disk } = lab.node("b");
  disk.blocks = disk.blocks.flatMap((block) =>
    block.first > kept ? [] : [block.slice(block.first, Math.min(block.last, kept))],
  );
  disk.commitHint = 0;
  disk.forgotten = holeOf(kept + 1, 6);
  lab.take();
  return lab;
}
const back = (kept: number, options: LabOptions = {}): Lab => forgetful(kept, options).restart("b");
const isWhole = (lab: Lab): boolean => lab.describe("b").holes.length === 0;
const peerB = (lab: Lab) => lab.describe("a").peers.find(({ id }) => id === "b");

describe("L03 a node that forgot what it had acknowledged", () => {
  it("L03 E14 says so as well where it only answers that a term is over: without that word its asker, leading again, would count it", () => {
    const lab = back(3);
    lab.receive("c", "b", { type: "Heartbeat", term: 5, commit: 0, round: 1 });
    lab.persist("b");
    for (const late of [
      { type: "Heartbeat", term: 1, commit: 6, round: 7 } as const,
      append(1, { index: 6, term: 1 }, 6),
    ])
      expect(sent(lab.receive("a", "b", late))).toMatchObject([{ message: { term: 5, last: 3, forgottenUpTo: 6 } }]);
  });

  it("L03 E19 grants no vote and no pre-vote, and does not campaign, whatever the log is that asks", () => {
    const lab = back(3);
    expect(notices(lab.node("b").seen)).toEqual(["found 4–6"]);
    expect(lab.describe("b")).toMatchObject({ holes: [holeOf(4, 6)], last: { index: 3 } });
    lab.pass(T);
    const last = { index: 9, term: 9 };
    const asked = { type: "PreVoteRequest", term: 5, round: 1, last } as const;
    expect(sent(lab.receive("c", "b", asked))).toMatchObject([{ message: { granted: false, term: 1 } }]);
    lab.receive("c", "b", { type: "VoteRequest", term: 5, last, transfer: false });
    lab.persist("b");
    expect(lab.describe("b")).toMatchObject({ term: 5, votedFor: null });
    lab.take();
    lab.timeOut("b");
    expect([lab.describe("b").role, lab.take(({ message }) => message.type === "PreVoteRequest")]).toEqual([
      "follower",
      [],
    ]);
    expect(
      lab
        .node("b")
        .raft.explain(lab.now)
        .map(({ code }) => code),
    ).toContain("repairing");
  });

  it("L03 R20 says in every answer that it is not to be counted, and does not ask to be replaced", () => {
    const lab = back(3);
    lab.take();
    const told = (message: Parameters<Lab["receive"]>[2]) => {
      const effects = lab.receive("a", "b", message);
      lab.persist("b");
      expect(errors(effects)).toEqual([]);
      return lab.take(({ from }) => from === "b").map((envelope) => envelope.message);
    };
    expect(told({ type: "Heartbeat", term: 1, commit: 6, round: 7 })).toMatchObject([{ last: 3, forgottenUpTo: 6 }]);
    expect(told(append(1, { index: 6, term: 1 }, 6))).toMatchObject([{ success: false, forgottenUpTo: 6 }]);
    const more = append(1, { index: 3, term: 1 }, 4, commands(4, 1, "q", "r"));
    expect(told(more)).toMatchObject([{ success: true, match: 5, forgottenUpTo: 6 }]);
    expect(lab.describe("b")).toMatchObject({ commitIndex: 4, appliedIndex: 4 });
  });

  it("L03 counts again when the leader's commit index, and its own disk, have passed all it may have acknowledged", () => {
    const lab = back(3);
    lab.take();
    const take = (message: Parameters<Lab["receive"]>[2]) => {
      lab.receive("a", "b", message);
      return isWhole(lab);
    };
    // All is there again, but that the group decided so is not known yet.
    expect(take(append(1, { index: 3, term: 1 }, 5, commands(4, 1, "q", "r", "s")))).toBe(false);
    lab.persist("b");
    expect(lab.take().map(({ message }) => message)).toMatchObject([{ match: 6, forgottenUpTo: 6 }]);
    expect(take({ type: "Heartbeat", term: 1, commit: 6, round: 0 })).toBe(true);
    expect(notices(lab.node("b").seen)).toEqual(["found 4–6", "repaired 4–6"]);
    const [answer] = lab.take();
    expect(answer?.message).toMatchObject({ success: true, match: 6 });
    expect(answer?.message).not.toHaveProperty("forgottenUpTo");
    // And what is committed but not on this disk does not make it whole.
    const early = back(3);
    early.receive("a", "b", append(1, { index: 3, term: 1 }, 6, commands(4, 1, "q", "r", "s")));
    expect([early.describe("b").commitIndex, isWhole(early)]).toEqual([6, false]);
    early.persist("b");
    expect(isWhole(early)).toBe(true);
  });

  it("L03 is brought up to date by its leader, and a voter again in the end", () => {
    const lab = back(3);
    lab.settle().beat("a").beat("a");
    expect(isWhole(lab)).toBe(true);
    expect(peerB(lab)).toMatchObject({ match: 6, hasLostData: false, isRelearning: false });
    expect(lab.describe("b")).toMatchObject({ last: { index: 6 }, appliedIndex: 6 });
    lab.isolate("a").pass(2 * T);
    lab.elect("c");
    expect(lab.leaders()).toContain("c");
  });

  it("L03 a restart before that begins where it was", () => {
    const lab = back(3);
    lab.receive("a", "b", append(1, { index: 3, term: 1 }, 4, commands(4, 1, "q", "r", "s")));
    lab.persist("b");
    lab.crash("b").restart("b");
    expect(lab.describe("b")).toMatchObject({ holes: [holeOf(4, 6)], last: { index: 6 } });
    expect(isWhole(lab.settle().beat("a").beat("a"))).toBe(true);
    lab.propose("a", "t");
    lab.settle().beat("a").crash("b").restart("b");
    expect(isWhole(lab)).toBe(true);
  });

  it("L03 without a leader for repairTimeoutMs, or without anybody else, it stops and names file and bytes", () => {
    const words =
      /L03 0001\.seg is damaged at bytes 192–703, which held entries 4–6, and no leader could make up for them/;
    const lab = back(3, { repairTimeoutMs: 3 * T });
    lab.isolate("b");
    for (let i = 0; i < 2; i++) lab.pass(T).fire("b", "repair");
    expect(lab.describe("b").halted).toBe("");
    lab.pass(T).fire("b", "repair");
    expect(lab.describe("b").halted).toMatch(words);
    const alone = new Lab(["a"]).elect("a").settle().crash("a");
    alone.node("a").disk.forgotten = holeOf(4, 6);
    alone.restart("a").pass(T).fire("a", "repair");
    expect(alone.describe("a").halted).toMatch(words);
  });
});

describe("L03 R20 the leader of one that forgot", () => {
  const answer = (round: number, over: Partial<HeartbeatResponse>): HeartbeatResponse => ({
    type: "HeartbeatResponse",
    term: 1,
    round,
    last: 3,
    needsSnapshot: 0,
    ...over,
  });

  it("L03 R20 does not count it, neither what it had acknowledged nor what it holds by now, and asks nobody to replace it", () => {
    const lab = forgetful(3);
    lab.cut("a", "c");
    const effects = lab.receive("b", "a", answer(9, { forgottenUpTo: 6 }), { startNumber: 2 });
    expect(errors(effects)).toEqual([]);
    expect(peerB(lab)).toMatchObject({ match: 0, hasLostData: false, isRelearning: true });
    expect(lab.node("a").raft.explain(lab.now)).toContainEqual(
      expect.objectContaining({ code: "relearning", peer: "b" }),
    );
    lab.propose("a", "z");
    lab.step("a", { type: "ReadRequested", requests: [1] });
    lab.node("b").disk.starts = 1;
    // It would be whole at once; so it is kept from hearing how far the group is.
    lab.node("b").disk.forgotten = holeOf(4, 60);
    lab.restart("b").settle();
    expect(peerB(lab)).toMatchObject({ match: 7, isRelearning: true });
    expect(lab.describe("a")).toMatchObject({ commitIndex: 6, last: { index: 7 } });
    expect(ordersOf(lab.node("a").seen, "ReadReady")).toEqual([]);
    for (let i = 0; i < 6; i++) lab.beat("a");
    expect(lab.leaders()).toEqual([]);
  });

  it("L03 R20 whoever came back without them and did not say so counts no more, though a later run of it says that it forgot", () => {
    const lab = forgetful(3);
    lab.receive("b", "a", answer(9, {}), { startNumber: 2 });
    expect(peerB(lab)).toMatchObject({ hasLostData: true });
    lab.receive("b", "a", answer(10, { forgottenUpTo: 6 }), { startNumber: 3 });
    lab.receive("b", "a", answer(11, { last: 6 }), { startNumber: 3 });
    expect(peerB(lab)).toMatchObject({ hasLostData: true, isRelearning: false });
  });

  it("L03 counts it again at its first answer that says no such thing; what comes late from before changes nothing", () => {
    const lab = forgetful(3);
    lab.cut("a", "c");
    lab.receive("b", "a", answer(9, { forgottenUpTo: 6 }), { startNumber: 2 });
    const match = {
      type: "AppendEntriesResponse",
      term: 1,
      success: true,
      prevIndex: 0,
      hintIndex: 0,
      hintTerm: 0,
    } as const;
    lab.receive("b", "a", { ...match, match: 6, last: 6, needsSnapshot: 0, forgottenUpTo: 6 }, { startNumber: 2 });
    lab.propose("a", "z");
    lab.persist("a");
    lab.receive("b", "a", { ...match, match: 7, last: 7, needsSnapshot: 0, forgottenUpTo: 6 }, { startNumber: 2 });
    expect(lab.describe("a").commitIndex).toBe(6);
    lab.receive("b", "a", answer(10, { last: 7 }), { startNumber: 2 });
    expect(lab.describe("a").commitIndex).toBe(7);
    lab.receive("b", "a", { ...refused(1, 6, { index: 3, term: 1 }, 3), forgottenUpTo: 6 }, { startNumber: 2 });
    expect(peerB(lab)).toMatchObject({ match: 7, isRelearning: false });
  });
});
