import { describe, expect, it } from "vitest";
import { TERM_MAX } from "../../src/model/log-id.js";
import type { Envelope, Message } from "../../src/model/message.js";
import { dropped, sent } from "../support/effects.js";
import { incarnationOf, Lab, T } from "../support/lab.js";

const THREE = ["a", "b", "c"];
const heartbeat = (term: number): Message => ({ type: "Heartbeat", term, commit: 0, round: 1 });
const ask = (term: number): Message => ({ type: "VoteRequest", term, last: { index: 9, term: 9 }, transfer: false });

/** What became of a message at node b: why it was dropped, if it was, and b's term and role afterwards. */
function judged(lab: Lab, message: Message, over: Partial<Envelope> = {}) {
  const before = dropped(lab, "b");
  const effects = lab.receive("a", "b", message, over);
  const after = dropped(lab, "b");
  const reason = Object.keys(after).find((each) => after[each] !== before[each]);
  // What is dropped has no effect.
  expect(reason === undefined ? [] : effects).toEqual([]);
  return { reason, effects, term: lab.raft("b").term };
}

describe("E26 the order in which a message is judged", () => {
  it("E26/well-formed first: a message that is malformed and wrong in all else is malformed", () => {
    const lab = new Lab(THREE);
    const { reason, term } = judged(lab, heartbeat(TERM_MAX + 1), { group: "other", startNumber: 0 });
    expect({ reason, term }).toEqual({ reason: "malformed", term: 0 });
  });

  it("E26/receiver then group, node and incarnation that are meant, before anything is learned of the sender", () => {
    for (const over of [
      { group: "other" },
      { to: "c" },
      { toIncarnation: incarnationOf("b", 2) },
      { from: "b", fromIncarnation: incarnationOf("b") },
    ] satisfies Partial<Envelope>[]) {
      const lab = new Lab(THREE);
      const { reason, term } = judged(lab, heartbeat(7), { startNumber: 9, ...over });
      expect({ reason, term }).toEqual({ reason: "meant for another replica", term: 0 });
      // Start 9 was not believed.
      expect(judged(lab, heartbeat(7), { startNumber: 1 }).term).toBe(7);
    }
  });

  it("E26/recovery a message of a group that an operator replaced is none of ours", () => {
    const lab = new Lab(THREE);
    const { reason } = judged(lab, heartbeat(7), { recoveryNumber: -1 });
    expect(reason).toBe("of an older recovery");
  });

  it("M11 one that has a log of before a recovery is left behind for good, and one that has none belongs to it from then on", () => {
    const lab = new Lab(THREE, { strangers: ["x"] });
    const left = judged(lab, heartbeat(7), { recoveryNumber: 1 });
    expect(left).toMatchObject({ reason: "of a later recovery: this replica was left behind", term: 0 });
    lab.receive("a", "x", heartbeat(7), { recoveryNumber: 1 });
    lab.persist("x");
    expect(lab.node("x").disk.hardState).toMatchObject({ term: 7, recoveryNumber: 1 });
    expect(lab.take(({ from }) => from === "x").map(({ recoveryNumber }) => recoveryNumber)).toEqual([1]);
    lab.receive("a", "x", heartbeat(9), { recoveryNumber: 0 });
    expect(lab.raft("x").term).toBe(7);
  });

  it("E26/older-start T11 then the start number: dropped and counted before its term is looked at", () => {
    const lab = new Lab(THREE);
    judged(lab, heartbeat(1), { startNumber: 4 });
    lab.persist("b");
    expect(judged(lab, heartbeat(9), { startNumber: 3 })).toMatchObject({ reason: "of an older start", term: 1 });
    // Nor is it answered.
    expect(judged(lab, heartbeat(0), { startNumber: 3 }).reason).toBe("of an older start");
    expect(judged(lab, heartbeat(9), { startNumber: 4 }).term).toBe(9);
  });

  it("E26/older-start T11 another incarnation of the same name counts its own starts", () => {
    const lab = new Lab(THREE);
    judged(lab, heartbeat(1), { startNumber: 4 });
    const other = { startNumber: 1, fromIncarnation: incarnationOf("a", 2) };
    expect(judged(lab, { type: "ReadIndex", request: 1 }, other).reason).toBe(undefined);
  });

  it("E26/older-start R19 T11 a peer that started anew is probed anew by its leader", () => {
    const lab = new Lab(THREE).elect("a").beat("a");
    expect(lab.describe("a").peers[0]).toMatchObject({ id: "b", state: "replicate" });
    const answer: Message = { type: "HeartbeatResponse", term: 1, round: 1, last: 2, needsSnapshot: 0 };
    lab.receive("b", "a", answer, { startNumber: 2 });
    expect(lab.describe("a").peers[0]).toMatchObject({ id: "b", state: "probe", match: 2, next: 3 });
  });

  it("E26/lease then the lease, before a higher term is adopted", () => {
    const lab = new Lab(THREE);
    expect(judged(lab, ask(9))).toMatchObject({ reason: "vote request held back by the lease", term: 0 });
    lab.pass(T);
    expect(judged(lab, ask(9)).term).toBe(9);
  });

  it("E26/lower-term then a lower term: answered, and neither contact nor evidence", () => {
    const lab = new Lab(THREE, { hardStates: { b: { term: 5 } } });
    lab.receive("c", "b", heartbeat(5));
    lab.pass(10);
    expect(sent(judged(lab, heartbeat(4)).effects)).toMatchObject([
      { message: { type: "HeartbeatResponse", term: 5 } },
    ]);
    expect(lab.describe("b")).toMatchObject({ leader: "c", leaderContactAgoMs: 10, halted: "" });
  });

  it("E26/higher-term then a higher term is adopted, and only then the message's own rule judges it", () => {
    const lab = new Lab(THREE, { hardStates: { b: { term: 5, vote: { id: "c", incarnation: incarnationOf("c") } } } });
    lab.pass(T);
    judged(lab, ask(6));
    // The vote of term 5 does not bind in term 6.
    expect(lab.describe("b")).toMatchObject({ term: 6, votedFor: "a" });
  });
});
