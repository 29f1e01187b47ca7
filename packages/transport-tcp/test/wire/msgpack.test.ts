import { describe, expect, it } from "vitest";
import { checkMsgpack, packArray, unpackArray } from "../../src/index.js";

const LIMITS = { depthMax: 3, elementsMax: 100 };
const bytes = (...values: number[]) => Uint8Array.from(values);
const refusal = (value: Uint8Array): unknown => {
  try {
    unpackArray(value, LIMITS);
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return "nothing was thrown";
};
const ARRAY = [
  0,
  1,
  -1,
  127,
  128,
  -33,
  65_536,
  2 ** 32,
  2 ** 53 - 1,
  1.5,
  true,
  false,
  null,
  "",
  "n1",
  "über 😀",
  [["x"], []],
];

describe("msgpack from outside", () => {
  it("T01 what positional arrays are made of round-trips", () => {
    expect(unpackArray(packArray(ARRAY), LIMITS)).toEqual(ARRAY);
    const [payload] = unpackArray(packArray([Uint8Array.of(1, 2)]), LIMITS) as [Uint8Array];
    expect([payload.constructor, ...payload]).toEqual([Uint8Array, 1, 2]);
  });

  it("T01 bytes are copied out of the frame, so that they outlive it", () => {
    const packed = packArray([Uint8Array.of(1, 2, 3)]).slice();
    const [payload] = unpackArray(packed, LIMITS) as [Uint8Array];
    packed.fill(0);
    expect([...payload]).toEqual([1, 2, 3]);
  });

  it("T01 lengths in every width are understood", () => {
    const text = (length: number) => ["a".repeat(length), new Uint8Array(length)];
    for (const length of [31, 32, 255, 256, 65_535, 65_536]) {
      const back = unpackArray(packArray(text(length)), LIMITS) as [string, Uint8Array];
      expect([back[0].length, back[1].length]).toEqual([length, length]);
    }
    const many = Array.from({ length: 70_000 }, () => 1);
    expect(unpackArray(packArray(many), { depthMax: 1, elementsMax: 70_000 })).toEqual(many);
    expect(
      unpackArray(
        bytes(0x92, 0xcf, 0, 0, 0, 0, 0, 0, 0, 5, 0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
        LIMITS,
      ),
    ).toEqual([5, -1]);
  });

  it("T01 nesting to 100,000 is refused before anything is unpacked", () => {
    const before = process.memoryUsage().heapUsed;
    expect(refusal(new Uint8Array(100_000).fill(0x91))).toBe("BadMessage");
    const wide = new Uint8Array(72_000);
    for (let at = 0; at + 5 <= wide.length; at += 5) wide.set([0xdd, 0, 0xff, 0xff, 0xff], at);
    expect(refusal(wide)).toBe("BadMessage");
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(8 * 1024 * 1024);
  });

  it("T01 huge counts without a body are refused: arrays, maps, strings, bytes and extensions", () => {
    for (const code of [0xdd, 0xdf, 0xdb, 0xc6, 0xc9]) {
      expect([code, refusal(bytes(code, 0xff, 0xff, 0xff, 0xff))]).toEqual([code, "BadMessage"]);
      expect([code, refusal(bytes(0x91, code, 0xff, 0xff, 0xff, 0xff))]).toEqual([code, "BadMessage"]);
    }
    expect(refusal(bytes(0xdc, 0xff, 0xff))).toBe("BadMessage");
  });

  it("T01 maps, extensions and the unused code are refused, whatever is in them", () => {
    const map = (key: string) => [0x81, 0xa0 + key.length, ...Buffer.from(key), 0x01];
    const table = [
      bytes(0x80),
      bytes(0x91, 0x80),
      bytes(...map("__proto__")),
      bytes(...map("constructor")),
      bytes(0xde, 0, 0),
      bytes(0xc1),
      bytes(0xd4, 0x72, 0x40), // a record definition of msgpackr
      bytes(0xd6, 0xff, 0, 0, 0, 0), // a timestamp
      bytes(0xc7, 0, 1),
    ];
    for (const value of table) expect([...value, refusal(value)]).toEqual([...value, "BadMessage"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("T01 a value cut at any byte is refused, and so are bytes behind it", () => {
    const packed = packArray(ARRAY);
    for (let length = 0; length < packed.length; length++)
      expect([length, refusal(packed.subarray(0, length))]).toEqual([length, "BadMessage"]);
    expect(refusal(Uint8Array.of(...packed, 0))).toBe("BadMessage");
  });

  it("T01 strings that are not UTF-8 are refused", () => {
    for (const text of [[0xff], [0xc3], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]])
      expect([text, refusal(bytes(0x91, 0xa0 + text.length, ...text))]).toEqual([text, "BadMessage"]);
  });

  it("T01 more values than allowed are refused", () => {
    expect(() => checkMsgpack(packArray(Array.from({ length: 100 }, () => 0)), LIMITS)).not.toThrow();
    expect(() => checkMsgpack(packArray(Array.from({ length: 101 }, () => 0)), LIMITS)).toThrow(/more than 100/);
    expect(() => checkMsgpack(packArray([[[0]]]), LIMITS)).not.toThrow();
    expect(() => checkMsgpack(packArray([[[[0]]]]), LIMITS)).toThrow(/deeper than 3/);
  });
});
