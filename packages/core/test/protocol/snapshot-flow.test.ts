import { describe, expect, it } from "vitest";
import { sent, writes } from "../support/effects.js";
import { Lab, type LabOptions, T } from "../support/lab.js";
import { accepted, metaAt, ordersOf, saveAt } from "../support/messages.js";

/** a leads three; entries 3 … `last` are committed and applied everywhere. */
function leading(last: number, options: LabOptions = {}): Lab {
  const lab = new Lab(["a", "b", "c"], { compactionMarginEntries: 0, ...options }).elect("a").beat("a");
  for (let index = 3; index <= last; index++) lab.propose("a", `${index}`);
  return lab.settle().beat("a");
}

describe("S07 when a snapshot is taken", () => {
  it("S07 on demand, and demands while one is under way share it", () => {
    const lab = leading(4);
    expect(lab.step("a", { type: "SnapshotRequested" })).toEqual([{ type: "TakeSnapshot" }]);
    expect(lab.step("a", { type: "SnapshotRequested" })).toEqual([]);
    saveAt(lab, "a", 4);
    expect(lab.step("a", { type: "SnapshotRequested" })).toEqual([{ type: "TakeSnapshot" }]);
  });

  it("S07 again after one that failed, which is told", () => {
    const lab = leading(4);
    lab.step("a", { type: "SnapshotRequested" });
    expect(lab.step("a", { type: "SnapshotSaveFailed", reason: "disk full" })).toEqual([
      { type: "Notify", notice: { kind: "error", reason: "snapshot not saved: disk full" } },
    ]);
    expect(lab.step("a", { type: "SnapshotRequested" })).toEqual([{ type: "TakeSnapshot" }]);
  });

  it("S07 one that failed is tried again when the log has grown as much once more, not at every entry", () => {
    const lab = leading(5, { snapshotEveryEntries: 5 });
    lab.step("a", { type: "SnapshotSaveFailed", reason: "disk full" });
    const attempts = () => ordersOf(lab.node("a").seen, "TakeSnapshot").length;
    const before = attempts();
    lab.propose("a", "w", "x", "y", "z");
    lab.settle();
    expect(attempts()).toBe(before);
    lab.propose("a", "and one more");
    lab.settle();
    expect(attempts()).toBe(before + 1);
  });

  it("S07 by growth of the log in entries", () => {
    const lab = leading(5, { snapshotEveryEntries: 5 });
    expect(ordersOf(lab.node("b").seen, "TakeSnapshot")).toHaveLength(1);
    const four = leading(4, { snapshotEveryEntries: 5 });
    expect(ordersOf(four.node("b").seen, "TakeSnapshot")).toEqual([]);
  });

  it("S07 by growth of the log in bytes", () => {
    const lab = leading(2, { snapshotEveryBytes: 2_000 });
    lab.propose("a", "x".repeat(1_000));
    lab.settle();
    expect(ordersOf(lab.node("a").seen, "TakeSnapshot")).toEqual([]);
    lab.propose("a", "x".repeat(1_000));
    lab.settle();
    expect(ordersOf(lab.node("a").seen, "TakeSnapshot")).toHaveLength(1);
  });

  it("S07 by interval, if anything was applied since", () => {
    const lab = leading(4, { snapshotIntervalMs: 5_000 });
    expect(lab.fire("a", "snapshot")).toMatchObject([
      { type: "TakeSnapshot" },
      { type: "ArmTimer", timer: "snapshot" },
    ]);
    saveAt(lab, "a", 4);
    expect(lab.fire("a", "snapshot")).toMatchObject([{ type: "ArmTimer", timer: "snapshot", between: [5_000, 5_000] }]);
  });

  it("S07 not while another one is being installed", () => {
    const lab = leading(4);
    const meta = { ...metaAt(lab, "b", 4), id: { index: 9, term: 1 } };
    lab.receive("a", "b", { type: "InstallSnapshot", term: 1, transfer: 7, meta });
    expect(lab.step("b", { type: "SnapshotRequested" })).toEqual([]);
  });
});

