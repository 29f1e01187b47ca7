import { describe, expect, it } from "vitest";
import { hashRecord } from "../src/state/record-hash.js";

/** Of values of so many bytes under the key `key`, as every version of format 1 has it: replicas of two versions are compared by it. */
const GOLDEN: readonly (readonly [number, string])[] = [
  [0, "8da627191a8fa277"],
  [5, "f02a7ea6eb1aad53"],
  [127, "cece5ae3b5ade9f3"],
  [255, "1b409543586282c4"],
  [256, "50f3475bf18c6d3d"],
  [257, "29e300c23c0ac2f2"],
  [4_095, "95e0de6369eb87b7"],
  [4_096, "fd178e435954e405"],
  [4_103, "33d5ea156a6199b5"],
  [10_000, "f2b643bdd8ca7651"],
];

function hashOf(value: Uint8Array): string {
  const record = { key: "key", sequence: 1, deadlineMs: 5, hashHigh: 0, hashLow: 0 };
  hashRecord(record, value);
  return [record.hashHigh, record.hashLow].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}

describe("a record's hash", () => {
  it("O06 is the golden one, whatever the value's length and wherever it lies", () => {
    for (const [length, golden] of GOLDEN)
      for (const offset of [0, 1, 2, 3]) {
        const value = new Uint8Array(length + offset).subarray(offset);
        for (let i = 0; i < length; i++) value[i] = i * 37 + (i >> 8);
        expect([length, offset, hashOf(value)]).toEqual([length, offset, golden]);
      }
  });

  it("O06 shows every byte of a long value", () => {
    const value = new Uint8Array(9_001);
    const hashes = new Set([hashOf(value)]);
    for (const at of [0, 3, 255, 4_095, 4_096, 8_999, 9_000]) hashes.add(hashOf(value.with(at, 1)));
    expect(hashes.size).toBe(8);
  });
});
