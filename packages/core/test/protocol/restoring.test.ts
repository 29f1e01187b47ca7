import { describe, expect, it } from "vitest";
import type { Effect } from "../../src/protocol/effect.js";
import { sent } from "../support/effects.js";
import { jointMembership, target } from "../support/joint-membership.js";
import { type Lab, memberOf, T } from "../support/lab.js";
import { metaAt, ordersOf, saveAt } from "../support/messages.js";
import { ReadingLab } from "../support/reading-lab.js";

const THREE = ["a", "b", "c"];

/** a leads; b's log begins after 4, and its snapshots are gone: it came back without a state. */
function withoutState(): Lab {
  const lab = new ReadingLab(THREE, { compactionMarginEntries: 0, membership: jointMembership }).elect("a");
  lab.propose("a", "p", "q");
  lab.settle();
  const named = { ...target("abc"), members: THREE.map((id) => ({ ...memberOf(id), priority: 2 })) };
  // The log of b names its members, so that it would campaign if it might.
  lab.step("a", { type: "ChangeRequested", request: 1, target: named, expected: null });
  lab.settle();
  lab.propose("a", "r");
  lab.settle().beat("a");
  for (const index of [4, 5]) saveAt(lab, "b", index);
  lab.settle().crash("b");
  lab.node("b").disk.snapshot = null;
  lab.restart("b");
  return lab;
}
const needs = (effects: readonly Effect[]) =>
  sent(effects).flatMap(({ message }) => ("needsSnapshot" in message ? [message.needsSnapshot] : []));

describe("S11 a node that cannot rebuild its state", () => {
  it("S11 S09 says so in every append and heartbeat answer, applies nothing, and does not campaign", () => {
    const lab = withoutState();
    expect(lab.describe("b")).toMatchObject({ restoring: 3, base: { index: 4 }, last: { index: 6 }, appliedIndex: 0 });
    expect(needs(lab.receive("a", "b", { type: "Heartbeat", term: 1, commit: 6, round: 9 }))).toEqual([3]);
    const prev = { index: 6, term: 1 };
    expect(needs(lab.receive("a", "b", { type: "AppendEntries", term: 1, prev, commit: 6, blocks: [] }))).toEqual([3]);
    const beyond = { index: 9, term: 1 };
    expect(
      needs(lab.receive("a", "b", { type: "AppendEntries", term: 1, prev: beyond, commit: 6, blocks: [] })),
    ).toEqual([3]);
    expect(lab.describe("b")).toMatchObject({ commitIndex: 6, appliedIndex: 0 });
    expect(ordersOf(lab.node("b").seen, "Apply")).toEqual([]);
    expect(lab.describe("b").configuration.configuration.voters).toEqual(THREE);
    expect(sent(lab.timeOut("b"))).toEqual([]);
    // It votes with its log all the same (E19).
    lab.crash("a").pass(T).elect("c");
    expect(lab.leaders()).toEqual(["c"]);
  });

  it("S11 the leader sends one although match is current, newly taken if its own is too old", () => {
    const lab = withoutState();
    lab.beat("a");
    expect(ordersOf(lab.node("a").seen, "TakeSnapshot")).toHaveLength(1);
    expect(ordersOf(lab.node("a").seen, "Send").some(({ message }) => message.type === "InstallSnapshot")).toBe(false);
    saveAt(lab, "a", 6);
    lab.pass(T / 5);
    lab.fire("a", "heartbeat");
    lab.deliver();
    lab.deliver();
    const [offer] = lab.take(({ message }) => message.type === "InstallSnapshot");
    expect(offer).toMatchObject({ to: "b", message: { meta: { id: { index: 6 } } } });
  });

  it("S11 S05 at or below its commit index it is taken all the same; the log stays, and what follows is applied", () => {
    const lab = withoutState();
    const meta = metaAt(lab, "a", 5);
    lab.beat("a");
    expect(lab.describe("b").commitIndex).toBe(6);
    lab.receive("a", "b", { type: "InstallSnapshot", term: 1, transfer: 7, meta });
    lab.step("b", { type: "SnapshotSinkOpened", transfer: 7, offset: 0 });
    lab.node("b").disk.snapshot = meta;
    const effects = lab.step("b", { type: "SnapshotReceived", transfer: 7, meta });
    expect(ordersOf(effects, "LoadSnapshot")).toEqual([{ type: "LoadSnapshot", meta }]);
    expect(ordersOf(effects, "Persist")).toEqual([]);
    expect(ordersOf(effects, "Apply")).toEqual([]);
    const loaded = lab.step("b", { type: "SnapshotLoaded", meta });
    expect(ordersOf(loaded, "Apply")).toMatchObject([{ upTo: 6 }]);
    expect(lab.describe("b")).toMatchObject({ restoring: 0, appliedIndex: 6, last: { index: 6 } });
    expect(lab.describe("b").configuration.configuration.voters).toEqual(THREE);
    expect(needs(lab.receive("a", "b", { type: "Heartbeat", term: 1, commit: 6, round: 99 }))).toEqual([0]);
  });

  it("S11 one that is older than its log's beginning is of no use, and is not taken", () => {
    const lab = withoutState();
    const meta = { ...metaAt(lab, "a", 3) };
    const effects = lab.receive("a", "b", { type: "InstallSnapshot", term: 1, transfer: 7, meta });
    expect(ordersOf(effects, "ReceiveSnapshot")).toEqual([]);
  });
});

