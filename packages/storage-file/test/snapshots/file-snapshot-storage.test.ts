import { cpSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type FileHandle, type SnapshotMeta, type SnapshotStorage, votersOnly } from "@hexraft/core/ports";
import { describe, expect, it, onTestFinished } from "vitest";
import { FaultDisk } from "../support/fault-disk.js";
import { checksum, OPEN, type Parts, storageOf, temporaryDirectory } from "../support/host.js";

const CONFIGURATION = votersOnly([{ id: "n1", incarnation: "00000000000000a1", address: "127.0.0.1:7001" }]);

function metaOf(index: number, term = 3): SnapshotMeta {
  const configuration = { id: { index: 1, term: 1 }, configuration: CONFIGURATION };
  return { id: { index, term }, configuration, logTimeMs: 77, formatVersion: 1, sizeBytes: 0, checksum: 0 };
}

/** A stream whose bytes name their place. */
function streamOf(bytes: number, seed = 1): Uint8Array {
  return new Uint8Array(bytes).map((_, i) => (i * 31 + (i >>> 8) + seed) & 0xff);
}

async function open(
  directory: string,
  parts: Parts = {},
): Promise<{ storage: SnapshotStorage; found: readonly SnapshotMeta[] }> {
  const { snapshots } = storageOf(directory, parts);
  const found = await snapshots.open();
  onTestFinished(() => snapshots.close());
  return { storage: snapshots, found };
}

async function save(storage: SnapshotStorage, meta: SnapshotMeta, stream: Uint8Array): Promise<SnapshotMeta> {
  const sink = await storage.begin(meta, "local");
  for (let at = 0; at < stream.length; at += 100_000) await sink.write(stream.subarray(at, at + 100_000));
  return sink.commit();
}

async function readAll(storage: SnapshotStorage, meta: SnapshotMeta, offset = 0): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of storage.read(meta, offset)) parts.push(chunk);
  return new Uint8Array(Buffer.concat(parts));
}

/** A disk whose syncs take until they are let go. */
class SlowDisk extends FaultDisk {
  holds = false;
  readonly held: (() => void)[] = [];

  override open(...how: Parameters<FaultDisk["open"]>): FileHandle {
    const handle = super.open(...how);
    return {
      ...handle,
      datasync: async () => {
        if (this.holds) await new Promise<void>((resolve) => this.held.push(resolve));
        await handle.datasync();
      },
    };
  }
}

const filesIn = (directory: string): string[] => readdirSync(join(directory, "main/snapshots"));

