import { describe, expect, it } from "vitest";
import { type LedGroup, leadershipsToHandOver } from "../../src/protocol/leader-balance.js";

const ALL = ["a", "b", "c"];
const led = (...leaders: readonly (string | null)[]): LedGroup[] =>
  leaders.map((leader, i) => ({ group: `g${i}`, leader, candidates: ALL }));
const apply = (groups: readonly LedGroup[], self: string): LedGroup[] => {
  const moves = new Map(leadershipsToHandOver(self, groups).map(({ group, to }) => [group, to]));
  return groups.map((each) => ({ ...each, leader: moves.get(each.group) ?? each.leader }));
};
const counts = (groups: readonly LedGroup[]): number[] =>
  ALL.map((id) => groups.filter(({ leader }) => leader === id).length);

describe("G04 leaders over processes", () => {
  it("G04 whoever leads all hands two thirds over, evenly", () => {
    expect(counts(apply(led(...Array<string>(9).fill("a")), "a"))).toEqual([3, 3, 3]);
    expect(counts(apply(led(...Array<string>(10).fill("a")), "a")).toSorted((x, y) => x - y)).toEqual([3, 3, 4]);
  });

  it("G04 what is even stays, and one leadership more is even: nothing goes to and fro", () => {
    for (const groups of [led("a", "b", "c"), led("a", "a", "b", "c"), led("a"), led(null, null)])
      for (const self of ALL) expect(leadershipsToHandOver(self, groups)).toEqual([]);
  });

  it("G04 a leadership goes only to a voter that may lead the group", () => {
    const groups = led("a", "a", "a", "a").map((each) => ({ ...each, candidates: ["a", "c"] }));
    expect(leadershipsToHandOver("a", groups)).toEqual([
      { group: "g0", to: "c" },
      { group: "g1", to: "c" },
    ]);
    expect(
      leadershipsToHandOver(
        "a",
        groups.map((each) => ({ ...each, candidates: ["a"] })),
      ),
    ).toEqual([]);
  });

  it("G04 each hands over its own alone, one after the other, and all are even in the end", () => {
    let groups = led(...Array<string>(7).fill("a"), ...Array<string>(5).fill("b"));
    for (const self of [...ALL, ...ALL]) groups = apply(groups, self);
    expect(counts(groups)).toEqual([4, 4, 4]);
  });
});
