import { describe, expect, it } from "vitest";
import { dialerOf, packArray } from "../../src/index.js";

/** A first frame whose envelope is `fields`. */
function frame(fields: readonly unknown[], lengthSaid?: number): Buffer {
  const envelope = packArray(fields);
  const head = Buffer.alloc(16);
  head.writeUInt32LE(12 + envelope.length, 0);
  head.writeUInt32LE(lengthSaid ?? envelope.length, 12);
  return Buffer.concat([head, envelope]);
}

const hello = (from: unknown) => frame(["hexraft", 1, 1, 0, "", from, "0".repeat(16), 1, "n2", [], []]);

describe("dialerOf", () => {
  it("T02 names the dialer as soon as its hello is whole, and not before", () => {
    const bytes = hello("n1");
    for (let length = 0; length < bytes.length; length++) expect(dialerOf(bytes.subarray(0, length))).toBeUndefined();
    expect(dialerOf(bytes)).toBe("n1");
    expect(dialerOf(Buffer.concat([bytes, Buffer.from("what follows")]))).toBe("n1");
  });

  it("T01 names nobody for what is no hello, or announces more than one may hold", () => {
    expect(dialerOf(hello(7))).toBe("");
    expect(dialerOf(frame(["hexraft"]))).toBe("");
    expect(dialerOf(frame(["x"], 70_000))).toBe("");
    expect(dialerOf(Buffer.from(`${"\0".repeat(12)}\x01\0\0\0\xc1`, "latin1"))).toBe("");
  });
});