describe("S03 what the log forgets", () => {
  it("S03 nothing for the first snapshot: if it is damaged, the log alone can rebuild the state", () => {
    const lab = leading(6);
    expect(writes(saveAt(lab, "a", 6))).toEqual([]);
    expect(lab.describe("a")).toMatchObject({ base: { index: 0 }, snapshot: { index: 6, term: 1 } });
  });

  it("S03 up to the previous snapshot, durably, with the term of what was removed last", () => {
    const lab = leading(8);
    saveAt(lab, "a", 5);
    expect(writes(saveAt(lab, "a", 8))).toMatchObject([{ compactTo: { index: 5, term: 1 }, then: [] }]);
    expect(lab.describe("a").base).toEqual({ index: 5, term: 1 });
    expect(lab.raft("a").termAt(4)).toBeUndefined();
    expect(lab.raft("a").termAt(5)).toBe(1);
  });

  it("S03 less a margin for followers that are a little behind", () => {
    const lab = leading(8, { compactionMarginEntries: 2 });
    saveAt(lab, "a", 5);
    expect(writes(saveAt(lab, "a", 8))).toMatchObject([{ compactTo: { index: 3, term: 1 } }]);
  });

  it("S03 S01 the configuration that the new base stands on is kept", () => {
    const lab = leading(8);
    saveAt(lab, "a", 5);
    saveAt(lab, "a", 8);
    expect(lab.raft("a").configurationAt(5)).toEqual({ id: { index: 1, term: 0 }, configuration: lab.configuration });
  });

  it("S03 never past what a snapshot on its way to a peer needs next", () => {
    const lab = leading(4).cut("a", "c");
    for (let index = 5; index <= 7; index++) lab.propose("a", `${index}`);
    lab.settle();
    saveAt(lab, "a", 5);
    saveAt(lab, "a", 6);
    lab.step("a", { type: "PeerDown", id: "c" });
    expect(lab.describe("a").peers.find(({ id }) => id === "c")?.state).toBe("snapshot");
    for (let index = 8; index <= 10; index++) lab.propose("a", `${index}`);
    lab.settle();
    saveAt(lab, "a", 9);
    saveAt(lab, "a", 10);
    expect(lab.describe("a").base.index).toBe(6);
  });

  it("S03 a snapshot that is not newer than the last one changes nothing", () => {
    const lab = leading(6);
    saveAt(lab, "a", 5);
    expect(saveAt(lab, "a", 5)).toEqual([]);
    expect(saveAt(lab, "a", 4)).toEqual([]);
  });
});

