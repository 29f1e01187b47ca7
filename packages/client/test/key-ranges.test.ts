import { describe, expect, it } from "vitest";
import { keyRanges, RANGES_MAX, rangeOf, rangesOfGroups } from "../src/index.js";

const names = (...splitAt: (string | Uint8Array)[]) => keyRanges(splitAt).map(({ group }) => group);

describe("keys split over groups", () => {
  it("G01 each range has a name that says its bounds, whatever bytes they are", () => {
    expect(names("g")).toEqual(["..g", "g.."]);
    expect(names("g", "n-x", "t_")).toEqual(["..g", "g..n-x", "n-x..t_", "t_.."]);
    expect(names("a.b", "a:")).toEqual(["..a.2eb", "a.2eb..a.3a", "a.3a.."]);
    expect(names(Uint8Array.of(0, 255), "ä")).toEqual(["...00.ff", ".00.ff...c3.a4", ".c3.a4.."]);
  });

  it("G01 two that are split differently have no name in common for different keys", () => {
    const bounds = new Map<string, string>();
    for (const splitAt of [["a"], ["b"], ["a", "b"], ["a."], ["a", "a."], ["."], ["..", "a"]])
      for (const { group, from, to } of keyRanges(splitAt)) {
        const bound = JSON.stringify([Array.from(from), to === null ? null : Array.from(to)]);
        expect(bounds.get(group) ?? bound).toBe(bound);
        bounds.set(group, bound);
      }
    // Equal ranges are equal groups.
    expect(names("a", "b")[0]).toBe(names("a")[0]);
  });

  it("G01 the ranges follow from the names of the groups, if these are all that a split makes", () => {
    for (const splitAt of [["g"], ["a.b", "a:"], ["."], ["..", "a"], [Uint8Array.of(0, 255), "ä"]]) {
      const ranges = keyRanges(splitAt);
      expect(rangesOfGroups(ranges.map(({ group }) => group).toReversed())).toEqual(ranges);
    }
    for (const groups of [
      [],
      ["main"],
      [".."],
      ["..g"],
      ["..g", "n.."],
      ["..g", "g..n"],
      ["..g", "g..", "g.."],
      ["..g", "g..", "main"],
      ["..h", "g.."],
      ["..g", "g.", "g.."],
      ["..g.", "g..", ".2"],
    ])
      expect(() => rangesOfGroups(groups)).toThrow(/must name all ranges that some keys are split into/);
  });

  it("G01 every key has one range: bounds belong to the upper one, in the order of bytes", () => {
    const ranges = keyRanges(["g", "n"]);
    const of = (key: string | Uint8Array) => rangeOf(ranges, key).group;
    expect(["", "a", "fzzz", "g", "g\0", "mz", "n", "z", "ä"].map(of)).toEqual([
      "..g",
      "..g",
      "..g",
      "g..n",
      "g..n",
      "g..n",
      "n..",
      "n..",
      "n..",
    ]);
    expect(of(Uint8Array.of(0))).toBe("..g");
    expect(of(Uint8Array.of(255))).toBe("n..");
    // UTF-16 would have it the other way round.
    expect(names("\uffff", "\u{10000}")).toHaveLength(3);
  });

  it("O05 keys that do not split are refused, and told why", () => {
    for (const [splitAt, why] of [
      [[], /must name 1 to 255 keys/],
      [Array.from({ length: RANGES_MAX }, (_, i) => `k${String(i).padStart(3, "0")}`), /must name 1 to 255 keys/],
      [["b", "a"], /ascending order/],
      [["a", "a"], /none twice/],
      [[""], /none empty/],
      [["a".repeat(63)], /shorter keys: a group would be called \.\.aaa/],
    ] as const)
      expect(() => keyRanges(splitAt)).toThrow(why);
  });
});
