import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { LogStorage } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { FaultDisk } from "../support/fault-disk.js";
import { block, contentOf, OPEN, openLog, reopen, storageOf, temporaryDirectory, words } from "../support/host.js";
import { ManualScheduler } from "../support/manual-scheduler.js";

const PARTS = { segmentBytesMax: 4_096 };
const VOTE = { term: 7, vote: { id: "n3", incarnation: "00000000000000c3" }, recoveryNumber: 0, removedAt: 0 };

const segmentsIn = (directory: string): string[] =>
  readdirSync(join(directory, "main/log"))
    .filter((name) => name.endsWith(".seg"))
    .toSorted((a, b) => a.localeCompare(b));

async function fill(log: LogStorage, from: number, blocks: number, term = 1): Promise<void> {
  for (let i = 0; i < blocks; i++) await log.write({ blocks: [block(from + 10 * i, 10, term, 100)] });
}

/** What a machine finds whose power is cut when names have just become durable. */
class PowerCuts extends FaultDisk {
  readonly images: ReadonlyMap<string, Uint8Array>[] = [];

  override async syncDirectory(): Promise<void> {
    await super.syncDirectory();
    this.images.push(this.imageAfterCrash(() => 0));
  }
}

describe("FileLogStorage: segments and compaction", () => {
  it("L06 the log goes on in new segments, and reads and recovery go through all of them", async () => {
    const directory = temporaryDirectory();
    const { log } = await openLog(directory, PARTS);
    await fill(log, 1, 12);
    expect(log.describe()["segments"]).toBeGreaterThan(3);
    const again = await reopen(log, directory, PARTS);
    expect(again.opened).toMatchObject({ last: { index: 120, term: 1 }, runs: [{ first: 1, term: 1 }], cut: "" });
    expect(await contentOf(again.log, 1, 120)).toEqual(words(1, 120, 1));
  });

  it("L08 whole segments go, never more than allowed, and the hard state of the first of them stays", async () => {
    const directory = temporaryDirectory();
    const { log } = await openLog(directory, PARTS);
    await log.write({ hardState: VOTE, commitHint: 0 });
    await fill(log, 1, 20, 7);
    // The segment after the active one is made in the background, so that it may come before this look or after it.
    const before = segmentsIn(directory);
    await log.write({ compactTo: { index: 115, term: 7 }, commitHint: 120 });
    await expect.poll(() => before.indexOf(segmentsIn(directory)[0] ?? "")).toBeGreaterThan(2);
    const { opened, log: next } = await reopen(log, directory, PARTS);
    const after = segmentsIn(directory);
    const kept = before.slice(before.indexOf(after[0] ?? ""));
    expect(after.slice(0, kept.length)).toEqual(kept);
    expect(opened.base.index).toBeGreaterThan(80);
    expect(opened.base.index).toBeLessThanOrEqual(115);
    expect(opened).toMatchObject({
      hardState: VOTE,
      commitHint: 120,
      last: { index: 200, term: 7 },
      base: { term: 7 },
    });
    expect(await next.read(opened.base.index, 1_000)).toEqual([]);
    expect(await contentOf(next, opened.base.index + 1, 200)).toEqual(words(opened.base.index + 1, 200, 7));
  });

  it("L08 a segment goes when the base that passes it is durable, and not before", async () => {
    const disk = new PowerCuts();
    const scheduler = new ManualScheduler().asPort();
    const { log } = storageOf("/data", { ...PARTS, files: disk, scheduler });
    await log.open(OPEN);
    await fill(log, 1, 12);
    // A removal beside the write of the base would overtake it.
    disk.syncTurns = 20;
    disk.images.length = 0;
    await log.write({ compactTo: { index: 100, term: 1 } });
    await log.close();
    const without = disk.images.filter((image) => !image.has("/data/main/log/0000000000000001.seg"));
    expect(without.length).toBeGreaterThan(0);
    const again = storageOf("/data", { ...PARTS, files: new FaultDisk(without[0]), scheduler }).log;
    await expect(again.open(OPEN)).resolves.toMatchObject({ last: { index: 120, term: 1 } });
    await again.close();
  });

  it("L07 L08 a truncation that reached into segments since dropped stays in force", async () => {
    const directory = temporaryDirectory();
    const { log } = await openLog(directory, PARTS);
    await fill(log, 1, 12);
    await log.write({ truncateFrom: 61 });
    await fill(log, 61, 12, 2);
    const { log: next } = await reopen(log, directory, PARTS);
    await next.write({ compactTo: { index: 100, term: 2 } });
    await expect.poll(() => segmentsIn(directory)[0]).not.toBe("0000000000000001.seg");
    const { opened, log: last } = await reopen(next, directory, PARTS);
    expect(opened.last).toEqual({ index: 180, term: 2 });
    const from = opened.base.index + 1;
    expect(await contentOf(last, from, 180)).toEqual([...words(from, 60, 1), ...words(Math.max(from, 61), 180, 2)]);
  });

  it("S05 L08 after a reset the old segments go, and nothing of them comes back", async () => {
    const directory = temporaryDirectory();
    const { log } = await openLog(directory, PARTS);
    await fill(log, 1, 12);
    await log.write({ resetTo: { index: 1_000, term: 5 } });
    await fill(log, 1_001, 6, 5);
    await log.write({ compactTo: { index: 1_000, term: 5 } });
    await expect.poll(() => segmentsIn(directory).length).toBeLessThan(6);
    const { opened, log: next } = await reopen(log, directory, PARTS);
    expect(opened).toMatchObject({ base: { index: 1_000, term: 5 }, last: { index: 1_060, term: 5 } });
    expect(opened.runs).toEqual([{ first: 1_001, term: 5 }]);
    expect(await contentOf(next, 1_001, 1_060)).toEqual(words(1_001, 1_060, 5));
  });

  it("L08 a read under way keeps the segment that is dropped beneath it", async () => {
    const directory = temporaryDirectory();
    const { log } = await openLog(directory, PARTS);
    await fill(log, 1, 20);
    const before = segmentsIn(directory).length;
    const [blocks] = await Promise.all([log.read(1, 2_000), log.write({ compactTo: { index: 150, term: 1 } })]);
    expect(blocks[0]?.first).toBe(1);
    await expect.poll(() => segmentsIn(directory).length).toBeLessThan(before);
  });

  it("L07 L08 dropped files are used again, and their old bytes are never read as new ones", async () => {
    const directory = temporaryDirectory();
    const parts = { ...PARTS, preallocate: true };
    let { log } = await openLog(directory, parts);
    let recycled = 0;
    for (let round = 0; round < 12; round++) {
      const from = 1 + 100 * round;
      await fill(log, from, 10, round + 1);
      const compactTo = { index: from + 60, term: round + 1 };
      await log.write({ compactTo });
      await expect.poll(() => log.describe()["base"]).toBeGreaterThan(from);
      recycled = Math.max(recycled, log.describe()["recycledFiles"] as number);
      if (round % 3 !== 2) continue;
      const life = await reopen(log, directory, parts);
      log = life.log;
      expect(life.opened).toMatchObject({ last: { index: from + 99, term: round + 1 }, cut: "" });
      const next = life.opened.base.index + 1;
      const found = await contentOf(log, next, from + 99);
      expect(found).toHaveLength(from + 100 - next);
      expect(found.slice(-39)).toEqual(words(from + 61, from + 99, round + 1));
    }
    expect(recycled).toBeGreaterThan(3);
  });
});
