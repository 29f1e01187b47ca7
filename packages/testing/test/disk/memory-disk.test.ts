import { EntryType, LogBlock, type OpenLog } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { MemoryDisk, MemoryLogStorage, VirtualTime } from "../../src/index.js";

const REQUEST: OpenLog = {
  nodeId: "n1",
  groupId: "main",
  newDirectoryId: "00000000000000d1",
  newIncarnation: "00000000000000a1",
};

const entry = (index: number) => LogBlock.of(index, 1, 0, EntryType.command, [Uint8Array.of(index)]);

async function opened(disk: MemoryDisk): Promise<MemoryLogStorage> {
  const storage = new MemoryLogStorage(disk);
  await storage.open(REQUEST);
  return storage;
}

/** What became of each promise so far. */
function watched(promises: readonly Promise<unknown>[]): string[] {
  const states = promises.map(() => "pending");
  for (const [i, promise] of promises.entries()) {
    const note = (state: string) => () => {
      states[i] = state;
    };
    promise.then(note("resolved"), note("rejected"));
  }
  return states;
}

const aTask = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("a disk in memory, under a test's hands", () => {
  it("L01 holds writes back, and lands as many as it is told, in order", async () => {
    const disk = new MemoryDisk();
    const storage = await opened(disk);
    disk.hold();
    const states = watched([1, 2, 3, 4].map((index) => storage.write({ blocks: [entry(index)] })));
    await aTask();
    expect([states, disk.last.index, disk.pendingWrites]).toEqual([Array(4).fill("pending"), 0, 4]);
    disk.release(2);
    await aTask();
    expect([states, disk.last.index]).toEqual([["resolved", "resolved", "pending", "pending"], 2]);
    disk.release();
    await aTask();
    expect([states[3], disk.last.index]).toEqual(["resolved", 4]);
    await storage.write({ blocks: [entry(5)] });
  });

  it("L01 a crash lands a prefix of what was under way, tells nobody, and the old life hears nothing more", async () => {
    const disk = new MemoryDisk();
    const storage = await opened(disk);
    disk.hold();
    const states = watched([1, 2, 3].map((index) => storage.write({ blocks: [entry(index)] })));
    disk.crash({ landed: 2 });
    const late = watched([storage.write({ blocks: [entry(4)] }), storage.read(1, 100), storage.close()]);
    await aTask();
    expect(states).toEqual(Array(3).fill("pending"));
    expect(late).toEqual(["pending", "pending", "resolved"]);
    const next = new MemoryLogStorage(disk);
    expect(await next.open(REQUEST)).toMatchObject({ startNumber: 2, last: { index: 2, term: 1 } });
    await next.write({ blocks: [entry(3)] });
    expect(disk.entries().map(({ index, payload }) => [index, payload[0]])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
  });

  it("L04 a write that failed takes all later ones with it, until the disk is opened anew", async () => {
    const disk = new MemoryDisk();
    const storage = await opened(disk);
    await storage.write({ blocks: [entry(1)] });
    disk.failNextWrite(new Error("EIO"));
    const states = watched([2, 3].map((index) => storage.write({ blocks: [entry(index)] })));
    await aTask();
    expect(states).toEqual(["rejected", "rejected"]);
    await expect(storage.write({})).rejects.toMatchObject({ code: "StorageFailed", outcome: "unknown" });
    await storage.close();
    const next = await opened(disk);
    await next.write({ blocks: [entry(2)] });
    expect(disk.last.index).toBe(2);
  });

  it("L01 a slow disk takes its time on the scheduler, in order also when it becomes faster", async () => {
    const time = new VirtualTime();
    const disk = new MemoryDisk({ scheduler: time });
    const storage = await opened(disk);
    disk.slowDown(20);
    const states = watched([storage.write({ blocks: [entry(1)] })]);
    await time.advance(19);
    expect(states).toEqual(["pending"]);
    disk.slowDown(5);
    const second = watched([storage.write({ blocks: [entry(2)] })]);
    await time.advance(1);
    expect([states, second]).toEqual([["resolved"], ["pending"]]);
    await time.advance(5);
    expect([second, disk.last.index]).toEqual([["resolved"], 2]);
  });

  it("L01 a write that does not continue the log is refused, and changes nothing", async () => {
    const disk = new MemoryDisk();
    const storage = await opened(disk);
    await storage.write({ blocks: [entry(1)] });
    await expect(storage.write({ blocks: [entry(3)] })).rejects.toThrow("begins at 3");
    await expect(storage.write({ truncateFrom: 0 })).rejects.toThrow("not above the base");
    await expect(storage.write({ compactTo: { index: 9, term: 1 } })).rejects.toThrow("beyond the last entry");
    await storage.write({ blocks: [entry(2)] });
    expect(disk.last.index).toBe(2);
  });

  it("as bytes, nothing that the writer keeps is shared with the disk", async () => {
    const disk = new MemoryDisk({ encode: true });
    const storage = await opened(disk);
    const payload = Uint8Array.of(7);
    await storage.write({ blocks: [LogBlock.of(1, 1, 0, EntryType.command, [payload])] });
    payload[0] = 99;
    expect(disk.entries()[0]?.payload).toEqual(Uint8Array.of(7));
  });
});
