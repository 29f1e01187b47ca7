import { describe, expect, it } from "vitest";
import { BLOCK_HEADER_BYTES, ENTRY_HEADER_BYTES, EntryType, LogBlock } from "../../src/model/log-block.js";
import { bytes, commands } from "../support/messages.js";

/** The entries of a block laid down as its encoded form has them; the header stays empty, the codec's business. */
function laidDown(block: LogBlock): Uint8Array {
  const out = new Uint8Array(block.sizeBytes);
  let at = BLOCK_HEADER_BYTES;
  for (let index = block.first; index <= block.last; index++) {
    const payload = block.payloadAt(index);
    out.set([payload.length & 0xff, payload.length >> 8, payload.length >> 16, block.typeAt(index)], at);
    out.set(payload, at + ENTRY_HEADER_BYTES);
    at += ENTRY_HEADER_BYTES + payload.length;
  }
  return out;
}

const list = (block: LogBlock) =>
  Array.from({ length: block.count }, (_, i) => {
    const index = block.first + i;
    return `${index} ${block.typeAt(index)} ${String.fromCharCode(...block.payloadAt(index))}`;
  });

describe("R01 blocks of consecutive entries of one term", () => {
  const types = [EntryType.empty, EntryType.command, EntryType.configuration] as const;
  const parts = LogBlock.of(7, 3, 99, types, ["", "xy", "z"].map(bytes));
  const over = LogBlock.over(7, 3, 3, 99, laidDown(parts));

  it("R01 say the same of their entries whether made of parts or over bytes", () => {
    expect(list(parts)).toEqual(["7 1 ", "8 3 xy", "9 2 z"]);
    expect(list(over)).toEqual(list(parts));
    expect([over.last, over.lastId, over.sizeBytes]).toEqual([9, { index: 9, term: 3 }, parts.sizeBytes]);
  });

  it("R10 know their size to the byte, also in part", () => {
    expect(parts.sizeBytes).toBe(BLOCK_HEADER_BYTES + 3 * ENTRY_HEADER_BYTES + 3);
    for (const block of [parts, over])
      expect([7, 8, 9, 12].map((index) => block.sizeUpTo(index))).toEqual([52, 58, 63, 63]);
  });

  it("R02 are cut into blocks of their own, which share the payloads and know what they were cut from", () => {
    for (const block of [parts, over]) {
      const cut = block.slice(8, 9);
      expect(list(cut)).toEqual(["8 3 xy", "9 2 z"]);
      expect([cut.first, cut.last, cut.term, cut.logTimeMs, cut.sizeBytes, cut.encoded]).toEqual([
        8,
        9,
        3,
        99,
        59,
        undefined,
      ]);
      expect(block.slice(7, 9)).toBe(block);
    }
    expect(parts.slice(8, 9).cutFrom).toBeUndefined();
    expect(over.slice(8, 9).cutFrom).toBe(over);
    expect(over.slice(8, 9).slice(9, 9).cutFrom).toBe(over);
    expect(parts.slice(8, 8).payloadAt(8)).toBe(parts.payloadAt(8));
  });

  it("R01 may hold entries of one type without a list of types, and payloads of three length bytes", () => {
    const block = commands(1, 1, "a".repeat(70_000), "b");
    expect([block.typeAt(1), block.typeAt(2), block.slice(2, 2).typeAt(2)]).toEqual([3, 3, 3]);
    const read = LogBlock.over(1, 1, 2, 0, laidDown(block));
    expect([read.payloadAt(1).length, read.payloadAt(2)]).toEqual([70_000, bytes("b")]);
  });
});