describe("FileSnapshotStorage", () => {
  it("S02 of many saved the newest two are kept, in the order of numbers and not of letters", async () => {
    const directory = temporaryDirectory();
    const { storage } = await open(directory);
    for (const index of [9, 10, 99, 100, 1_000]) await save(storage, metaOf(index), streamOf(10));
    expect(filesIn(directory).toSorted((a, b) => a.localeCompare(b))).toEqual(["100-3.snap", "1000-3.snap"]);
    await storage.close();
    expect((await open(directory)).found.map(({ id }) => id.index)).toEqual([1_000, 100]);
  });

  it("S02 S04 streams of every length come back from every offset, over the borders of chunks", async () => {
    const { storage } = await open(temporaryDirectory());
    for (const [i, bytes] of [0, 1, 262_143, 262_144, 262_145, 700_000].entries()) {
      const stream = streamOf(bytes);
      const meta = await save(storage, metaOf(i + 1), stream);
      expect(meta).toMatchObject({ sizeBytes: bytes, checksum: checksum.crc32(stream) });
      for (const offset of [0, 1, 262_144, 300_000, bytes].filter((at) => at <= bytes))
        expect(Buffer.compare(await readAll(storage, meta, offset), stream.subarray(offset))).toBe(0);
    }
  });

  it("S09 a wrong byte anywhere is found while reading, also when the beginning is skipped", async () => {
    const directory = temporaryDirectory();
    const { storage } = await open(directory);
    const stream = streamOf(600_000);
    const meta = await save(storage, metaOf(5), stream);
    const path = join(directory, "main/snapshots/5-3.snap");
    const intact = readFileSync(path);
    for (const place of [20, 60, 200, 300, 100_000, 599_000, intact.length - 3]) {
      const rotten = Buffer.from(intact);
      rotten[place] = (rotten[place] as number) ^ 1;
      writeFileSync(path, rotten);
      await expect(readAll(storage, meta)).rejects.toMatchObject({ code: "Damaged", details: { file: path } });
      const skipping = readAll(storage, meta, Math.min(place, 550_000));
      await expect(skipping).rejects.toMatchObject({ code: "Damaged" });
    }
  });

  it("S09 L10 a damaged newest snapshot is set aside and reported, and the one before it is listed", async () => {
    for (const harm of ["byte", "end", "all"] as const) {
      const directory = temporaryDirectory();
      const { storage } = await open(directory);
      await save(storage, metaOf(9), streamOf(1_000));
      await save(storage, metaOf(10), streamOf(1_000));
      await storage.close();
      const path = join(directory, "main/snapshots/10-3.snap");
      const bytes = readFileSync(path);
      bytes[bytes.length - 500] = (bytes[bytes.length - 500] as number) ^ 1;
      if (harm === "byte") writeFileSync(path, bytes);
      else truncateSync(path, harm === "end" ? bytes.length - 1 : 0);
      const again = await open(directory);
      expect(again.found.map(({ id }) => id.index)).toEqual([9]);
      expect(again.storage.describe()["damaged"]).toEqual([expect.stringContaining(path)]);
      expect(filesIn(directory)).toContain("10-3.snap.damaged");
      await save(again.storage, metaOf(11), streamOf(10));
      expect(filesIn(directory).filter((name) => name.endsWith(".damaged"))).toEqual([]);
    }
  });

  it("L10 lengths are bounded before memory is spent: a header that claims 4 GiB is damage", async () => {
    const directory = temporaryDirectory();
    const { storage } = await open(directory);
    await save(storage, metaOf(5), streamOf(100));
    await storage.close();
    const path = join(directory, "main/snapshots/5-3.snap");
    const bytes = readFileSync(path);
    bytes.writeUInt32LE(0xffff_ffff, 8);
    bytes.writeUInt32LE(0xffff_ffff - 180, 172);
    writeFileSync(path, bytes);
    const { snapshots } = storageOf(directory);
    await expect(snapshots.open()).resolves.toEqual([]);
    expect(snapshots.describe()).toMatchObject({ damaged: [expect.stringContaining("its header's length is wrong")] });
    await snapshots.close();
  });

  it("L10 a snapshot of an unknown version, or of another replica, is refused with its name", async () => {
    const saved = async (incarnation: string) => {
      const directory = temporaryDirectory();
      const { log, snapshots } = storageOf(directory);
      await log.open({ ...OPEN, newIncarnation: incarnation });
      await snapshots.open();
      await save(snapshots, metaOf(5), streamOf(100));
      await snapshots.close();
      await log.close();
      return directory;
    };
    const [ours, foreign] = [await saved("00000000000000a1"), await saved("00000000000000b2")];
    const name = "main/snapshots/5-3.snap";
    const reopen = async () => {
      const { log, snapshots } = storageOf(ours);
      await log.open(OPEN);
      onTestFinished(() => log.close());
      try {
        return await snapshots.open();
      } finally {
        await log.close();
      }
    };
    const version = readFileSync(join(ours, name));
    version.writeUInt16LE(2, 4);
    writeFileSync(join(ours, name), version);
    await expect(reopen()).rejects.toMatchObject({ code: "FormatUnknown", details: { version: 2 } });
    cpSync(join(foreign, name), join(ours, name));
    await expect(reopen()).rejects.toMatchObject({ code: "IdentityMismatch", details: { what: "replica" } });
  });

  it("S04 a broken transfer goes on where it ended, also after a restart, and is checked as a whole", async () => {
    const directory = temporaryDirectory();
    const stream = streamOf(900_000);
    const meta = { ...metaOf(50), sizeBytes: stream.length, checksum: checksum.crc32(stream) };
    const first = await open(directory);
    const sink = await first.storage.begin(meta, "received");
    await sink.write(stream.subarray(0, 400_000));
    await sink.abort(true);
    await first.storage.close();
    const { storage, found } = await open(directory);
    expect(found).toEqual([]);
    const next = await storage.begin(meta, "received");
    expect(next.offset).toBe(400_000);
    await next.write(stream.subarray(400_000));
    expect(await next.commit()).toEqual(meta);
    expect(Buffer.compare(await readAll(storage, meta), stream)).toBe(0);
    expect(filesIn(directory)).toEqual(["50-3.snap"]);
  });

  it("S04 while 4 MiB are being made durable the next 4 come, and no more; what is told survives power loss, and all of it a cut", async () => {
    const disk = new SlowDisk();
    const { storage } = await open("/data", { files: disk });
    const piece = streamOf(2 * 1024 * 1024);
    const meta = { ...metaOf(50), sizeBytes: 6 * piece.length, checksum: 1 };
    const sink = await storage.begin(meta, "received");
    disk.holds = true;
    for (let i = 0; i < 3; i++) await sink.write(piece);
    const fourth = sink.write(piece);
    await new Promise(setImmediate);
    expect(disk.held).toHaveLength(1);
    const inPowerLoss = async () => {
      const after = await open("/data", { files: new FaultDisk(disk.imageAfterCrash(() => 1)) });
      return (await after.storage.begin(meta, "received")).offset;
    };
    expect(await inPowerLoss()).toBe(0);
    disk.held.shift()?.();
    await fourth;
    expect([await inPowerLoss(), disk.held.length]).toEqual([2 * piece.length, 1]);
    disk.holds = false;
    disk.held.shift()?.();
    await sink.abort(true);
    expect(await inPowerLoss()).toBe(4 * piece.length);
  });

  it("S04 L04 bytes that could not be made durable while others came end the transfer", async () => {
    const disk = new SlowDisk();
    const { storage } = await open("/data", { files: disk });
    const piece = streamOf(4 * 1024 * 1024);
    const sink = await storage.begin({ ...metaOf(50), sizeBytes: 3 * piece.length, checksum: 1 }, "received");
    disk.fault = { call: "datasync", code: "EIO" };
    await sink.write(piece);
    await expect(sink.write(piece)).rejects.toMatchObject({
      code: "SnapshotFailed",
      message: expect.stringContaining("EIO"),
    });
    expect(disk.list("/data/main/snapshots")).toEqual([]);
  });

  /** A transfer of these bytes that broke off behind `held` of them, and the next start. */
  async function brokenOff(stream: Uint8Array, held: number) {
    const directory = temporaryDirectory();
    const meta = { ...metaOf(50), sizeBytes: stream.length, checksum: checksum.crc32(stream) };
    const first = await open(directory);
    const sink = await first.storage.begin(meta, "received");
    for (let at = 0; at < held; at += 100_000) await sink.write(stream.subarray(at, Math.min(held, at + 100_000)));
    return { directory, meta, storage: first.storage, sink };
  }

  it("S04 S05 a part of which a byte rotted on disk is refused before it counts, and the next transfer starts anew", async () => {
    const stream = streamOf(900_000);
    for (const at of [300, 262_144 + 300, 620_000]) {
      const { directory, meta, storage, sink } = await brokenOff(stream, 650_000);
      await sink.abort(true);
      const [name = ""] = filesIn(directory);
      const path = join(directory, "main/snapshots", name);
      const bytes = readFileSync(path);
      bytes.writeUInt8((bytes[at] as number) ^ 1, at);
      writeFileSync(path, bytes);
      const next = await storage.begin(meta, "received");
      expect(next.offset).toBe(650_000);
      const taken = async () => {
        await next.write(stream.subarray(next.offset));
        await next.commit();
      };
      await expect(taken()).rejects.toMatchObject({ code: "Damaged" });
      expect(filesIn(directory)).toEqual([]);
      expect((await storage.begin(meta, "received")).offset).toBe(0);
    }
  });

  it("S04 a record that is torn, or speaks of checksums that are not there, counts for nothing; the one before it does", async () => {
    const stream = streamOf(9_000_000);
    const damages: [name: string, expected: number, damage: (bytes: Buffer) => Buffer][] = [
      ["as it was left", 8_900_000, (bytes) => bytes],
      ["the last record is torn", 8_400_000, (bytes) => bytes.fill(0, 16, 32)],
      ["both are", 0, (bytes) => bytes.fill(0, 16, 96)],
      ["the newest checksums are lost", 8_400_000, (bytes) => bytes.fill(0, bytes.length - 4)],
      ["all checksums are", 0, (bytes) => bytes.subarray(0, 8_900_000)],
      ["another version wrote it", 0, (bytes) => bytes.fill(9, 4, 6).fill(9, 68, 70)],
    ];
    for (const [name, expected, damage] of damages) {
      const { directory, meta, storage, sink } = await brokenOff(stream, 8_900_000);
      await sink.abort(true);
      const path = join(directory, "main/snapshots", filesIn(directory)[0] ?? "");
      writeFileSync(path, damage(readFileSync(path)));
      const next = await storage.begin(meta, "received");
      expect([name, next.offset]).toEqual([name, expected]);
      for (let at = expected; at < stream.length; at += 500_000) await next.write(stream.subarray(at, at + 500_000));
      expect(await next.commit()).toEqual(meta);
      expect(Buffer.compare(await readAll(storage, meta), stream)).toBe(0);
    }
  });

  it("S05 a part that rotted while it waited is found at the end, and removed", async () => {
    const directory = temporaryDirectory();
    const stream = streamOf(1_000);
    const meta = { ...metaOf(50), sizeBytes: stream.length, checksum: checksum.crc32(stream) };
    const { storage } = await open(directory);
    const sink = await storage.begin(meta, "received");
    await sink.write(streamOf(500, 9));
    await sink.abort(true);
    const next = await storage.begin(meta, "received");
    await next.write(stream.subarray(next.offset));
    await expect(next.commit()).rejects.toMatchObject({ code: "Damaged" });
    expect(filesIn(directory)).toEqual([]);
  });

  it("S02 two transfers and a save under way at once do not disturb each other", async () => {
    const directory = temporaryDirectory();
    const { storage } = await open(directory);
    const stream = streamOf(5_000);
    const meta = { ...metaOf(50), sizeBytes: stream.length, checksum: checksum.crc32(stream) };
    const sinks = [
      await storage.begin(meta, "received"),
      await storage.begin(meta, "received"),
      await storage.begin(metaOf(50), "local"),
    ];
    for (let at = 0; at < 5_000; at += 1_000)
      for (const sink of sinks) await sink.write(stream.subarray(at, at + 1_000));
    for (const sink of sinks) expect(await sink.commit()).toMatchObject({ checksum: meta.checksum });
    expect(filesIn(directory)).toEqual(["50-3.snap"]);
    expect(Buffer.compare(await readAll(storage, meta), stream)).toBe(0);
  });

  it("S02 a full disk fails the save, leaves what was there, and the next one succeeds", async () => {
    const disk = new FaultDisk();
    const { storage } = await open("/data", { files: disk });
    const kept = await save(storage, metaOf(1), streamOf(10));
    const sink = await storage.begin(metaOf(2), "local");
    disk.fault = { call: "writev", code: "ENOSPC" };
    await expect(sink.write(streamOf(10))).rejects.toMatchObject({ code: "SnapshotFailed", outcome: "refused" });
    await expect(sink.commit()).rejects.toMatchObject({ code: "SnapshotFailed" });
    expect(disk.list("/data/main/snapshots")).toEqual(["1-3.snap"]);
    await save(storage, metaOf(3), streamOf(10));
    expect(Buffer.compare(await readAll(storage, kept), streamOf(10))).toBe(0);
  });

  it("S02 S06 after power loss at any step of saves and of a transfer, what is listed is whole, and what was committed is listed", async () => {
    const streams = new Map([1, 2, 3, 4].map((index) => [index, streamOf(300_000, index)]));
    const run = async (disk: FaultDisk): Promise<number[]> => {
      const committed: number[] = [];
      const { snapshots } = storageOf("/data", { files: disk });
      try {
        await snapshots.open();
        for (const [index, stream] of streams) {
          const given = { ...metaOf(index), sizeBytes: stream.length, checksum: checksum.crc32(stream) };
          const sink = await snapshots.begin(given, index % 2 === 0 ? "received" : "local");
          for (let at = 0; at < stream.length; at += 150_000) await sink.write(stream.subarray(at, at + 150_000));
          await sink.commit();
          committed.push(index);
        }
      } catch {
        // The crash: what was committed before it counts.
      }
      return committed;
    };
    const whole = new FaultDisk();
    expect(await run(whole)).toEqual([1, 2, 3, 4]);
    for (let at = 1; at <= whole.steps; at++) {
      for (const share of [0, 0.4, 1]) {
        const disk = new FaultDisk();
        disk.crashBefore = at;
        const committed = await run(disk);
        const { snapshots } = storageOf("/data", { files: new FaultDisk(disk.imageAfterCrash(() => share)) });
        const found = await snapshots.open();
        for (const meta of found)
          expect(Buffer.compare(await readAll(snapshots, meta), streams.get(meta.id.index) as Uint8Array)).toBe(0);
        const listed = found.map(({ id }) => id.index);
        expect(listed[0] ?? 0).toBeGreaterThanOrEqual(committed.at(-1) ?? 0);
        expect([undefined, ...listed]).toContain(committed.at(-1));
        expect(listed.length).toBeLessThanOrEqual(2);
        expect(snapshots.describe()["damaged"]).toEqual([]);
        await snapshots.close();
      }
    }
  });
});
