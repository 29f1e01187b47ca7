import { describe, expect, it } from "vitest";
import { NotLeader, RaftError } from "../../src/model/errors.js";
import { BLOCK_HEADER_BYTES, ENTRY_HEADER_BYTES } from "../../src/model/log-block.js";
import { sent, writes } from "../support/effects.js";
import { Lab, type LabOptions } from "../support/lab.js";
import { accepted, ordersOf } from "../support/messages.js";

const leading = (options: LabOptions = {}): Lab => new Lab(["a", "b", "c"], options).elect("a").beat("a");
const blocksOf = (effects: Parameters<typeof writes>[0]) =>
  writes(effects)
    .flatMap(({ blocks }) => blocks ?? [])
    .map(({ first, count }) => [first, count]);

describe("R10 batches", () => {
  it("R10 what one turn brought is one block", () => {
    const effects = leading().propose("a", "x", "y", "z");
    expect(blocksOf(effects)).toEqual([[3, 3]]);
    expect(ordersOf(effects, "ProposalsAccepted")).toEqual([
      { type: "ProposalsAccepted", first: 3, term: 1, count: 3 },
    ]);
  });

  it("R10 it is cut by count", () => {
    const effects = leading({ batchEntriesMax: 2 }).propose("a", "1", "2", "3", "4", "5");
    expect(blocksOf(effects)).toEqual([
      [3, 2],
      [5, 2],
      [7, 1],
    ]);
    expect(
      sent(effects)
        .filter(({ to }) => to === "b")
        .map(({ message }) => message),
    ).toMatchObject([
      { blocks: [{ first: 3, count: 2 }] },
      { blocks: [{ first: 5, count: 2 }] },
      { blocks: [{ first: 7, count: 1 }] },
    ]);
  });

  it("R10 and by bytes, header included", () => {
    const fitting = (1_024 - BLOCK_HEADER_BYTES) / 2 - ENTRY_HEADER_BYTES;
    const entry = "x".repeat(fitting);
    expect(blocksOf(leading({ batchBytesMax: 1_024 }).propose("a", entry, entry, entry))).toEqual([
      [3, 2],
      [5, 1],
    ]);
    expect(blocksOf(leading({ batchBytesMax: 1_024 }).propose("a", entry, `${entry}!`))).toEqual([
      [3, 1],
      [4, 1],
    ]);
  });

  it("R10 a single entry over the batch limit still goes, alone", () => {
    const effects = leading({ batchBytesMax: 1_024 }).propose("a", "s", "x".repeat(5_000), "t");
    expect(blocksOf(effects)).toEqual([
      [3, 1],
      [4, 1],
      [5, 1],
    ]);
    expect(
      sent(effects)
        .filter(({ to }) => to === "b")
        .map(({ message }) => message),
    ).toMatchObject([{ blocks: [{ first: 3 }] }, { blocks: [{ first: 4 }] }, { blocks: [{ first: 5 }] }]);
  });

  it("R10 what has gathered for one peer is joined into messages within the same bounds", () => {
    const lab = leading({ batchEntriesMax: 3, windowMessagesMax: 1 });
    lab.propose("a", "1");
    for (const text of ["2", "3", "4", "5"]) lab.propose("a", text);
    lab.take();
    const [next] = sent(lab.receive("b", "a", accepted(1, 3)));
    expect(next?.message).toMatchObject({ prev: { index: 3 }, blocks: [{ first: 4 }, { first: 5 }, { first: 6 }] });
  });
});