describe("S10 the log that a snapshot's receiver will need", () => {
  /** a leads; c was away, is behind a's log, and is being sent a's snapshot at 8. */
  const sending = (keptLogBytesMax: number): Lab => {
    const lab = new ReadingLab(THREE, { compactionMarginEntries: 0, keptLogBytesMax, cacheBytesMax: 1_024 }).elect("a");
    lab.cut("a", "c").cut("b", "c");
    for (let i = 0; i < 6; i++) lab.propose("a", `p${i}`);
    lab.settle();
    for (const index of [7, 8]) saveAt(lab, "a", index);
    lab.settle().heal();
    for (let i = 0; i < 8 && lab.describe("a").peers[1]?.state !== "snapshot"; i++) lab.beat("a");
    expect(lab.describe("a")).toMatchObject({ base: { index: 7 }, peers: [{}, { id: "c", state: "snapshot" }] });
    return lab;
  };
  const grow = (lab: Lab): void => {
    for (let i = 0; i < 4; i++) lab.propose("a", `more ${i}`);
    lab.settle();
    for (const index of [10, 11]) saveAt(lab, "a", index);
    lab.settle();
  };
  /** c takes the snapshot; its answer reaches a. */
  const arrive = (lab: Lab): void => {
    const [order] = ordersOf(lab.node("c").seen, "ReceiveSnapshot").slice(-1);
    if (order === undefined) throw new Error("nothing was offered");
    const { transfer, meta } = order;
    lab.step("c", { type: "SnapshotSinkOpened", transfer, offset: 0 });
    lab.deliver();
    lab.step("a", { type: "SnapshotSent", to: "c", transfer, ok: true });
    lab.node("c").disk.snapshot = meta;
    lab.step("c", { type: "SnapshotReceived", transfer, meta });
    lab.persist("c");
    lab.step("c", { type: "SnapshotLoaded", meta });
  };

  it("S10 is kept while it is sent, and until the receiver replicates again", () => {
    const lab = sending(1 << 20);
    grow(lab);
    expect(lab.describe("a").base.index).toBe(8);
    arrive(lab);
    lab.deliver();
    expect(lab.describe("a").peers[1]?.state).toBe("probe");
    // Between the transfer's end and its first acknowledgement the log is still needed.
    for (const index of [11, 12]) saveAt(lab, "a", index);
    expect(lab.describe("a").base.index).toBe(8);
    lab.settle().beat("a");
    expect(lab.describe("a").peers[1]).toMatchObject({ state: "replicate", match: 12 });
    expect(
      ordersOf(lab.node("a").seen, "Send").filter(({ message }) => message.type === "InstallSnapshot"),
    ).toHaveLength(1);
  });

  it("S10 up to a bound in bytes: a receiver that never comes does not fill the disk", () => {
    const lab = sending(10);
    grow(lab);
    expect(lab.describe("a").base.index).toBe(10);
  });
});

describe("R10 entries that are read back", () => {
  it("R10 are cut to today's limits, whatever they were written under", () => {
    const lab = new ReadingLab(THREE, { batchEntriesMax: 2, logs: { a: [1, 1, 1, 1, 1], b: [1], c: [1] } });
    lab.elect("a").beat("a");
    const counts = ordersOf(lab.node("a").seen, "Send").flatMap(({ message }) =>
      message.type === "AppendEntries" ? [message.blocks.reduce((sum, block) => sum + block.count, 0)] : [],
    );
    expect(Math.max(...counts)).toBe(2);
    const whole = lab.node("a").disk.blocks.filter(({ first }) => first > 1);
    const effects = lab.step("a", { type: "EntriesFetched", to: "b", term: 1, from: 99, blocks: whole });
    expect(effects).toEqual([]);
    expect(lab.describe("b").last).toEqual(lab.describe("a").last);
  });
});
