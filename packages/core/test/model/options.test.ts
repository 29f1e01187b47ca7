import { describe, expect, it } from "vitest";
import { RaftError } from "../../src/model/errors.js";
import { DEFAULT_OPTIONS, type NodeOptions, resolveOptions } from "../../src/model/options.js";

/** What is thrown for these options. */
function faultOf(given: Record<string, unknown>): RaftError {
  try {
    resolveOptions({ nodeId: "n1", ...given });
  } catch (error) {
    if (error instanceof RaftError) return error;
    throw error;
  }
  return expect.fail(`${JSON.stringify(given)} was accepted`);
}

/** Field, a value below its range, and one above it. */
const OUT_OF_RANGE: readonly (readonly [keyof NodeOptions, number, number])[] = [
  ["electionTimeoutMs", 9, 600_001],
  ["heartbeatIntervalMs", 0, 200_001],
  ["batchEntriesMax", 0, 65_537],
  ["batchBytesMax", 1_023, 2 ** 30 + 1],
  ["windowMessagesMax", 0, 1_025],
  ["windowBytesMax", 1_023, 2 ** 30 + 1],
  ["entryBytesMax", 0, 2 ** 24],
  ["frameBytesMax", 4_095, 2 ** 30 + 1],
  ["uncommittedBytesMax", 1_023, 2 ** 40 + 1],
  ["cacheBytesMax", 1_023, 2 ** 40 + 1],
  ["pendingRequestsMax", 0, 10_000_001],
  ["snapshotEveryEntries", 0, 2 ** 40 + 1],
  ["snapshotEveryBytes", 1_023, 2 ** 50 + 1],
  ["snapshotIntervalMs", -1, 30 * 86_400_000 + 1],
  ["writeOverdueMs", 9, 86_400_001],
  ["clockDriftMs", 0, 600_001],
  ["catchUpMarginEntries", -1, 2 ** 40 + 1],
  ["catchUpTimeoutMs", 9, 86_400_001],
  ["catchUpRoundsMax", 0, 1_001],
  ["keptLogBytesMax", -1, 2 ** 50 + 1],
  ["snapshotSendsMax", 0, 65],
  ["snapshotReceivesMax", 0, 65],
  ["snapshotBytesPerSecondMax", -1, 2 ** 40 + 1],
  ["repairTimeoutMs", 9, 86_400_001],
  ["compactionMarginEntries", -1, 2 ** 40 + 1],
];

describe("O05 options", () => {
  it("O05 defaults are filled in, and are legal themselves", () => {
    expect(resolveOptions({ nodeId: "n1" })).toEqual({ ...DEFAULT_OPTIONS, nodeId: "n1", groupId: "main" });
    expect(resolveOptions({ nodeId: "n1", ...DEFAULT_OPTIONS })).toMatchObject(DEFAULT_OPTIONS);
  });

  it("O05 the heartbeat interval follows the election timeout", () => {
    expect(resolveOptions({ nodeId: "n1", electionTimeoutMs: 150 })).toMatchObject({ heartbeatIntervalMs: 30 });
    expect(resolveOptions({ nodeId: "n1", electionTimeoutMs: 150, heartbeatIntervalMs: 40 })).toMatchObject({
      heartbeatIntervalMs: 40,
    });
  });

  for (const [field, low, high] of OUT_OF_RANGE)
    it(`O05 ${field} out of its range, or no number, is refused with field, value and rule`, () => {
      for (const value of [low, high, Number.NaN, "7", null]) {
        const { code, outcome, details, message } = faultOf({ [field]: value });
        expect({ code, outcome, field: details.field, value: details.value }).toEqual({
          code: "BadOption",
          outcome: "refused",
          field,
          value,
        });
        expect(details.rule).toMatch(/must be a number from .+ to .+/);
        expect(message).toContain(`option ${field} is ${JSON.stringify(value)}, but it must be`);
      }
    });

  it("O05 every option with a size is in the list above", () => {
    const numbers = Object.entries(DEFAULT_OPTIONS).flatMap(([field, value]) =>
      typeof value === "number" ? [field] : [],
    );
    expect(OUT_OF_RANGE.map(([field]) => field).toSorted()).toEqual(numbers.toSorted());
  });

  it("O05 counts and bytes are whole numbers", () => {
    expect(faultOf({ batchEntriesMax: 1.5 }).details).toMatchObject({
      field: "batchEntriesMax",
      rule: "must be a whole number",
    });
    expect(resolveOptions({ nodeId: "n1", electionTimeoutMs: 333.5 })).toMatchObject({ electionTimeoutMs: 333.5 });
  });

  it("O05 S04 a rate of snapshots that would look like a stall is refused", () => {
    const { details } = faultOf({ snapshotBytesPerSecondMax: 65_535 });
    expect(details).toMatchObject({ field: "snapshotBytesPerSecondMax", value: 65_535 });
    expect(resolveOptions({ nodeId: "n1", snapshotBytesPerSecondMax: 65_536 }).snapshotBytesPerSecondMax).toBe(65_536);
  });

  it("O05 a heartbeat interval over a third of the election timeout is refused", () => {
    expect(faultOf({ electionTimeoutMs: 300, heartbeatIntervalMs: 101 }).details).toMatchObject({
      field: "heartbeatIntervalMs",
      value: 101,
    });
    expect(resolveOptions({ nodeId: "n1", electionTimeoutMs: 300, heartbeatIntervalMs: 100 })).toMatchObject({
      heartbeatIntervalMs: 100,
    });
  });

  it("O05 an unknown option, a bad name and a bad switch are refused", () => {
    expect(faultOf({ electionTimeout: 5 }).details).toMatchObject({
      field: "electionTimeout",
      rule: "is not an option of a node",
    });
    for (const nodeId of ["", "a b", "x".repeat(65), 7])
      expect(faultOf({ nodeId }).details).toMatchObject({ field: "nodeId", value: nodeId });
    expect(faultOf({ groupId: "a/b" }).details).toMatchObject({ field: "groupId" });
    expect(faultOf({ preVote: 1 }).details).toMatchObject({ field: "preVote" });
    expect(faultOf({ witness: "yes" }).details).toMatchObject({ field: "witness", rule: "must be true or false" });
  });

  it("O05 R12 room for less than one legal entry is refused", () => {
    expect(faultOf({ uncommittedBytesMax: 8_000_000 }).details).toMatchObject({ field: "uncommittedBytesMax" });
  });

  it("R10 O05 options that let a legal entry or batch exceed a frame are refused", () => {
    const entry = { entryBytesMax: 100_000, batchBytesMax: 1_024 };
    expect(faultOf({ ...entry, frameBytesMax: 104_095 }).details).toMatchObject({
      field: "frameBytesMax",
      value: 104_095,
    });
    expect(resolveOptions({ nodeId: "n1", ...entry, frameBytesMax: 104_096 })).toMatchObject({
      frameBytesMax: 104_096,
    });
    expect(faultOf({ entryBytesMax: 1, batchBytesMax: 200_000, frameBytesMax: 204_095 }).details).toMatchObject({
      field: "frameBytesMax",
    });
  });
});
