import type { FileHandle } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { FaultDisk } from "../support/fault-disk.js";
import { block, OPEN, storageOf } from "../support/host.js";
import { ManualScheduler } from "../support/manual-scheduler.js";

const KIB = 1024;

/** Counts the bytes that are read of each file. */
class CountingDisk extends FaultDisk {
  private readonly bytes = new Map<string, number>();

  override open(path: string, how: Parameters<FaultDisk["open"]>[1]): FileHandle {
    const handle = super.open(path, how);
    const counted = (bytes: number): number => {
      this.bytes.set(path, this.readOf(path) + bytes);
      return bytes;
    };
    return {
      ...handle,
      read: (into, at) => counted(handle.read(into, at)),
      readAsync: async (into, at) => counted(await handle.readAsync(into, at)),
    };
  }

  readOf(path: string): number {
    return this.bytes.get(path) ?? 0;
  }

  forget(): void {
    this.bytes.clear();
  }
}

function logOn(disk: FaultDisk, segmentBytesMax: number) {
  return storageOf("/data", { files: disk, scheduler: new ManualScheduler().asPort(), segmentBytesMax }).log;
}

const segmentsOn = (disk: FaultDisk): string[] =>
  disk
    .list("/data/main/log")
    .filter((name) => name.endsWith(".seg"))
    .toSorted((a, b) => a.localeCompare(b))
    .map((name) => `/data/main/log/${name}`);

/** A log of so many writes of 10 KB, in segments of that size, shut down in good order, and what reading it costs. */
async function written(writes: number, segmentBytesMax: number): Promise<CountingDisk> {
  const before = new FaultDisk();
  const log = logOn(before, segmentBytesMax);
  await log.open(OPEN);
  for (let i = 0; i < writes; i++) await log.write({ blocks: [block(1 + 10 * i, 10, 1, 1_000)] });
  await log.close();
  return new CountingDisk(before.imageAfterKill());
}

/** What opening reads of each closed segment, and of the two others, which no foot proves. */
async function readByOpening(
  writes: number,
  segmentBytesMax: number,
): Promise<{ readonly closed: readonly number[]; readonly others: number }> {
  const disk = await written(writes, segmentBytesMax);
  const read = segmentsOn(disk);
  const log = logOn(disk, segmentBytesMax);
  expect((await log.open(OPEN)).last.index).toBe(10 * writes);
  const bytes = read.map((path) => disk.readOf(path));
  await log.close();
  return { closed: bytes.slice(0, -2), others: bytes.slice(-2).reduce((sum, each) => sum + each, 0) };
}

describe("what is read of a log", () => {
  it("L09 opening reads head and foot of a closed segment, and none of what it holds, however long the history is", async () => {
    const [few, many] = [await readByOpening(21, 64 * KIB), await readByOpening(201, 64 * KIB)];
    expect([few.closed.length, many.closed.length]).toEqual([3, 33]);
    // Six blocks of 10 KB each are in them.
    for (const bytes of [...few.closed, ...many.closed]) expect(bytes).toBeLessThan(KIB);
    expect(many.others).toBe(few.others);
  });

  it("L09 a foot grows with the index that it holds, a line for 64 KiB, and with nothing else", async () => {
    const [small, large] = [await readByOpening(21, 64 * KIB), await readByOpening(201, 640 * KIB)];
    expect([small.closed.length, large.closed.length]).toEqual([3, 3]);
    for (const [i, bytes] of large.closed.entries()) expect(bytes - (small.closed[i] ?? 0)).toBeLessThan(16 * 10 + 1);
  });

  it.each([
    { what: "closed", segmentBytesMax: 2_048 * KIB },
    { what: "active", segmentBytesMax: 8_192 * KIB },
  ])(
    "L09 an entry amid a large $what segment is found by its index, also after a restart",
    async ({ segmentBytesMax }) => {
      const disk = await written(300, segmentBytesMax);
      const log = logOn(disk, segmentBytesMax);
      await log.open(OPEN);
      for (const index of [1_205, 705, 1_505, 6]) {
        disk.forget();
        const [found] = await log.read(index, 1);
        expect(found?.first).toBe(index);
        const read = segmentsOn(disk).reduce((sum, path) => sum + disk.readOf(path), 0);
        // The way from the place that the index names, fetched in pieces of 64 KiB, and the block itself.
        expect(read).toBeGreaterThan(10_000);
        expect(read).toBeLessThanOrEqual(3 * 64 * KIB);
      }
      await log.close();
    },
  );
});