describe("R12 room", () => {
  const options = { uncommittedBytesMax: 10_000, entryBytesMax: 8_000 };

  it("R12 what does not fit is refused at once, in order, certainly not applied, and retryable", () => {
    const lab = leading(options);
    const effects = lab.propose("a", ...Array.from({ length: 5 }, () => "x".repeat(3_000)));
    expect(ordersOf(effects, "ProposalsAccepted")).toMatchObject([{ first: 3, count: 3 }]);
    const [refusal] = ordersOf(effects, "ProposalsRefused");
    expect(refusal).toMatchObject({ count: 2, error: { code: "Overloaded", outcome: "refused", retryable: true } });
  });

  it("R12 memory stays flat however much is proposed while nothing commits", () => {
    const lab = leading(options).isolate("a");
    for (let i = 0; i < 100; i++) lab.propose("a", "x".repeat(1_000));
    expect(lab.describe("a").uncommittedBytes).toBeLessThanOrEqual(10_000);
    expect(lab.describe("a").last.index).toBe(11);
  });

  it("R12 what is applied makes room again", () => {
    const lab = leading(options);
    lab.propose("a", "x".repeat(8_000));
    expect(ordersOf(lab.propose("a", "x".repeat(8_000)), "ProposalsRefused")).toHaveLength(1);
    lab.settle();
    expect(lab.describe("a").uncommittedBytes).toBe(0);
    expect(ordersOf(lab.propose("a", "x".repeat(8_000)), "ProposalsAccepted")).toHaveLength(1);
  });

  it("R12 a leader's first entry always enters", () => {
    const lab = leading(options).isolate("a");
    for (let i = 0; i < 20; i++) lab.propose("a", "x".repeat(900));
    expect(ordersOf(lab.propose("a", "x".repeat(900)), "ProposalsRefused")).toHaveLength(1);
    const { last } = lab.describe("a");
    lab.persist("a");
    lab.pass(1_000).fire("a", "heartbeat");
    lab.take();
    lab.heal().elect("a");
    expect(lab.describe("a")).toMatchObject({ role: "leader", commitIndex: last.index + 1 });
  });
});

describe("C01 C02 who is told what", () => {
  it("C01 a follower refuses with the leader's id and address", () => {
    const lab = leading();
    const [refusal] = ordersOf(lab.propose("b", "x", "y"), "ProposalsRefused");
    expect(refusal?.count).toBe(2);
    expect(refusal?.error).toBeInstanceOf(NotLeader);
    expect(refusal?.error).toMatchObject({ code: "NotLeader", outcome: "refused", leader: "a", leaderAddress: "a:1" });
  });

  it("C01 one that knows no leader says so", () => {
    const [refusal] = ordersOf(new Lab(["a", "b"]).propose("a", "x"), "ProposalsRefused");
    expect(refusal?.error).toMatchObject({ code: "NotLeader", leader: null, leaderAddress: null, retryable: true });
  });

  it("C02 one still in the inbox when its node stepped down is refused", () => {
    const lab = leading();
    lab.receive("c", "a", { type: "Heartbeat", term: 2, commit: 0, round: 1 });
    expect(ordersOf(lab.propose("a", "late"), "ProposalsRefused")).toMatchObject([
      { count: 1, error: { code: "NotLeader", outcome: "refused", leader: "c" } },
    ]);
    expect(lab.describe("a").last.index).toBe(2);
  });

  it("C02 one appended above commit is unknown, one committed waits for its result", () => {
    const lab = leading();
    lab.propose("a", "committed");
    lab.propose("a", "open");
    lab.receive("b", "a", accepted(1, 3));
    lab.receive("c", "a", accepted(1, 3));
    const effects = lab.receive("c", "a", { type: "Heartbeat", term: 2, commit: 0, round: 1 });
    const [abandoned] = ordersOf(effects, "AbandonProposals");
    expect(abandoned).toMatchObject({ above: 3, error: { code: "LeadershipLost", outcome: "unknown" } });
    expect(abandoned?.error).toBeInstanceOf(RaftError);
  });

  it("C02 callers are named by term and index: the same index in another term is another entry", () => {
    const lab = leading();
    expect(ordersOf(lab.propose("a", "x"), "ProposalsAccepted")).toMatchObject([{ first: 3, term: 1 }]);
    lab.crash("a");
    lab.take();
    lab.elect("b");
    expect(lab.raft("b").termAt(3)).toBe(2);
    expect(ordersOf(lab.propose("b", "y"), "ProposalsAccepted")).toMatchObject([{ first: 4, term: 2 }]);
  });

  it("C02 a proposal meant for one term only is refused in every other", () => {
    const lab = leading();
    const effects = lab.step("a", { type: "ProposalsSubmitted", payloads: [new Uint8Array(1)], onlyInTerm: 2 });
    expect(ordersOf(effects, "ProposalsRefused")).toMatchObject([{ count: 1, error: { outcome: "refused" } }]);
    expect(writes(effects)).toEqual([]);
  });

  it("C02 when the group stops in place, what was not committed is unknown", () => {
    const lab = leading();
    lab.propose("a", "x");
    const effects = lab.step("a", { type: "StorageFailed", reason: "EIO" });
    expect(ordersOf(effects, "AbandonProposals")).toMatchObject([
      { above: 2, error: { code: "Halted", outcome: "unknown" } },
    ]);
    expect(sent(effects)).toEqual([]);
  });
});
