import { describe, expect, it } from "vitest";
import { blockBytes, openBlock, verifyBlock } from "../../src/components/block-codec.js";
import { BLOCK_HEADER_BYTES, EntryType, LogBlock, PAYLOAD_BYTES_LIMIT } from "../../src/model/log-block.js";
import { checksum } from "../support/crc32.js";

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Three entries of term 5 from index 4,294,967,297 on: above 32 bits, so that both halves of a number show. */
const sample = (): LogBlock =>
  LogBlock.of(
    2 ** 32 + 1,
    5,
    1_700_000_000_123,
    [EntryType.empty, EntryType.command, EntryType.configuration],
    [new Uint8Array(0), ascii("hexraft"), ascii("c")],
  );

const GOLDEN = [
  "4842", // magic "HB"
  "01", // version
  "00", // flags
  "44000000", // length 68
  "03000000", // count
  "00000000", // reserved
  "0500000000000000", // term
  "0100000001000000", // first index
  "7b68e5cf8b010000", // log time
  "3b272f43", // checksum of the body
  "34429332", // checksum of bytes 0–43
  "00000001", // empty, 0 bytes
  "07000003", // command, 7 bytes
  "68657872616674", // "hexraft"
  "01000002", // configuration, 1 byte
  "63",
].join("");

/** The sample's bytes with one change, and its header's checksum made right again. */
function changed(change: (view: DataView) => void): Uint8Array {
  const bytes = blockBytes(sample(), checksum).slice();
  const view = new DataView(bytes.buffer);
  change(view);
  view.setUint32(44, checksum.crc32(bytes.subarray(0, 44)), true);
  return bytes;
}

const opening =
  (bytes: Uint8Array, offset = 0) =>
  () =>
    openBlock(bytes, offset, checksum);

