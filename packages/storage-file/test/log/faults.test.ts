import type { FileHandle } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { FaultDisk } from "../support/fault-disk.js";
import { block, contentOf, OPEN, storageOf, words } from "../support/host.js";
import { ManualScheduler } from "../support/manual-scheduler.js";

function logOn(disk: FaultDisk) {
  return storageOf("/data", { files: disk, scheduler: new ManualScheduler().asPort() }).log;
}

async function diesOf(
  fault: NonNullable<FaultDisk["fault"]>,
): Promise<{ readonly disk: FaultDisk; readonly message: string }> {
  const disk = new FaultDisk();
  const log = logOn(disk);
  await log.open(OPEN);
  await log.write({ blocks: [block(1, 3, 1)] });
  disk.fault = fault;
  const writes = [4, 5, 6].map((first) => log.write({ blocks: [block(first, 1, 1)] }));
  const outcomes = await Promise.allSettled(writes);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  const steps = disk.steps;
  await expect(log.write({})).rejects.toMatchObject({ code: "StorageFailed", outcome: "unknown" });
  await expect(log.read(1, 100)).rejects.toMatchObject({ code: "StorageFailed" });
  await expect(log.adopt("c".repeat(32))).rejects.toMatchObject({ code: "StorageFailed" });
  expect(log.describe()["state"]).toBe("failed");
  await log.close();
  expect(disk.steps).toBe(steps);
  return { disk, message: String(log.describe()["failure"]) };
}

/** Holds only so many bytes; what a file is cut by is free at once. */
class SmallDisk extends FaultDisk {
  refused = 0;
  private readonly sizes = new Map<string, number>();

  constructor(private readonly bytesMax: number) {
    super();
  }

  override open(path: string, how: Parameters<FaultDisk["open"]>[1]): FileHandle {
    const handle = super.open(path, how);
    const note = () => void this.sizes.set(path, handle.size());
    return {
      ...handle,
      writev: (buffers, at) => {
        const others = [...this.sizes].reduce((sum, [other, size]) => (other === path ? sum : sum + size), 0);
        const bytes = Buffer.concat(buffers).subarray(0, Math.max(0, this.bytesMax - others - at));
        if (bytes.length === 0) {
          this.refused++;
          throw Object.assign(new Error("ENOSPC: simulated"), { code: "ENOSPC" });
        }
        const taken = handle.writev([bytes], at);
        note();
        return taken;
      },
      truncate: (size) => {
        handle.truncate(size);
        note();
      },
    };
  }
}

