import type { GroupStorage, LogStorage, OpenedLog } from "@hexraft/core/ports";
import { describe, expect, it, onTestFinished } from "vitest";
import { sharedBlockAt } from "../damage/places.js";
import { FaultDisk } from "../support/fault-disk.js";
import { block, contentOf, OPEN, storageOf, words } from "../support/host.js";
import { ManualScheduler } from "../support/manual-scheduler.js";
import { groupsOf, OPEN_GROUPS, openOf } from "../support/shared.js";

const SMALL = { segmentBytesMax: 4_096 };
const vote = (term: number) => ({
  hardState: { term, vote: { id: "n2", incarnation: "00000000000000b2" }, recoveryNumber: 0, removedAt: 0 },
});

interface Life {
  readonly groups: GroupStorage;
  readonly logs: Record<string, LogStorage>;
  readonly opened: Record<string, OpenedLog>;
}

async function live(
  disk: FaultDisk,
  names: readonly string[],
  onFailed: (reason: string) => void = () => {},
  size = SMALL,
): Promise<Life> {
  const groups = groupsOf("/data", { ...size, files: disk, scheduler: new ManualScheduler().asPort() });
  await groups.open({ ...OPEN_GROUPS, onFailed });
  const logs: Record<string, LogStorage> = {};
  const opened: Record<string, OpenedLog> = {};
  for (const name of names) {
    const { log } = groups.group(name);
    opened[name] = await log.open(openOf(name));
    logs[name] = log;
  }
  onTestFinished(async () => {
    for (const log of Object.values(logs)) await log.close();
    await groups.close();
  });
  return { groups, logs, opened };
}

async function end({ groups, logs }: Life): Promise<void> {
  for (const log of Object.values(logs)) await log.close();
  await groups.close();
}

const segmentsOn = (disk: FaultDisk): string[] =>
  disk
    .list("/data/log")
    .filter((name) => name.endsWith(".seg"))
    .toSorted();
const readable = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);