describe("block codec", () => {
  it("L10 a block of format 1 has these bytes and no others", () => {
    expect(hex(blockBytes(sample(), checksum))).toBe(GOLDEN);
  });

  it("L01 what was laid down is read back: indices, term, log time, types and payloads", () => {
    const bytes = new Uint8Array(10 + GOLDEN.length / 2 + 5);
    bytes.set(blockBytes(sample(), checksum), 10);
    const block = openBlock(bytes, 10, checksum);
    verifyBlock(block, checksum);
    expect([block.first, block.last, block.count, block.term]).toEqual([2 ** 32 + 1, 2 ** 32 + 3, 3, 5]);
    expect([block.logTimeMs, block.sizeBytes]).toEqual([1_700_000_000_123, 68]);
    const indices = [block.first, block.first + 1, block.last];
    expect(indices.map((index) => block.typeAt(index))).toEqual([1, 3, 2]);
    expect(indices.map((index) => hex(block.payloadAt(index)))).toEqual(["", hex(ascii("hexraft")), hex(ascii("c"))]);
    expect(hex(blockBytes(block, checksum))).toBe(GOLDEN);
  });

  it("M12/payloads L10 a block of a witness says so: commands without payloads, all else whole, also once it is cut", () => {
    const bytes = blockBytes(sample().bare(true), checksum);
    expect(hex(bytes.subarray(0, 8))).toBe("484201013d000000"); // flag, and 61 bytes: the seven of the command are not there
    const block = openBlock(bytes, 0, checksum);
    verifyBlock(block, checksum);
    const cut = openBlock(blockBytes(block.slice(block.first + 1, block.last), checksum), 0, checksum);
    for (const { isBare, last, term } of [block, cut]) expect([isBare, last, term]).toEqual([true, 2 ** 32 + 3, 5]);
    expect([cut.typeAt(cut.first), hex(cut.payloadAt(cut.first))]).toEqual([EntryType.command, ""]);
    expect([cut.typeAt(cut.last), hex(cut.payloadAt(cut.last))]).toEqual([EntryType.configuration, hex(ascii("c"))]);
    expect(block.bare(true)).toBe(block);
    // What a leader reads back for a witness is verified first: the damage is in a payload that is left out.
    const rotten = blockBytes(sample(), checksum).slice();
    rotten[60] = (rotten[60] as number) ^ 1;
    expect(() => blockBytes(openBlock(rotten, 0, checksum).bare(false), checksum)).toThrow(/checksum/);
    expect(openBlock(blockBytes(sample(), checksum), 0, checksum).isBare).toBe(false);
  });

  it("R06 the bytes are laid down once, and every holder gets the same ones", () => {
    const block = sample();
    expect(blockBytes(block, checksum)).toBe(blockBytes(block, checksum));
    expect(sample().sizeBytes).toBe(blockBytes(block, checksum).length);
  });

  it("L10 any single wrong byte is found: in the header when it is opened, in the body when it is verified", () => {
    const intact = blockBytes(sample(), checksum);
    for (let at = 0; at < intact.length; at++) {
      const bytes = intact.slice();
      bytes[at] = (bytes[at] as number) ^ 0x10;
      expect(() => verifyBlock(openBlock(bytes, 0, checksum), checksum)).toThrow(
        expect.objectContaining({ code: "Damaged" }),
      );
    }
    for (let at = 0; at < BLOCK_HEADER_BYTES; at++) {
      const bytes = intact.slice();
      bytes[at] = (bytes[at] as number) ^ 0x10;
      expect(opening(bytes)).toThrow(/no valid block at offset 0/);
    }
  });

  it("L10 a block that ends early is refused, wherever it ends", () => {
    const intact = blockBytes(sample(), checksum);
    for (let size = 0; size < intact.length; size++)
      expect(opening(intact.slice(0, size))).toThrow(/fewer bytes than|exceeds the/);
  });

  it("L10 T01 lengths and counts are judged before memory is spent on them", () => {
    expect(opening(changed((view) => view.setUint32(4, 0xffff_ffff, true)))).toThrow(/length 4294967295 exceeds/);
    expect(opening(changed((view) => view.setUint32(8, 0xffff_ffff, true)))).toThrow(/count 4294967295/);
    expect(opening(changed((view) => view.setUint32(8, 0, true)))).toThrow(/count 0/);
    expect(opening(changed((view) => view.setUint32(8, 2, true)))).toThrow(/do not fill the block/);
    expect(opening(changed((view) => view.setUint32(8, 4, true)))).toThrow(/entries exceed the block/);
    expect(opening(changed((view) => view.setUint32(52, 0x03ff_ffff, true)))).toThrow(/entries exceed the block/);
  });

  it("L10 E13 an unknown version or flag, an impossible term, index or log time is refused", () => {
    expect(opening(changed((view) => view.setUint8(2, 2)))).toThrow(/unknown version 2/);
    expect(opening(changed((view) => view.setUint8(3, 2)))).toThrow(/unknown flags 2/);
    expect(opening(changed((view) => view.setUint16(0, 0, true)))).toThrow(/wrong magic/);
    expect(opening(changed((view) => view.setUint32(20, 2 ** 31, true)))).toThrow(/term/);
    expect(opening(changed((view) => view.setBigUint64(24, 0n, true)))).toThrow(/first index 0/);
    expect(opening(changed((view) => view.setBigUint64(24, 2n ** 53n - 2n, true)))).toThrow(/first index/);
    expect(opening(changed((view) => view.setBigUint64(32, 2n ** 63n, true)))).toThrow(/log time/);
  });

  it("R02 a block cut from bytes has the bytes of one made anew", () => {
    const origin = openBlock(blockBytes(sample(), checksum), 0, checksum);
    const cut = origin.slice(2 ** 32 + 2, 2 ** 32 + 2);
    const anew = LogBlock.of(2 ** 32 + 2, 5, 1_700_000_000_123, EntryType.command, [ascii("hexraft")]);
    expect(hex(blockBytes(cut, checksum))).toBe(hex(blockBytes(anew, checksum)));
  });

  it("L10 damage is not blessed by cutting: the origin is verified before the cut gets a checksum of its own", () => {
    const bytes = blockBytes(sample(), checksum).slice();
    bytes[58] = (bytes[58] as number) ^ 1;
    const cut = openBlock(bytes, 0, checksum).slice(2 ** 32 + 2, 2 ** 32 + 2);
    expect(() => blockBytes(cut, checksum)).toThrow(expect.objectContaining({ code: "Damaged" }));
    const twice = openBlock(bytes, 0, checksum)
      .slice(2 ** 32 + 1, 2 ** 32 + 2)
      .slice(2 ** 32 + 2, 2 ** 32 + 2);
    expect(() => blockBytes(twice, checksum)).toThrow(expect.objectContaining({ code: "Damaged" }));
  });

  it("R10 a payload beyond 24 bits of length is refused, as it would change its entry's type", () => {
    const block = LogBlock.of(1, 1, 0, EntryType.command, [new Uint8Array(PAYLOAD_BYTES_LIMIT + 1)]);
    expect(() => blockBytes(block, checksum)).toThrow(expect.objectContaining({ code: "EntryTooLarge" }));
  });
});
