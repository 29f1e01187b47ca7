import { describe, expect, it } from "vitest";
import { del, get, getMany, type KvScanAnswer, put, type RangeOptions, range, SCAN_START, scan } from "../src/index.js";
import { Replica, text } from "./support.js";

function filled(count: number): Replica {
  const replica = new Replica();
  // Not in order, so that order is the map's doing.
  for (let i = 0; i < count; i++) replica.apply(put(`k${String((i * 7) % count).padStart(4, "0")}`, `v${i}`));
  return replica;
}

function pages(replica: Replica, options: RangeOptions): string[][] {
  const found: string[][] = [];
  let next: Uint8Array | null | undefined;
  do {
    const page = replica.machine.read(
      range({ ...options, ...(next && (options.reverse ? { end: next } : { start: next })) }),
    );
    found.push(page.entries.map(({ key }) => text(key) as string));
    next = page.next;
  } while (next !== null);
  return found;
}

describe("range", () => {
  it("F03 goes in the order of bytes, start included, end not", () => {
    const replica = new Replica();
    for (const key of [Uint8Array.of(255), Uint8Array.of(1, 0), Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of()])
      replica.apply(put(key, "v"));
    const keys = (options: RangeOptions) => replica.machine.read(range(options)).entries.map(({ key }) => [...key]);
    expect(keys({})).toEqual([[], [1], [1, 0], [2], [255]]);
    expect(keys({ start: Uint8Array.of(1), end: Uint8Array.of(2) })).toEqual([[1], [1, 0]]);
    expect(keys({ start: Uint8Array.of(1), end: Uint8Array.of(2), reverse: true })).toEqual([[1, 0], [1]]);
    expect(keys({ start: Uint8Array.of(9), end: Uint8Array.of(3) })).toEqual([]);
  });

  it("F03 comes in pages that join without gap or repeat, in both directions", () => {
    const replica = filled(1_000);
    const all = Array.from({ length: 1_000 }, (_, i) => `k${String(i).padStart(4, "0")}`);
    const up = pages(replica, { limit: 77, start: "k0003", end: "k0900" });
    expect(up.flat()).toEqual(all.slice(3, 900));
    expect(up.slice(0, -1).every((page) => page.length === 77)).toBe(true);
    const down = pages(replica, { limit: 77, start: "k0003", end: "k0900", reverse: true });
    expect(down.flat()).toEqual(all.slice(3, 900).toReversed());
    expect(pages(replica, { limit: 500 })).toHaveLength(2);
  });

  it("F03 an answer is bounded in bytes, and says where it goes on", () => {
    const replica = new Replica();
    for (let i = 0; i < 20; i++) replica.apply(put(`k${10 + i}`, new Uint8Array(4 * 1024 * 1024)));
    const page = replica.machine.read(range());
    expect(page.entries).toHaveLength(15);
    expect(text(page.next)).toBe("k25");
    const keys = Array.from({ length: 20 }, (_, i) => `k${10 + i}`);
    expect(() => replica.machine.read(getMany(...keys))).toThrow(/ask for fewer keys/);
  });
});

describe("scan", () => {
  it("F03 returns each key that stays exactly once, while others come and go, and ends", () => {
    const replica = filled(1_000);
    const seen: string[] = [];
    let answer: KvScanAnswer | undefined;
    let round = 0;
    do {
      answer = replica.machine.read(scan(answer?.cursor ?? SCAN_START, 10));
      expect(answer.cursor).toMatch(/^\d{1,16}$/);
      seen.push(...answer.keys.map((key) => text(key) as string));
      // Even keys are overwritten, some odd ones deleted and set again, and more new keys come than a page holds.
      replica.apply(put(`k${String((round * 2) % 1_000).padStart(4, "0")}`, "again"));
      const odd = `k${String((round * 14 + 1) % 1_000).padStart(4, "0")}`;
      replica.apply(del(odd));
      if (round % 2 === 0) replica.apply(put(odd, "back"));
      for (let i = 0; i < 20; i++) replica.apply(put(`new${round}-${i}`, "x"));
      round++;
    } while (answer.cursor !== SCAN_START);
    const even = Array.from({ length: 500 }, (_, i) => `k${String(i * 2).padStart(4, "0")}`);
    expect(seen.filter((key) => even.includes(key)).toSorted()).toEqual(even);
    expect(new Set(seen).size).toBe(seen.length);
    expect(round).toBeLessThanOrEqual(100);
  });

  it("F03 goes on with the same cursor on another replica", async () => {
    const replica = filled(100);
    const first = replica.machine.read(scan(SCAN_START, 60));
    const second = (await replica.twin()).machine.read(scan(first.cursor, 60));
    const keys = [...first.keys, ...second.keys].map((key) => text(key) as string);
    expect(new Set(keys).size).toBe(100);
    expect(second.cursor).toBe(SCAN_START);
  });

  it("F03 a page is bounded in bytes, and the next one goes on", () => {
    const replica = new Replica();
    for (let i = 0; i < 1_100; i++) replica.apply(put(new Uint8Array(65_536).fill(i).fill(i / 256, 0, 1), ""));
    const first = replica.machine.read(scan(SCAN_START, 65_536));
    const second = replica.machine.read(scan(first.cursor, 65_536));
    expect([first.keys.length, second.keys.length, second.cursor]).toEqual([1_024, 76, SCAN_START]);
  });

  it("F03 an empty state ends at once", () => {
    expect(new Replica().machine.read(scan())).toEqual({ type: "scan", cursor: SCAN_START, keys: [] });
  });
});

it("F03 a query that does not fit is refused, naming the rule", () => {
  const { machine } = new Replica();
  expect(() => machine.read(scan("1x"))).toThrow(/cursor 1x is not one/);
  expect(() => machine.read(scan("0", 0))).toThrow(/count is 0/);
  expect(() => machine.read(range({ limit: 65_537 }))).toThrow(/from 1 to 65536/);
  expect(() => machine.read(get(new Uint8Array(65_537)))).toThrow(/keyBytesMax is 65536/);
  expect(() => machine.read({ type: "gett" } as never)).toThrow(/query type gett is not known/);
});
