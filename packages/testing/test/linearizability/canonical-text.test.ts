import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sameValue } from "../../src/linearizability/canonical-text.js";
import { canonicalText } from "../../src/linearizability.js";

const plain = fc.anything({ withBigInt: true, withMap: true, withSet: true, withNullPrototype: true, maxDepth: 3 });
const few = fc.anything({
  maxDepth: 2,
  maxKeys: 2,
  key: fc.constantFrom("a", "b"),
  values: [fc.constantFrom(0, -0, Number.NaN, null, undefined, "a")],
});
/** The same properties, set the other way round. */
const turned = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, item]) => [name, turned(item)]),
  );
};

describe("canonical texts", () => {
  it("I15 two values are the same where their texts are", () => {
    const agree = (a: unknown, b: unknown): void => {
      expect(sameValue({ held: a }, { held: b })).toBe(canonicalText({ held: a }) === canonicalText({ held: b }));
    };
    fc.assert(fc.property(few, few, agree), { numRuns: 2_000 });
    fc.assert(fc.property(plain, plain, agree), { numRuns: 500 });
  });

  it("I15 a value is the same as itself set the other way round, and a text knows no order of properties", () => {
    fc.assert(
      fc.property(plain, (value) => {
        expect(sameValue({ held: value }, { held: turned(value) })).toBe(true);
        expect(canonicalText(turned(value))).toBe(canonicalText(value));
      }),
      { numRuns: 500 },
    );
  });

  it("I15 a property that is undefined is one, −0 is not 0, and bytes are held against bytes", () => {
    expect(sameValue({ a: undefined }, {})).toBe(false);
    expect(sameValue({ a: undefined }, { b: undefined })).toBe(false);
    expect(sameValue({ a: -0 }, { a: 0 })).toBe(false);
    expect(sameValue({ a: Uint8Array.of(1) }, { a: Uint8Array.of(1) })).toBe(true);
    expect(sameValue({ a: Uint8Array.of(1) }, { a: [1] })).toBe(false);
  });
});
