import { describe, expect, it } from "vitest";
import { PendingTable } from "../src/pending-table.js";

interface Entry {
  readonly number: number;
}

const filled = (count: number): { table: PendingTable<Entry>; entries: Entry[] } => {
  const table = new PendingTable<Entry>();
  const entries = Array.from({ length: count }, () => {
    const entry = { number: table.nextNumber() };
    table.add(entry);
    return entry;
  });
  return { table, entries };
};

describe("what is under way, by its number", () => {
  it("C05 finds each of many, and only until it is let go", () => {
    const { table, entries } = filled(1_000);
    for (const entry of entries) expect(table.get(entry.number)).toBe(entry);
    for (const entry of entries.filter(({ number }) => number % 3 === 0)) expect(table.delete(entry)).toBe(true);
    for (const entry of entries) expect(table.has(entry)).toBe(entry.number % 3 !== 0);
    expect(table.size).toBe(667);
  });

  it("C05 a late answer does not meet the request that took the slot", () => {
    const { table, entries } = filled(1);
    const [early] = entries as [Entry];
    table.delete(early);
    for (let i = 0; i < 500; i++) {
      const entry = { number: table.nextNumber() };
      table.add(entry);
      expect(table.get(early.number)).toBeUndefined();
      table.delete(entry);
    }
    expect(table.delete(early)).toBe(false);
  });

  it("C05 one that takes long keeps its number while thousands come and go", () => {
    const { table, entries } = filled(3);
    const [slow, , other] = entries as [Entry, Entry, Entry];
    table.delete(other);
    for (let i = 0; i < 5_000; i++) {
      const entry = { number: table.nextNumber() };
      expect(entries).not.toContainEqual(entry);
      table.add(entry);
      table.delete(entry);
    }
    expect(table.get(slow.number)).toBe(slow);
    expect(table.size).toBe(2);
  });

  it("lists the oldest first, also after it grew", () => {
    const { table, entries } = filled(100);
    expect(table.all()).toEqual(entries);
  });
});