describe("S04 sending one", () => {
  /** a has compacted up to 5; c, which ends at 4, is being sent the snapshot of 6. */
  function sending(options: LabOptions = {}): { lab: Lab; transfer: number } {
    const lab = leading(4, options).cut("a", "c");
    for (let index = 5; index <= 7; index++) lab.propose("a", `${index}`);
    lab.settle();
    saveAt(lab, "a", 5);
    saveAt(lab, "a", 6);
    lab.settle();
    const [offer] = sent(lab.step("a", { type: "PeerDown", id: "c" }));
    expect(offer).toMatchObject({ to: "c", message: { type: "InstallSnapshot", term: 1, meta: { id: { index: 6 } } } });
    return { lab, transfer: offer?.message.type === "InstallSnapshot" ? offer.message.transfer : -1 };
  }
  const answer = (transfer: number, status: "send" | "done" | "failed", over = {}) =>
    ({ type: "InstallSnapshotResponse", term: 1, transfer, status, offset: 0, match: 0, ...over }) as const;
  const peerC = (lab: Lab) => lab.describe("a").peers.find(({ id }) => id === "c");

  it("S04 the bytes follow once the receiver wants them, from the offset it has reached", () => {
    const { lab, transfer } = sending();
    const effects = lab.receive("c", "a", answer(transfer, "send", { offset: 4_096 }));
    expect(ordersOf(effects, "SendSnapshot")).toMatchObject([
      { to: "c", transfer, meta: { id: { index: 6 } }, offset: 4_096 },
    ]);
    expect(lab.receive("c", "a", answer(transfer, "send", { offset: 4_096 }))).toEqual([]);
  });

  it("S04 no entries are sent meanwhile; heartbeats go on", () => {
    const { lab } = sending();
    expect(sent(lab.propose("a", "x")).map(({ to }) => to)).toEqual(["b"]);
    lab.pass(T / 5);
    expect(sent(lab.fire("a", "heartbeat"))).toContainEqual({
      to: "c",
      message: expect.objectContaining({ type: "Heartbeat", term: 1, commit: 4 }),
    });
  });

  it("S04 when it is installed, replication goes on right behind it", () => {
    const { lab, transfer } = sending();
    lab.receive("c", "a", answer(transfer, "send"));
    lab.step("a", { type: "SnapshotSent", to: "c", transfer, ok: true });
    const effects = lab.receive("c", "a", answer(transfer, "done", { match: 6 }));
    expect(sent(effects)).toMatchObject([{ to: "c", message: { type: "AppendEntries", prev: { index: 6, term: 1 } } }]);
    expect(peerC(lab)).toMatchObject({ state: "probe", match: 6 });
  });

  it("S04 at most two at once, others wait for their turn", () => {
    const ids = ["a", "b", "c", "d", "e", "f"];
    const lab = new Lab(ids, { compactionMarginEntries: 0, learners: ["f"] }).elect("a").beat("a");
    lab.cut("a", "c").cut("a", "d").cut("a", "e").cut("a", "f");
    for (let index = 3; index <= 6; index++) lab.propose("a", `${index}`);
    lab.persist("a");
    for (const id of ["b", "c"]) lab.receive(id, "a", accepted(1, 6));
    expect(lab.describe("a").commitIndex).toBe(6);
    saveAt(lab, "a", 5);
    saveAt(lab, "a", 6);
    lab.take();
    for (const id of ["d", "e", "f"]) lab.step("a", { type: "PeerDown", id });
    const offers = lab.take(({ message }) => message.type === "InstallSnapshot");
    expect(offers.map(({ to }) => to)).toEqual(["d", "e"]);
    const [first] = offers.flatMap(({ message }) => (message.type === "InstallSnapshot" ? [message.transfer] : []));
    lab.receive("d", "a", answer(first ?? -1, "done", { match: 6 }));
    lab.pass(T / 5);
    const later = sent(lab.fire("a", "heartbeat")).filter(({ message }) => message.type === "InstallSnapshot");
    expect(later.map(({ to }) => to)).toEqual(["f"]);
  });

  it("R19/snapshot an offer without an answer for 2T is given up and begun anew, as another transfer", () => {
    const { lab, transfer } = sending();
    for (let waited = 0; waited <= 2 * T; waited += T / 5) lab.beat("a");
    expect(peerC(lab)).toMatchObject({ state: "probe" });
    lab.take();
    const effects = lab.receive("c", "a", { type: "HeartbeatResponse", term: 1, round: 1, last: 4, needsSnapshot: 0 });
    const [offer] = sent(effects);
    expect(offer?.message).toMatchObject({ type: "InstallSnapshot" });
    expect(offer?.message).not.toMatchObject({ transfer });
  });

  it("R19/snapshot one that streams takes the time it needs", () => {
    const { lab, transfer } = sending();
    lab.receive("c", "a", answer(transfer, "send"));
    for (let waited = 0; waited <= 4 * T; waited += T / 5) lab.beat("a");
    expect(peerC(lab)?.state).toBe("snapshot");
  });

  it("R19/snapshot a stream that broke begins anew at the peer's next sign of life", () => {
    const { lab, transfer } = sending();
    lab.receive("c", "a", answer(transfer, "send"));
    lab.step("a", { type: "SnapshotSent", to: "c", transfer, ok: false });
    const effects = lab.receive("c", "a", { type: "HeartbeatResponse", term: 1, round: 1, last: 4, needsSnapshot: 0 });
    expect(sent(effects)).toMatchObject([{ to: "c", message: { type: "InstallSnapshot" } }]);
  });

  it("R19/snapshot a receiver that has committed all of it, and waits for its disk, is not offered it again in a circle", () => {
    const { lab, transfer } = sending();
    expect(lab.receive("c", "a", answer(transfer, "done", { match: 4 })).map(({ type }) => type)).toEqual(["Notify"]);
    expect(sent(lab.receive("c", "a", accepted(1, 6)))).toMatchObject([{ message: { prev: { index: 6 } } }]);
  });

  /** The stream breaks, and c is heard of again. @returns what it is offered then. */
  function broken(lab: Lab, transfer: number): { readonly transfer: number; readonly index: number } {
    lab.step("a", { type: "SnapshotSent", to: "c", transfer, ok: false });
    const sign = { type: "HeartbeatResponse", term: 1, round: 1, last: 4, needsSnapshot: 0 } as const;
    const [offer] = sent(lab.receive("c", "a", sign)).flatMap(({ message }) =>
      message.type === "InstallSnapshot" ? [message] : [],
    );
    return { transfer: offer?.transfer ?? -1, index: offer?.meta.id.index ?? -1 };
  }
  /** c asks for the bytes from there on. */
  const asks = (lab: Lab, transfer: number, offset: number) =>
    lab.receive("c", "a", answer(transfer, "send", { offset }));

  it("S10 a stream that broke goes on with the same snapshot while its receiver gets on, though there is a newer one", () => {
    const { lab, transfer } = sending();
    asks(lab, transfer, 0);
    lab.propose("a", "8");
    lab.settle();
    saveAt(lab, "a", 7);
    const second = broken(lab, transfer);
    expect(second.index).toBe(6);
    asks(lab, second.transfer, 4_096);
    const third = broken(lab, second.transfer);
    expect(third.index).toBe(6);
    // It holds what it held before: whatever is wrong with this one, the next is begun.
    asks(lab, third.transfer, 4_096);
    const fourth = broken(lab, third.transfer);
    expect(fourth.index).toBe(7);
    asks(lab, fourth.transfer, 0);
    expect(broken(lab, fourth.transfer).index).toBe(7);
  });

  it("S10 a receiver that has it, and comes back behind the log, is offered the newest one", () => {
    const { lab, transfer } = sending();
    lab.propose("a", "8");
    lab.settle();
    saveAt(lab, "a", 7);
    lab.receive("c", "a", answer(transfer, "done", { match: 4 }));
    expect(sent(lab.step("a", { type: "PeerDown", id: "c" }))).toMatchObject([
      { to: "c", message: { type: "InstallSnapshot", meta: { id: { index: 7 } } } },
    ]);
  });

  it("S10 up to the bound in bytes: then the newest one is offered", () => {
    const { lab, transfer } = sending({ keptLogBytesMax: 200 });
    asks(lab, transfer, 0);
    lab.propose("a", "x".repeat(300));
    lab.settle();
    saveAt(lab, "a", 7);
    expect(broken(lab, transfer).index).toBe(7);
  });

  it("S10 S07 none is taken by growth or interval that would push it out; on demand one is, and is offered then", () => {
    const { lab, transfer } = sending({ snapshotEveryEntries: 5, snapshotIntervalMs: 1_000 });
    const taken = () => ordersOf(lab.node("a").seen, "TakeSnapshot").length;
    saveAt(lab, "a", 7);
    const before = taken();
    for (let index = 8; index <= 14; index++) lab.propose("a", `${index}`);
    lab.settle();
    lab.fire("a", "snapshot");
    expect(taken()).toBe(before);
    lab.step("a", { type: "SnapshotRequested" });
    saveAt(lab, "a", 12);
    expect([taken(), broken(lab, transfer).index]).toEqual([before + 1, 12]);
  });

  it("S10 S07 a receiver that is silent for 20T is not waited for, nor one that has it and replicates", () => {
    const grown = (after: (lab: Lab, transfer: number) => void): number => {
      const { lab, transfer } = sending({ snapshotEveryEntries: 5 });
      saveAt(lab, "a", 7);
      const before = ordersOf(lab.node("a").seen, "TakeSnapshot").length;
      after(lab, transfer);
      for (let index = 8; index <= 14; index++) lab.propose("a", `${index}`);
      lab.settle();
      return ordersOf(lab.node("a").seen, "TakeSnapshot").length - before;
    };
    const silent = (lab: Lab, ms: number) => {
      for (let waited = 0; waited < ms; waited += T / 5) lab.beat("a");
    };
    expect(grown((lab) => silent(lab, 18 * T))).toBe(0);
    expect(grown((lab) => silent(lab, 21 * T))).toBe(1);
    expect(
      grown((lab, transfer) => {
        lab.receive("c", "a", answer(transfer, "done", { match: 6 }));
        lab.receive("c", "a", accepted(1, 7));
      }),
    ).toBe(1);
  });

  it("S04 an answer to another transfer is dropped, and a leader that loses office stops its streams", () => {
    const { lab, transfer } = sending();
    expect(lab.receive("c", "a", answer(transfer + 1, "done", { match: 7 }))).toEqual([]);
    expect(peerC(lab)).toMatchObject({ state: "snapshot", match: 4 });
    const effects = lab.receive("b", "a", { type: "Heartbeat", term: 2, commit: 0, round: 1 });
    expect(ordersOf(effects, "CancelSnapshot")).toEqual([{ type: "CancelSnapshot", transfer }]);
  });
});
