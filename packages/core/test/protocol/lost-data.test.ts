import { describe, expect, it } from "vitest";
import { FRESH_HARD_STATE } from "../../src/model/hard-state.js";
import type { Effect } from "../../src/protocol/effect.js";
import { Lab, T } from "../support/lab.js";
import { ordersOf } from "../support/messages.js";

const THREE = ["a", "b", "c"];
const errors = (effects: readonly Effect[]) =>
  ordersOf(effects, "Notify").flatMap(({ notice }) => (notice.kind === "error" ? [notice.reason] : []));
const answer = (last: number, round = 1) =>
  ({ type: "HeartbeatResponse", term: 1, round, last, needsSnapshot: 0 }) as const;
const refusal = (last: number) =>
  ({
    type: "AppendEntriesResponse",
    term: 1,
    success: false,
    match: 0,
    prevIndex: 9,
    hintIndex: last,
    hintTerm: 1,
    last,
    needsSnapshot: 0,
  }) as const;

/** a leads, and b has acknowledged everything up to 4 in its first run. */
function acknowledged(): Lab {
  const lab = new Lab(THREE).elect("a");
  lab.propose("a", "x", "y");
  return lab.settle().beat("a");
}

describe("R20 a peer that lost what it had acknowledged", () => {
  it("R20 is seen by a heartbeat answer, or a refusal, of a new run, and reported once", () => {
    for (const message of [answer(2), refusal(2)]) {
      const lab = acknowledged();
      const effects = lab.receive("b", "a", message, { startNumber: 2 });
      expect(errors(effects)).toEqual([
        "b had acknowledged entry 4 and came back with a log that ends at 2: it is not counted any more. Empty its directory, remove it, and add it anew",
      ]);
      expect(lab.describe("a").peers[0]).toMatchObject({ id: "b", match: 4, hasLostData: true });
      expect(errors(lab.receive("b", "a", message, { startNumber: 2 }))).toEqual([]);
    }
  });

  it("R20 is no longer counted: not for commits, nor reads, nor to stay in office", () => {
    const lab = acknowledged();
    lab.cut("a", "c");
    lab.receive("b", "a", answer(2), { startNumber: 2 });
    lab.propose("a", "z");
    lab.step("a", { type: "ReadRequested", requests: [1] });
    lab.node("b").disk.starts = 2;
    lab.settle();
    expect(lab.describe("a")).toMatchObject({ commitIndex: 4, last: { index: 5 } });
    expect(ordersOf(lab.node("a").seen, "ReadReady")).toEqual([]);
    for (let i = 0; i < 6; i++) lab.beat("a");
    expect(lab.leaders()).toEqual([]);
  });

  it("R20 an old message of the same run that comes late is no loss", () => {
    const lab = acknowledged();
    expect(errors(lab.receive("b", "a", answer(2)))).toEqual([]);
    expect(errors(lab.receive("b", "a", refusal(1)))).toEqual([]);
    // Nor is a new run that holds all of it.
    expect(errors(lab.receive("b", "a", answer(4, 2), { startNumber: 2 }))).toEqual([]);
    expect(lab.describe("a").peers[0]?.hasLostData).toBe(false);
  });

  it("R20 a follower that is told a commit beyond its log does not advance, and says the same of itself", () => {
    const lab = acknowledged();
    lab.crash("b");
    lab.node("b").disk.blocks = lab.node("b").disk.blocks.slice(0, 2);
    lab.node("b").disk.commitHint = 0;
    lab.node("b").disk.hardState = { ...FRESH_HARD_STATE, term: 1 };
    lab.restart("b");
    lab.take();
    const tell = () => lab.receive("a", "b", { type: "Heartbeat", term: 1, commit: 4, round: 7 });
    expect(errors(tell())).toEqual([
      "this node's log ends at 2, and it had acknowledged entry 4: its disk has lost data. Empty its directory, remove it, and add it anew",
    ]);
    expect(errors(tell())).toEqual([]);
    expect(lab.describe("b").commitIndex).toBeLessThan(3);
    lab.pass(T / 5);
    lab.deliver();
    expect(lab.describe("a").peers[0]?.hasLostData).toBe(true);
  });
});
