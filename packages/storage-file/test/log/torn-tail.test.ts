import { cpSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { layBatch } from "../../src/log/batch.js";
import { BatchDesk } from "../../src/log/batch-desk.js";
import { RecordKind, SOLE_GROUP } from "../../src/log/record.js";
import { FaultDisk } from "../support/fault-disk.js";
import { block, checksum, contentOf, OPEN, openLog, storageOf, temporaryDirectory, words } from "../support/host.js";
import { ManualScheduler } from "../support/manual-scheduler.js";

const SEGMENT = "/data/main/log/0000000000000001.seg";

function logOn(image: ReadonlyMap<string, Uint8Array>, scheduler = new ManualScheduler()) {
  const disk = new FaultDisk(image);
  const { log } = storageOf("/data", { files: disk, scheduler: scheduler.asPort() });
  return { disk, log };
}

/** A log whose last write was not sealed, and where that write's batch begins. */
async function unsealedLog(): Promise<{ readonly image: Map<string, Uint8Array>; readonly tail: number }> {
  const { disk, log } = logOn(new Map());
  await log.open(OPEN);
  await log.write({ blocks: [block(1, 3, 1)] });
  const tail = log.describe()["activeBytes"] as number;
  await log.write({
    hardState: { term: 2, vote: null, recoveryNumber: 0, removedAt: 0 },
    blocks: [block(4, 2, 2)],
  });
  return { image: disk.imageAfterKill(), tail };
}

/** The first segment of a log in real files that went over several, and was shut down in good order. */
async function closedSegment() {
  const directory = temporaryDirectory();
  const parts = { segmentBytesMax: 4_096 };
  const { log } = await openLog(directory, parts);
  for (let i = 0; i < 10; i++) await log.write({ blocks: [block(1 + 10 * i, 10, 1, 100)] });
  await log.close();
  expect(readdirSync(join(directory, "main/log")).length).toBeGreaterThan(3);
  return { path: join(directory, "main/log/0000000000000001.seg"), storage: () => storageOf(directory, parts) };
}

const bytesOf = (image: ReadonlyMap<string, Uint8Array>): Uint8Array => image.get(SEGMENT) as Uint8Array;

describe("L02 torn tails", () => {
  it("L02 a torn tail is cut, wherever it is torn, and what came before stays", async () => {
    const { image, tail } = await unsealedLog();
    const whole = bytesOf(image);
    const batch = whole.length - tail;
    for (let kept = 0; kept < batch; kept++) {
      // The batch is padded with zeros: from the end of its last record on, a shorter file lacks nothing but those.
      const torn = new Uint8Array(whole.length);
      torn.set(whole.subarray(0, tail + kept));
      const isWhole = torn.every((byte, i) => byte === whole[i]);
      const { disk, log } = logOn(new Map([...image, [SEGMENT, torn]]));
      const opened = await log.open(OPEN);
      expect(opened.last).toEqual(isWhole ? { index: 5, term: 2 } : { index: 3, term: 1 });
      expect(opened.hardState.term).toBe(isWhole ? 2 : 0);
      const isClean = isWhole || torn.subarray(tail).every((byte) => byte === 0);
      const told = opened.cut.replace(/\d+ bytes/, "n bytes").split(" (")[0];
      expect(told).toBe(isClean ? "" : `${SEGMENT}: n bytes of an unfinished write were cut at offset ${tail}`);
      // What was cut never comes back.
      await log.close();
      const again = await logOn(disk.imageAfterCrash(() => 0)).log.open(OPEN);
      expect(again).toMatchObject({ last: opened.last, hardState: opened.hardState, cut: "" });
    }
  });

  it("L02 a file that ends anywhere in its last batch is cut there", async () => {
    const { image, tail } = await unsealedLog();
    const whole = bytesOf(image);
    for (let size = tail; size < whole.length; size++) {
      const opened = await logOn(new Map([...image, [SEGMENT, whole.slice(0, size)]])).log.open(OPEN);
      expect(opened.last).toEqual({ index: 3, term: 1 });
      expect(opened.cut === "").toBe(size === tail);
    }
  });

  it("L02 any wrong byte of the unsealed batch is a torn tail", async () => {
    const { image, tail } = await unsealedLog();
    // Its padding included: in a file that is used again, old bytes stand where the end of a torn write did not land, and
    // who read on would take them for a record.
    for (let at = tail; at < bytesOf(image).length; at++) {
      const torn = bytesOf(image).slice();
      torn[at] = (torn[at] as number) ^ 0x40;
      const opened = await logOn(new Map([...image, [SEGMENT, torn]])).log.open(OPEN);
      expect(opened.last).toEqual({ index: 3, term: 1 });
      expect(opened.cut).toContain(`cut at offset ${tail}`);
    }
  });

  it("L02 the cut is durable before anything is appended", async () => {
    const { image, tail } = await unsealedLog();
    const { disk, log } = logOn(new Map([...image, [SEGMENT, bytesOf(image).slice(0, tail + 100)]]));
    await log.open(OPEN);
    expect(disk.trace.filter((call) => call.endsWith(SEGMENT))).toEqual([
      `writev ${SEGMENT}`,
      `truncate ${SEGMENT}`,
      `datasync ${SEGMENT}`,
      `writev ${SEGMENT}`,
      `datasync ${SEGMENT}`,
    ]);
  });

  it("L02 intact writes behind a hole are cut with it, if nothing says that the hole was durable", async () => {
    const { image, tail } = await unsealedLog();
    const { length } = bytesOf(image);
    // A writer with several writes under way: the second one reached the disk, the first did not.
    const operations = [{ group: SOLE_GROUP, operation: { kind: RecordKind.block, block: block(6, 2, 2) } }];
    const place = { segment: 1, generation: 1, offset: length, sealedUpTo: tail, startNumber: 1 };
    const behind = layBatch({ ...place, number: 4, previous: 7 }, operations, () => 9, checksum, new BatchDesk());
    const holed = new Uint8Array(length + behind.length);
    holed.set(bytesOf(image).subarray(0, tail));
    let at = length;
    for (const buffer of behind.buffers) {
      holed.set(buffer, at);
      at += buffer.length;
    }
    const { disk, log } = logOn(new Map([...image, [SEGMENT, holed]]));
    const opened = await log.open(OPEN);
    expect(opened.last).toEqual({ index: 3, term: 1 });
    expect(opened.cut).toContain(`cut at offset ${tail}`);
    await log.write({ blocks: [block(4, 2, 3)] });
    await log.close();
    const again = logOn(disk.imageAfterCrash(() => 0)).log;
    expect((await again.open(OPEN)).last).toEqual({ index: 5, term: 3 });
    expect(await contentOf(again, 1, 5)).toEqual([...words(1, 3, 1), ...words(4, 5, 3)]);
  });

  it("L02 L07 a batch that does not chain is not read, although it stands where the next one would", async () => {
    const { image } = await unsealedLog();
    const { length } = bytesOf(image);
    const operations = [{ group: SOLE_GROUP, operation: { kind: RecordKind.block, block: block(6, 2, 2) } }];
    const place = { segment: 1, generation: 1, offset: length, sealedUpTo: 0, startNumber: 1 };
    const stale = layBatch({ ...place, number: 4, previous: 12_345 }, operations, () => 9, checksum, new BatchDesk());
    const file = new Uint8Array(length + stale.length);
    file.set(bytesOf(image));
    file.set(stale.buffers[0] as Uint8Array, length);
    const opened = await logOn(new Map([...image, [SEGMENT, file]])).log.open(OPEN);
    expect(opened.last).toEqual({ index: 5, term: 2 });
    expect(opened.cut).toContain("does not continue the log");
  });

  it("L02 a wrong byte below the seal is damage: opening is refused with file and offset, and nothing is changed", async () => {
    const { disk, log } = logOn(new Map());
    await log.open(OPEN);
    const begin = log.describe()["activeBytes"] as number;
    await log.write({ blocks: [block(1, 3, 1)] });
    const end = log.describe()["activeBytes"] as number;
    await log.write({ blocks: [block(4, 2, 2)] });
    // Nobody had the time to say where the log stands.
    const image = disk.imageAfterKill();
    // Head of the batch, of its record, and of the block: what was in it is unknown, and a vote may have been.
    for (let at = begin; at < begin + 156; at++) {
      const rotten = bytesOf(image).slice();
      rotten[at] = (rotten[at] as number) ^ 1;
      const next = logOn(new Map([...image, [SEGMENT, rotten]]));
      const error = await next.log.open(OPEN).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: "Damaged", details: { file: SEGMENT, offset: begin } });
      expect((error as Error).message).toContain("a later one says that it was durable; the newest vote");
      expect(next.disk.imageAfterKill().get(SEGMENT)).toEqual(rotten);
      expect(next.disk.imageAfterKill().get("/data/identity")).toEqual(image.get("/data/identity"));
    }
    expect(end).toBeGreaterThan(begin + 200);
  });

  it("L03 a wrong byte below the seal in a block's body is a hole: of known entries, and nothing is cut", async () => {
    const { disk, log } = logOn(new Map());
    await log.open(OPEN);
    const begin = log.describe()["activeBytes"] as number;
    await log.write({ blocks: [block(1, 3, 1)] });
    await log.write({ blocks: [block(4, 2, 2)] });
    await log.close();
    const image = disk.imageAfterKill();
    for (let at = begin + 156; at < begin + 200; at++) {
      const rotten = bytesOf(image).slice();
      rotten[at] = (rotten[at] as number) ^ 1;
      const next = logOn(new Map([...image, [SEGMENT, rotten]]));
      const opened = await next.log.open(OPEN);
      const hole = { first: 1, last: 3, file: SEGMENT, offset: begin + 64 };
      expect(opened).toMatchObject({ holes: [hole], last: { index: 5, term: 2 }, cut: "" });
      expect(next.disk.imageAfterKill().get(SEGMENT)?.subarray(0, rotten.length)).toEqual(rotten);
      await expect(next.log.read(2, 1_000)).rejects.toMatchObject({ code: "Damaged", details: hole });
      expect(await contentOf(next.log, 4, 5)).toEqual(words(4, 5, 2));
    }
  });

  it("L02 the last batch is sealed by an empty one when 5 ms pass without a write, and by close", async () => {
    const scheduler = new ManualScheduler();
    const { disk, log } = logOn(new Map(), scheduler);
    await log.open(OPEN);
    const batches = () => log.describe()["batches"] as number;
    await log.write({ blocks: [block(1, 1, 1)] });
    scheduler.pass(3);
    await log.write({ blocks: [block(2, 1, 1)] });
    const before = batches();
    scheduler.pass(4);
    // The seal's and the mark's.
    expect(scheduler.armed).toBe(2);
    expect(batches()).toBe(before);
    scheduler.pass(1);
    await expect.poll(batches).toBe(before + 1);
    expect(scheduler.armed).toBe(1);
    await log.write({ blocks: [block(3, 1, 1)] });
    const end = log.describe()["activeBytes"] as number;
    await log.close();
    expect(scheduler.armed).toBe(0);
    expect(batches()).toBe(before + 3);
    const rotten = bytesOf(disk.imageAfterKill()).slice();
    const body = rotten.subarray(0, end).findLastIndex((byte) => byte !== 0);
    rotten[body] = (rotten[body] as number) ^ 1;
    const sealed = logOn(new Map([...disk.imageAfterKill(), [SEGMENT, rotten]]));
    expect((await sealed.log.open(OPEN)).holes).toMatchObject([{ first: 3, last: 3 }]);
  });

  it("L02 a torn tail in a real file is cut on disk", async () => {
    const directory = temporaryDirectory();
    const { log } = await openLog(directory, { scheduler: new ManualScheduler().asPort() });
    await log.write({ blocks: [block(1, 3, 1)] });
    const tail = log.describe()["activeBytes"] as number;
    await log.write({ blocks: [block(4, 3, 1)] });
    // What a crash leaves: nobody closed the log.
    const crashed = temporaryDirectory();
    cpSync(directory, crashed, { recursive: true, filter: (path) => !path.includes("LOCK") });
    const path = join(crashed, "main/log/0000000000000001.seg");
    truncateSync(path, tail + 100);
    const again = await openLog(crashed);
    expect(again.opened).toMatchObject({ last: { index: 3, term: 1 } });
    expect(again.opened.cut).toContain(path);
    await again.log.write({ blocks: [block(4, 1, 2)] });
    expect(await contentOf(again.log, 1, 4)).toEqual([...words(1, 3, 1), "4@2"]);
  });

  it("L02 a closed segment is proved by its foot, and by its blocks when they are read", async () => {
    const { path, storage } = await closedSegment();
    const intact = readFileSync(path);
    const rotten = Buffer.from(intact);
    rotten[1_500] = (rotten[1_500] as number) ^ 1;
    writeFileSync(path, rotten);
    const again = storage();
    await again.log.open(OPEN);
    await expect(again.log.read(1, 100_000)).rejects.toMatchObject({ code: "Damaged", details: { file: path } });
    await again.log.close();
    for (const offset of [intact.length - 1, intact.length - 20, intact.length - 60]) {
      const footless = Buffer.from(intact);
      footless[offset] = (footless[offset] as number) ^ 1;
      writeFileSync(path, footless);
      await expect(storage().log.open(OPEN)).rejects.toMatchObject({
        code: "Damaged",
        message: expect.stringContaining("its foot is missing") as unknown,
        details: { file: path },
      });
    }
  });

  it("L02 a foot whose segment would end beyond it counts for none: no search up to there would ever end", async () => {
    const { path, storage } = await closedSegment();
    const bytes = readFileSync(path);
    bytes[1_500] = (bytes[1_500] as number) ^ 1; // so that somebody looks for what follows
    const trailer = bytes.length - 32;
    const foot = trailer - bytes.readUInt32LE(trailer + 4);
    bytes.writeBigUInt64LE(2n ** 50n, foot);
    bytes.writeUInt32LE(checksum.crc32(bytes.subarray(foot, trailer)), trailer + 20);
    bytes.writeUInt32LE(checksum.crc32(bytes.subarray(trailer, trailer + 28)), trailer + 28);
    writeFileSync(path, bytes);
    await expect(storage().log.open(OPEN)).rejects.toMatchObject({
      code: "Damaged",
      message: expect.stringContaining("its foot is missing") as unknown,
    });
  });
});
