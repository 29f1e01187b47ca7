import fc from "fast-check";
import { expect, it } from "vitest";
import { SortedMap } from "../src/state/sorted-map.js";

type Step = readonly ["set", number, number] | readonly ["delete", number] | readonly ["clone", number];

function entriesOf(map: SortedMap<number, number>, from?: number): [number, number][] {
  const entries: [number, number][] = [];
  map.ascend(from, (key, value) => entries.push([key, value]) > 0);
  return entries;
}

function expectSame(map: SortedMap<number, number>, model: ReadonlyMap<number, number>, at: number): void {
  const sorted = [...model].toSorted(([a], [b]) => a - b);
  expect(entriesOf(map)).toEqual(sorted);
  expect(map.size).toBe(model.size);
  expect(entriesOf(map, at)).toEqual(sorted.filter(([key]) => key >= at));
  const down: [number, number][] = [];
  map.descend(at, (key, value) => down.push([key, value]) > 0);
  expect(down).toEqual(sorted.filter(([key]) => key < at).toReversed());
}

it("F07 a sorted map and all its clones are as a plain map says, whatever is done to each", () => {
  const key = fc.nat(2_000);
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constant("set" as const), key, fc.nat()) },
    { weight: 5, arbitrary: fc.tuple(fc.constant("delete" as const), key) },
    { weight: 1, arbitrary: fc.tuple(fc.constant("clone" as const), key) },
  );
  const runs = fc.tuple(fc.nat(2_000), fc.array(fc.tuple(fc.nat(3), step), { minLength: 50, maxLength: 400 }), key);
  fc.assert(
    fc.property(runs, ([filled, steps, at]) => {
      const maps = [{ map: new SortedMap<number, number>((a, b) => a < b), model: new Map<number, number>() }];
      for (let i = 0; i < filled; i++) {
        maps[0]?.map.set((i * 7) % 2_001, i);
        maps[0]?.model.set((i * 7) % 2_001, i);
      }
      for (const [which, [kind, ...rest]] of steps as readonly (readonly [number, Step])[]) {
        const { map, model } = maps[which % maps.length] as (typeof maps)[number];
        const [k, value] = rest as [number, number];
        const before = model.get(k);
        expect(map.get(k)).toBe(before);
        const change = { set: () => map.set(k, value), delete: () => map.delete(k), clone: () => before }[kind];
        expect(change()).toBe(before);
        if (kind === "set") model.set(k, value);
        if (kind === "delete") model.delete(k);
        if (kind === "clone" && maps.length < 4) maps.push({ map: map.clone(), model: new Map(model) });
      }
      for (const { map, model } of maps) expectSame(map, model, at);
    }),
    { numRuns: 150 },
  );
});

it.each([
  ["ascending", (i: number) => i],
  ["descending", (i: number) => 9_999 - i],
  ["scattered", (i: number) => (i * 7_919) % 10_000],
])("F07 it holds 10,000 keys, and none after all are deleted, %s", (_order, keyAt) => {
  const map = new SortedMap<number, number>((a, b) => a < b);
  for (let i = 0; i < 10_000; i++) map.set(keyAt(i), i);
  expect(entriesOf(map).map(([key]) => key)).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
  for (let i = 0; i < 10_000; i++) {
    expect(map.delete(keyAt(i))).toBe(i);
  }
  expect(map.size).toBe(0);
  expect(entriesOf(map)).toEqual([]);
});
