import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { crc32Of } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { NodeChecksum, slicingBy8 } from "../src/node-checksum.js";

const ascii = (text: string) => new TextEncoder().encode(text);

describe("NodeChecksum", () => {
  const checksum = new NodeChecksum();

  it("L10 the checksum is the CRC-32 of IEEE 802.3: published vectors", () => {
    expect(checksum.crc32(ascii("123456789"))).toBe(0xcbf43926);
    expect(checksum.crc32(new Uint8Array(0))).toBe(0);
    expect(checksum.crc32(ascii("The quick brown fox jumps over the lazy dog"))).toBe(0x414fa339);
    expect(checksum.crc32(new Uint8Array(32))).toBe(0x190a55ad);
    expect(checksum.crc32(new Uint8Array(32).fill(0xff))).toBe(0xff6cab0b);
  });

  it("L10 short inputs in JavaScript and long ones in zlib give one function of the bytes", () => {
    for (let length = 0; length < 300; length++) {
      const bytes = randomBytes(length);
      expect(slicingBy8(bytes, 0, bytes.length, 0)).toBe(crc32(bytes));
      expect(checksum.crc32(bytes)).toBe(crc32(bytes));
    }
  });

  it("L10 the checksum of a part is that of a view of it, whether or not an implementation can do without the view", () => {
    const bytes = randomBytes(400);
    const wantsViews = { crc32: (part: Uint8Array, previous?: number) => crc32(part, previous) };
    const parts = [0, 400, 3, 3, 1, 48, 5, 132, 5, 133, 399, 400];
    for (let i = 0; i < parts.length; i += 2) {
      const [from, to] = parts.slice(i) as [number, number];
      const sum = crc32(bytes.subarray(from, to), 7);
      expect(crc32Of(checksum, bytes, from, to, 7)).toBe(sum);
      expect(crc32Of(wantsViews, bytes, from, to, 7)).toBe(sum);
    }
  });

  it("L10 a checksum goes on from a previous one, across the border between the two", () => {
    const bytes = randomBytes(400);
    for (const cut of [0, 1, 7, 8, 9, 127, 128, 129, 399, 400])
      expect(checksum.crc32(bytes.subarray(cut), checksum.crc32(bytes.subarray(0, cut)))).toBe(crc32(bytes));
  });
});
