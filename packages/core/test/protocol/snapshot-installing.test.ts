import { describe, expect, it } from "vitest";
import { votersOnly } from "../../src/model/configuration.js";
import { encodeConfiguration } from "../../src/model/configuration-layout.js";
import { EntryType, LogBlock } from "../../src/model/log-block.js";
import type { InstallSnapshotResponse } from "../../src/model/message.js";
import type { SnapshotMeta } from "../../src/model/snapshot-meta.js";
import { sent, writes } from "../support/effects.js";
import { incarnationOf, type Lab, memberOf } from "../support/lab.js";
import { accepted, append, commands, followerB, ordersOf } from "../support/messages.js";

const FOUR = ["a", "b", "c", "d"];
const meta = (index: number, term: number): SnapshotMeta => ({
  id: { index, term },
  configuration: { id: { index: 2, term: 1 }, configuration: votersOnly(FOUR.map(memberOf)) },
  logTimeMs: 77,
  formatVersion: 1,
  sizeBytes: 10,
  checksum: 1,
});
const offer = (term: number, transfer: number, of: SnapshotMeta) =>
  ({ type: "InstallSnapshot", term, transfer, meta: of }) as const;
const done = (term: number, transfer: number, match: number): InstallSnapshotResponse => ({
  type: "InstallSnapshotResponse",
  term,
  transfer,
  status: "done",
  offset: 0,
  match,
});

/** b, with entries of these terms and in term 3, has been offered that snapshot by a as transfer 7, and opened its sink. */
function receiving(terms: number[], of: SnapshotMeta): Lab {
  const lab = followerB(terms, 3);
  const effects = lab.receive("a", "b", offer(3, 7, of));
  expect(ordersOf(effects, "ReceiveSnapshot")).toEqual([
    { type: "ReceiveSnapshot", from: "a", fromIncarnation: incarnationOf("a"), transfer: 7, meta: of },
  ]);
  lab.step("b", { type: "SnapshotSinkOpened", transfer: 7, offset: 0 });
  lab.take();
  return lab;
}
const received = (lab: Lab, of: SnapshotMeta, transfer = 7) =>
  lab.step("b", { type: "SnapshotReceived", transfer, meta: of });

describe("S04 an offer", () => {
  it("S04 is answered with the offset that is there already, once the sink is open", () => {
    const lab = followerB([], 3);
    lab.receive("a", "b", offer(3, 7, meta(9, 2)));
    expect(sent(lab.step("b", { type: "SnapshotSinkOpened", transfer: 7, offset: 512 }))).toEqual([
      {
        to: "a",
        message: { type: "InstallSnapshotResponse", term: 3, transfer: 7, status: "send", offset: 512, match: 0 },
      },
    ]);
  });

  it("S04 that failed is said to have failed, and the next one is taken", () => {
    const lab = receiving([], meta(9, 2));
    expect(sent(lab.step("b", { type: "SnapshotReceiveFailed", transfer: 7, reason: "checksum" }))).toMatchObject([
      { to: "a", message: { status: "failed", transfer: 7 } },
    ]);
    expect(ordersOf(lab.receive("a", "b", offer(3, 8, meta(9, 2))), "ReceiveSnapshot")).toHaveLength(1);
  });

  it("S04 a newer offer takes the place of one that is still coming in", () => {
    const lab = receiving([], meta(9, 2));
    const effects = lab.receive("a", "b", offer(3, 8, meta(12, 2)));
    expect(effects.map(({ type }) => type)).toEqual(["CancelSnapshot", "ReceiveSnapshot"]);
  });

  it("S04/copy a copy of the offer does not begin the transfer a second time under the bytes that come in", () => {
    const lab = receiving([], meta(9, 2));
    expect(lab.receive("a", "b", offer(3, 7, meta(9, 2)))).toEqual([]);
    expect(ordersOf(received(lab, meta(9, 2)), "Persist")).toMatchObject([{ resetTo: { index: 9, term: 2 } }]);
  });

  it("S04/same-number the next leader's offer under the same number is not taken for the old one", () => {
    const lab = receiving([], meta(9, 2));
    const effects = lab.receive("c", "b", offer(4, 7, meta(12, 3)));
    expect(ordersOf(effects, "CancelSnapshot")).toEqual([{ type: "CancelSnapshot", transfer: 7 }]);
    lab.persist("b");
    expect(lab.take(({ to }) => to === "c").map(({ message }) => message)).toMatchObject([
      { status: "failed", transfer: 7 },
    ]);
    // The old transfer's last word was already under way: it must not pass for the new one's.
    expect(received(lab, meta(9, 2))).toEqual([]);
  });
});

