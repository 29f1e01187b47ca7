import { describe, expect, it } from "vitest";
import { joinedChecksum } from "../../src/snapshots/joined-checksum.js";
import { checksum } from "../support/host.js";

describe("joinedChecksum", () => {
  it("S02 is that of the whole, wherever it is cut, into however many parts", () => {
    const whole = Uint8Array.from({ length: 1_000 }, (_, i) => (i * 31 + (i >>> 3)) & 0xff);
    const sum = checksum.crc32(whole);
    for (let at = 0; at <= whole.length; at++) {
      const [before, next] = [checksum.crc32(whole.subarray(0, at)), checksum.crc32(whole.subarray(at))];
      expect(joinedChecksum(before, next, whole.length - at)).toBe(sum);
    }
    let joined = 0;
    for (let at = 0; at < whole.length; at += 7) {
      const part = whole.subarray(at, at + 7);
      joined = joinedChecksum(joined, checksum.crc32(part), part.length);
    }
    expect(joined).toBe(sum);
  });

  it("S02 bytes that are all alike do not hide how many they are", () => {
    const zeros = new Uint8Array(3_000_000);
    for (const bytes of [1, 64, 262_144, 3_000_000])
      expect(joinedChecksum(0xdeadbeef, checksum.crc32(zeros.subarray(0, bytes)), bytes)).toBe(
        checksum.crc32(zeros.subarray(0, bytes), 0xdeadbeef),
      );
  });
});