describe("FileLogStorage: faults of the disk", () => {
  it("L04 who has nothing to write hears of a failure, too", async () => {
    const disk = new FaultDisk();
    const time = new ManualScheduler();
    const { log } = storageOf("/data", { files: disk, scheduler: time.asPort() });
    const told: string[] = [];
    await log.open({ ...OPEN, watcher: { damaged: () => {}, failed: (reason) => void told.push(reason) } });
    await log.write({ blocks: [block(1, 3, 1)] });
    disk.fault = { call: "datasync", code: "EIO" };
    time.pass(10_000);
    await expect.poll(() => told).toHaveLength(1);
    expect(told[0]).toContain("could not be written: EIO");
    await log.close();
  });

  it("L04 a failed fsync is final: every later call rejects, and nothing more is written or synced", async () => {
    const { message } = await diesOf({ call: "datasync", code: "EIO" });
    expect(message).toContain("/data/main/log/0000000000000001.seg could not be written: EIO");
  });

  it("L04 a failed write is final", async () => {
    const { disk } = await diesOf({ call: "writev", code: "EIO" });
    const again = logOn(new FaultDisk(disk.imageAfterCrash(() => 0)));
    expect((await again.open(OPEN)).last.index).toBe(3);
  });

  it("L05 a full disk stops the storage in place, and nothing acknowledged is missing after a restart", async () => {
    const { disk, message } = await diesOf({ call: "writev", code: "ENOSPC" });
    expect(message).toContain("ENOSPC");
    const again = logOn(new FaultDisk(disk.imageAfterKill()));
    expect((await again.open(OPEN)).last.index).toBe(3);
    await again.write({ blocks: [block(4, 1, 2)] });
    expect(await contentOf(again, 1, 4)).toEqual([...words(1, 3, 1), "4@2"]);
  });

  it("L05 of a write that found room for its half nothing is acknowledged, and all is there that was", async () => {
    const disk = new SmallDisk(12_000);
    const log = logOn(disk);
    await log.open(OPEN);
    let acknowledged = 0;
    for (let index = 1; index <= 20; index++)
      await log.write({ blocks: [block(index, 1, 1, 1_000)] }).then(
        () => (acknowledged = index),
        () => {},
      );
    await log.close();
    expect(acknowledged).toBeGreaterThan(5);
    const again = logOn(new FaultDisk(disk.imageAfterKill()));
    expect(await again.open(OPEN)).toMatchObject({ last: { index: acknowledged, term: 1 } });
    expect(await contentOf(again, 1, acknowledged)).toEqual(words(1, acknowledged, 1));
    await again.close();
  });

  it("L04 a short write is continued; one that takes nothing is a failure", async () => {
    const disk = new FaultDisk();
    const log = logOn(disk);
    await log.open(OPEN);
    disk.fault = { call: "writev", code: "", takes: 70 };
    await log.write({ blocks: [block(1, 3, 1)] });
    await expect(contentOf(log, 1, 3)).resolves.toEqual(words(1, 3, 1));
    disk.fault = { call: "writev", code: "", takes: 0 };
    await expect(log.write({ blocks: [block(4, 1, 1)] })).rejects.toMatchObject({
      code: "StorageFailed",
      details: { code: "ENOSPC" },
    });
  });

  it("L05 a disk too full for laying files out still takes what is written", async () => {
    const disk = new FaultDisk();
    const scheduler = new ManualScheduler().asPort();
    const { log } = storageOf("/data", { files: disk, scheduler, preallocate: true, segmentBytesMax: 4_096 });
    await log.open(OPEN);
    await log.write({ blocks: [block(1, 1, 1, 1_000)] });
    // What is laid out reaches to the end of the next file: far more than a batch of these.
    disk.fault = { call: "writev", code: "ENOSPC", when: (bytes) => bytes > 3_000 };
    await log.write({ blocks: [block(2, 1, 1, 1_000)] });
    await expect.poll(() => disk.fault).toBeUndefined();
    await expect(log.write({ blocks: [block(3, 1, 1, 1_000)] })).resolves.toBeUndefined();
    expect(await contentOf(log, 1, 3)).toEqual(words(1, 3, 1));
    await log.close();
  });

  it("L05 what was laid out ahead is given back when the disk is full, and the log goes on into that space", async () => {
    const disk = new SmallDisk(60_000);
    const scheduler = new ManualScheduler().asPort();
    const { log } = storageOf("/data", { files: disk, scheduler, preallocate: true, segmentBytesMax: 65_536 });
    await log.open(OPEN);
    for (let index = 1; index <= 40; index++)
      await expect(log.write({ blocks: [block(index, 1, 1, 1_000)] })).resolves.toBeUndefined();
    expect(await contentOf(log, 1, 40)).toEqual(words(1, 40, 1));
    expect(disk.refused).toBe(1);
    await log.close();
  });

  it("L04 a disk that was turned read-only stops the storage in place, and is named", async () => {
    const { disk, message } = await diesOf({ call: "writev", code: "EROFS" });
    expect(message).toContain("/data/main/log/0000000000000001.seg could not be written: EROFS");
    const again = logOn(new FaultDisk(disk.imageAfterKill()));
    expect(await again.open(OPEN)).toMatchObject({ last: { index: 3, term: 1 }, cut: "" });
  });

  it("L04 a failed write of the mark is final, too", async () => {
    const disk = new FaultDisk();
    const scheduler = new ManualScheduler();
    const { log } = storageOf("/data", { files: disk, scheduler: scheduler.asPort() });
    await log.open(OPEN);
    await log.write({ blocks: [block(1, 3, 1)] });
    scheduler.pass(5);
    await expect.poll(() => log.describe()["waiting"]).toBe(0);
    disk.fault = { call: "writev", code: "EIO", when: (bytes) => bytes === 512 };
    scheduler.pass(1_000);
    await expect.poll(() => log.describe()["state"]).toBe("failed");
    await expect(log.write({})).rejects.toMatchObject({ code: "StorageFailed", details: { code: "EIO" } });
  });

  it("L04 a fault while it is opened is an error with the directory in it, and leaves it unlocked", async () => {
    const disk = new FaultDisk();
    disk.fault = { call: "datasync", code: "EIO" };
    await expect(logOn(disk).open(OPEN)).rejects.toMatchObject({ code: "StorageFailed", details: { code: "EIO" } });
    expect((await logOn(disk).open(OPEN)).startNumber).toBe(1);
  });
});