describe("S05 the install is decided when the last byte is verified", () => {
  it("S05 nothing changes before that", () => {
    const lab = receiving([1, 1], meta(9, 2));
    expect(lab.describe("b")).toMatchObject({ base: { index: 0 }, last: { index: 3 }, commitIndex: 0 });
  });

  it("S05/behind at or below the commit index it is not installed, and answered with the durable commit", () => {
    const lab = receiving([1, 1, 1], meta(3, 1));
    lab.receive("a", "b", append(3, { index: 4, term: 1 }, 4));
    const effects = received(lab, meta(3, 1));
    expect(effects).toMatchObject([{ type: "Send", message: done(3, 7, 4) }]);
    expect(lab.describe("b")).toMatchObject({ base: { index: 0 }, commitIndex: 4 });
  });

  it("S05/behind an offer at or below the commit index is answered so at once", () => {
    const lab = followerB([1, 1, 1], 3);
    lab.receive("a", "b", append(3, { index: 4, term: 1 }, 4));
    expect(sent(lab.receive("a", "b", offer(3, 7, meta(4, 1))))).toEqual([{ to: "a", message: done(3, 7, 4) }]);
  });

  it("S05/behind the commit that is not durable here is not claimed", () => {
    const lab = followerB([], 3);
    lab.receive("a", "b", append(3, { index: 1, term: 0 }, 3, commands(2, 2, "x", "y")));
    expect(lab.describe("b")).toMatchObject({ commitIndex: 3, durableIndex: 1 });
    expect(sent(lab.receive("a", "b", offer(3, 7, meta(3, 2))))).toEqual([{ to: "a", message: done(3, 7, 1) }]);
  });

  it("S05/held if the durable log holds (index, term) the entries up to it count as committed, and the log stays", () => {
    const lab = receiving([1, 1, 1, 2], meta(4, 1));
    const effects = received(lab, meta(4, 1));
    expect(writes(effects)).toEqual([]);
    expect(ordersOf(effects, "Apply")).toMatchObject([{ upTo: 4 }]);
    expect(sent(effects)).toEqual([{ to: "a", message: done(3, 7, 4) }]);
    expect(lab.describe("b")).toMatchObject({ commitIndex: 4, last: { index: 5, term: 2 }, base: { index: 0 } });
  });

  it("S05/replaced otherwise log and configurations are replaced, and the term does not go back", () => {
    const lab = receiving([1, 1, 1, 1], meta(4, 2));
    const effects = received(lab, meta(4, 2));
    expect(writes(effects)).toMatchObject([{ resetTo: { index: 4, term: 2 } }]);
    expect(sent(effects)).toEqual([]);
    expect(lab.describe("b")).toMatchObject({
      term: 3,
      base: { index: 4, term: 2 },
      last: { index: 4, term: 2 },
      commitIndex: 4,
      configuration: meta(4, 2).configuration,
    });
  });

  it("S05/replaced M01 a configuration that stood in the replaced log counts no more, also if its index was the higher one", () => {
    const lab = receiving([1, 1, 1, 1], meta(9, 2));
    const without = votersOnly(["a", "b", "c"].map(memberOf));
    const entry = LogBlock.of(6, 3, 0, EntryType.configuration, [encodeConfiguration(without)]);
    lab.receive("a", "b", append(3, { index: 5, term: 1 }, 0, entry));
    expect(lab.describe("b").configuration).toEqual({ id: { index: 6, term: 3 }, configuration: without });
    received(lab, meta(9, 2));
    expect(lab.describe("b").configuration).toEqual(meta(9, 2).configuration);
  });

  it("S05/replaced an entry that the log holds, but not yet durably, does not count as held", () => {
    const lab = receiving([], meta(2, 2));
    lab.receive("a", "b", append(3, { index: 1, term: 0 }, 0, commands(2, 2, "x")));
    expect(writes(received(lab, meta(2, 2)))).toMatchObject([{ resetTo: { index: 2, term: 2 } }]);
  });

  it("S05/order the log's reset is durable, then the state is loaded, then it is acknowledged", () => {
    const lab = receiving([], meta(9, 2));
    received(lab, meta(9, 2));
    const reset = lab.node("b").writes.at(-1)?.number ?? -1;
    expect(ordersOf(lab.step("b", { type: "LogPersisted", number: reset - 1 }), "LoadSnapshot")).toEqual([]);
    const durable = lab.step("b", { type: "LogPersisted", number: reset });
    expect(durable).toEqual([{ type: "LoadSnapshot", meta: meta(9, 2) }]);
    const loaded = lab.step("b", { type: "SnapshotLoaded", meta: meta(9, 2) });
    expect(sent(loaded)).toEqual([{ to: "a", message: done(3, 7, 9) }]);
    expect(lab.describe("b")).toMatchObject({ appliedIndex: 9, snapshot: { index: 9, term: 2 } });
  });

  it("S05 R14 entries behind it are appended meanwhile, and applied only after the load was ordered", () => {
    const lab = receiving([], meta(9, 2));
    received(lab, meta(9, 2));
    const more = lab.receive("a", "b", append(3, { index: 9, term: 2 }, 10, commands(10, 3, "x")));
    expect(ordersOf(more, "Apply")).toEqual([]);
    const orders = lab.step("b", { type: "LogPersisted", number: 2 });
    expect(orders.map(({ type }) => type)).toEqual(["LoadSnapshot", "Send", "Apply"]);
    expect(ordersOf(orders, "Apply")).toMatchObject([{ upTo: 10, blocks: [{ first: 10 }] }]);
    expect(sent(orders)).toEqual([{ to: "a", message: accepted(3, 10) }]);
  });

  it("S05 R07 until the reset is durable no more is acknowledged than the old log's committed part", () => {
    const lab = receiving([1, 1, 1], meta(9, 2));
    lab.receive("a", "b", append(3, { index: 2, term: 1 }, 2));
    received(lab, meta(9, 2));
    const effects = lab.receive("a", "b", append(3, { index: 9, term: 2 }, 9));
    expect(sent(effects)).toEqual([]);
    lab.step("b", { type: "LogPersisted", number: 1 });
    expect(lab.describe("b").durableIndex).toBe(9);
  });

  it("S05 a later offer of the same snapshot, while it is being installed, is the one that is answered", () => {
    const lab = receiving([], meta(9, 2));
    received(lab, meta(9, 2));
    lab.take();
    lab.receive("a", "b", { type: "Heartbeat", term: 3, commit: 0, round: 1 });
    lab.receive("a", "b", offer(3, 8, meta(9, 2)));
    lab.step("b", { type: "LogPersisted", number: 1 });
    const loaded = lab.step("b", { type: "SnapshotLoaded", meta: meta(9, 2) });
    expect(sent(loaded)).toEqual([{ to: "a", message: done(3, 8, 9) }]);
  });
});