describe("a log that many groups share", () => {
  it("G01 what all groups write in one turn is one batch and one fsync", async () => {
    const disk = new FaultDisk();
    const names = Array.from({ length: 20 }, (_, i) => `g${i}`);
    const { logs, groups } = await live(disk, names, () => {}, { segmentBytesMax: 1024 * 1024 });
    const batches = () => groups.describe()["batches"] as number;
    const before = { batches: batches(), syncs: disk.trace.filter((step) => step.startsWith("datasync")).length };
    await Promise.all(names.map((name) => (logs[name] as LogStorage).write({ ...vote(1), blocks: [block(1, 2, 1)] })));
    expect(batches() - before.batches).toBe(1);
    expect(disk.trace.filter((step) => step.startsWith("datasync")).length - before.syncs).toBe(1);
  });

  it("G01 all groups come back in one pass, each with its own entries, vote, base and incarnation", async () => {
    const disk = new FaultDisk();
    const first = await live(disk, ["a", "bb", "empty"]);
    for (let i = 0; i < 12; i++) {
      await first.logs["a"]?.write({ blocks: [block(1 + 10 * i, 10, 1, 40)] });
      await first.logs["bb"]?.write({ ...vote(i + 1), blocks: [block(1 + i, 1, i + 1)] });
    }
    await first.logs["a"]?.write({ truncateFrom: 111, blocks: [block(111, 1, 7)] });
    await first.logs["bb"]?.write({ compactTo: { index: 5, term: 5 }, commitHint: 9 });
    await end(first);
    const { opened, logs } = await live(disk, ["a", "bb", "empty"]);
    expect(opened["a"]).toMatchObject({
      last: { index: 111, term: 7 },
      base: { index: 0, term: 0 },
      startNumber: 2,
      incarnation: openOf("a").newIncarnation,
      runs: [
        { first: 1, term: 1 },
        { first: 111, term: 7 },
      ],
    });
    expect(opened["bb"]).toMatchObject({ base: { index: 5, term: 5 }, commitHint: 9, ...vote(12) });
    expect(opened["empty"]).toMatchObject({ last: { index: 0, term: 0 }, hardState: { term: 0, vote: null } });
    expect(await contentOf(logs["a"] as LogStorage, 1, 111)).toEqual([...words(1, 110, 1), "111@7"]);
    expect(await contentOf(logs["bb"] as LogStorage, 6, 12)).toEqual(
      Array.from({ length: 7 }, (_, i) => `${i + 6}@${i + 6}`),
    );
  });

  it("G01 a group that is removed is gone for good, and its name may be used again", async () => {
    const disk = new FaultDisk();
    const first = await live(disk, ["a", "b"]);
    await first.logs["b"]?.write({ ...vote(5), blocks: [block(1, 3, 5)] });
    await first.logs["b"]?.close();
    await first.groups.remove("b");
    await first.groups.remove("never there");
    await end({ ...first, logs: { a: first.logs["a"] as LogStorage } });
    const again = groupsOf("/data", { ...SMALL, files: disk, scheduler: new ManualScheduler().asPort() });
    expect((await again.open(OPEN_GROUPS)).groups).toEqual(["a"]);
    const { log } = again.group("b");
    const opened = await log.open({ ...openOf("b"), newIncarnation: "00000000000000cc" });
    expect(opened).toMatchObject({ incarnation: "00000000000000cc", last: { index: 0 }, hardState: { term: 0 } });
    await log.close();
    await again.close();
  });

  it("G02 a block that is read and kept does not keep what was read around it", async () => {
    const { logs } = await live(new FaultDisk(), ["a", "b"], () => {}, { segmentBytesMax: 1024 * 1024 });
    const [a, b] = [logs["a"] as LogStorage, logs["b"] as LogStorage];
    for (let index = 1; index <= 50; index++) {
      await a.write({ blocks: [block(index, 1, 1)] });
      await b.write({ blocks: [block(index, 1, 1)] });
    }
    for (const { encoded, sizeBytes } of await a.read(1, 400)) {
      expect(encoded?.length).toBe(sizeBytes);
      expect(encoded?.buffer.byteLength).toBeLessThanOrEqual(2 * sizeBytes);
    }
  });

  it("G03 a failed fsync is the end for every group, and is told once", async () => {
    const disk = new FaultDisk();
    const told: string[] = [];
    const { logs } = await live(disk, ["a", "b"], (reason) => told.push(reason));
    await logs["a"]?.write({ blocks: [block(1, 1, 1)] });
    disk.fault = { call: "datasync", code: "EIO" };
    await expect(logs["a"]?.write({ blocks: [block(2, 1, 1)] })).rejects.toThrow("EIO");
    await expect(logs["b"]?.write({ blocks: [block(1, 1, 1)] })).rejects.toThrow("EIO");
    expect(told).toEqual([expect.stringContaining("EIO")]);
  });

  it("G03 a write that makes no sense ends its own group alone", async () => {
    const { logs } = await live(new FaultDisk(), ["a", "b"]);
    await expect(logs["a"]?.write({ blocks: [block(5, 1, 1)] })).rejects.toThrow("but the log ends at 0");
    await expect(logs["a"]?.write({ blocks: [block(1, 1, 1)] })).rejects.toThrow("but the log ends at 0");
    await logs["b"]?.write({ blocks: [block(1, 2, 1)] });
    expect(await contentOf(logs["b"] as LogStorage, 1, 2)).toEqual(words(1, 2, 1));
  });

  it("G03 L03 M13 damage in the middle stops the groups whose numbers have a hole, and no other", async () => {
    const disk = new FaultDisk();
    const first = await live(disk, ["hit", "well"]);
    await first.logs["hit"]?.write({ blocks: [block(1, 1, 1)] });
    await first.logs["well"]?.write({ blocks: [block(1, 1, 1)] });
    await first.logs["hit"]?.write(vote(2));
    await first.logs["well"]?.write({ blocks: [block(2, 1, 1)] });
    // Its entries are all there, and a vote is gone: its numbers alone show it.
    await first.logs["hit"]?.write({ blocks: [block(2, 1, 2)] });
    await end(first);
    const path = `/data/log/${segmentsOn(disk)[0]}`;
    const image = disk.imageAfterCrash(() => 1);
    const bytes = (image.get(path) as Uint8Array).slice();
    const at = readable(bytes).indexOf("n2");
    bytes[at] = (bytes[at] as number) ^ 1;
    const spoilt = new FaultDisk(new Map([...image, [path, bytes]]));
    for (const start of [1, 2]) {
      const groups = groupsOf("/data", { ...SMALL, files: spoilt, scheduler: new ManualScheduler().asPort() });
      expect((await groups.open(OPEN_GROUPS)).groups).toEqual(["hit", "well"]);
      const well = groups.group("well").log;
      expect((await well.open(openOf("well"))).last.index).toBe(1 + start);
      await well.write({ blocks: [block(2 + start, 1, 1)] });
      expect(await contentOf(well, 1, 2 + start)).toEqual(words(1, 2 + start, 1));
      // In the second run it is refused although nothing of the hole is looked at: that was written down.
      await expect(groups.group("hit").log.open(openOf("hit"))).rejects.toMatchObject({ code: "Damaged" });
      await well.close();
      await groups.close();
    }
    const groups = groupsOf("/data", { ...SMALL, files: spoilt, scheduler: new ManualScheduler().asPort() });
    await groups.open(OPEN_GROUPS);
    await groups.remove("hit");
    await groups.close();
    // Its damaged records are still there; the replica, which has lost a vote, is not, and what comes instead is another one (M13).
    for (const [names, incarnation] of [
      [["well"], "00000000000000cc"],
      [["hit", "well"], "00000000000000dd"],
    ] as const) {
      const again = groupsOf("/data", { ...SMALL, files: spoilt, scheduler: new ManualScheduler().asPort() });
      expect((await again.open(OPEN_GROUPS)).groups).toEqual(names);
      const anew = again.group("hit").log;
      expect(await anew.open({ ...openOf("hit"), newIncarnation: incarnation })).toMatchObject({
        last: { index: 0 },
        incarnation: "00000000000000cc",
      });
      await anew.close();
      await again.close();
    }
  });

  it("G03 L12 a group that is silent behind the damage may have lost a vote, and is refused", async () => {
    const disk = new FaultDisk();
    const first = await live(disk, ["silent", "well"]);
    await first.logs["silent"]?.write({ blocks: [block(1, 1, 1)] });
    await first.logs["well"]?.write({ blocks: [block(1, 9, 9, 60)] });
    await first.logs["well"]?.write({ blocks: [block(10, 1, 9, 60)] });
    await end(first);
    const path = `/data/log/${segmentsOn(disk)[0]}`;
    const image = disk.imageAfterCrash(() => 1);
    const bytes = (image.get(path) as Uint8Array).slice();
    // Its record's own head: which entries it held, and whether it is a block, nobody can say.
    const at = sharedBlockAt(path, bytes, 1, 9) + 16;
    bytes[at] = (bytes[at] as number) ^ 1;
    const groups = groupsOf("/data", { ...SMALL, files: new FaultDisk(new Map([...image, [path, bytes]])) });
    await groups.open(OPEN_GROUPS);
    for (const name of ["silent", "well"])
      await expect(groups.group(name).log.open(openOf(name))).rejects.toMatchObject({ code: "Damaged" });
    await groups.close();
  });

  it("G05 L08 a group that pins old segments has its records copied forward, and the segments go", async () => {
    const disk = new FaultDisk();
    const life = await live(disk, ["pins", "busy"]);
    const { pins, busy } = life.logs as { readonly pins: LogStorage; readonly busy: LogStorage };
    await pins.write({ ...vote(3), blocks: [block(1, 3, 3)] });
    let last = 0;
    for (let i = 0; i < 60; i++, last += 10) {
      await busy.write({ blocks: [block(last + 1, 10, 1, 60)] });
      await busy.write({ compactTo: { index: last, term: last === 0 ? 0 : 1 } });
    }
    await expect.poll(() => segmentsOn(disk).length).toBeLessThanOrEqual(6);
    expect(Number.parseInt(segmentsOn(disk)[0] as string, 10)).toBeGreaterThan(5);
    expect(life.groups.describe()["copiedBytes"]).toBeGreaterThan(0);
    expect(await contentOf(pins, 1, 3)).toEqual(words(1, 3, 3));
    await end(life);
    const { opened, logs } = await live(disk, ["pins", "busy"]);
    expect(opened["pins"]).toMatchObject({ base: { index: 0 }, last: { index: 3, term: 3 }, ...vote(3) });
    expect(await contentOf(logs["pins"] as LogStorage, 1, 3)).toEqual(words(1, 3, 3));
    expect(opened["busy"]).toMatchObject({ base: { index: 590, term: 1 }, last: { index: 600, term: 1 } });
  });

  it("G05 what was truncated or compacted while it was being copied does not come back", async () => {
    const disk = new FaultDisk();
    const life = await live(disk, ["pins", "busy"]);
    const { pins, busy } = life.logs as { readonly pins: LogStorage; readonly busy: LogStorage };
    await pins.write({ blocks: [block(1, 20, 1, 30), block(21, 20, 1, 30)] });
    let last = 0;
    const writes: Promise<void>[] = [];
    for (let i = 0; i < 60; i++, last += 10) {
      writes.push(busy.write({ blocks: [block(last + 1, 10, 1, 60)] }));
      writes.push(busy.write({ compactTo: { index: last, term: last === 0 ? 0 : 1 } }));
      const from = 30 - (i - 3) / 7;
      if (i % 7 === 3) writes.push(pins.write({ truncateFrom: from, blocks: [block(from, 2, 2)] }));
      if (i % 5 === 0) await Promise.all(writes.splice(0));
    }
    await Promise.all(writes);
    const before = { read: await contentOf(pins, 1, 22), last: life.logs["pins"]?.describe()["last"] };
    await end(life);
    const { opened, logs } = await live(disk, ["pins", "busy"]);
    expect(opened["pins"]?.last.index).toBe(before.last);
    expect(await contentOf(logs["pins"] as LogStorage, 1, 22)).toEqual(before.read);
  });

  it("G05 L08 a segment goes when all that made it superfluous is on the disk, also what was written while it was being emptied", async () => {
    const images: ReadonlyMap<string, Uint8Array>[] = [];
    class Removals extends FaultDisk {
      override remove(path: string): void {
        super.remove(path);
        // The removal reached the disk, and of what was not synced nothing.
        let asked = 0;
        if (path.endsWith(".seg")) images.push(this.imageAfterCrash(() => (asked++ === 0 ? 1 : 0)));
      }
    }
    for (let turns = 0; turns < 150; turns++) {
      const disk = new Removals();
      disk.syncTurns = 20;
      const life = await live(disk, ["pins", "busy"]);
      const { pins, busy } = life.logs as { readonly pins: LogStorage; readonly busy: LogStorage };
      await pins.write({ blocks: [block(1, 20, 1, 30)] });
      for (let first = 1; first <= 300; first += 10) await busy.write({ blocks: [block(first, 10, 1, 60)] });
      // Now the first segment is emptied; meanwhile, at this or that step of it, those behind it become needless, too.
      await busy.write({ compactTo: { index: 200, term: 1 } });
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      await busy.write({ compactTo: { index: 290, term: 1 } });
      await end(life);
    }
    expect(images.length).toBeGreaterThan(5);
    for (const image of images) {
      const after = await live(new FaultDisk(image), ["pins"]);
      const busy = after.groups.group("busy").log;
      await expect(busy.open(openOf("busy"))).resolves.toMatchObject({ last: { index: 300 } });
      await busy.close();
      expect(await contentOf(after.logs["pins"] as LogStorage, 1, 20)).toEqual(words(1, 20, 1));
      await end(after);
    }
  });

  it("L10 the directory of a single group is refused", async () => {
    const single = new FaultDisk();
    const { log } = storageOf("/data", { files: single });
    await log.open(OPEN);
    await log.close();
    const groups = groupsOf("/data", { files: single });
    await expect(groups.open(OPEN_GROUPS)).rejects.toMatchObject({ code: "Damaged" });
  });
});
