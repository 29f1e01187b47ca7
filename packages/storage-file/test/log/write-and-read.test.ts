import { EntryType, encodeConfiguration, LogBlock, votersOnly } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { FaultDisk } from "../support/fault-disk.js";
import {
  block,
  contentOf,
  OPEN,
  openLog,
  payloadOf,
  reopen,
  storageOf,
  temporaryDirectory,
  words,
} from "../support/host.js";
import { ManualScheduler } from "../support/manual-scheduler.js";

const VOTE = { id: "n2", incarnation: "00000000000000b2" };

describe("FileLogStorage: write and read", () => {
  it("E01 a new directory holds nothing, and gets the identities that were drawn", async () => {
    const { opened } = await openLog(temporaryDirectory());
    expect(opened).toEqual({
      clusterId: "",
      directoryId: OPEN.newDirectoryId,
      incarnation: OPEN.newIncarnation,
      startNumber: 1,
      hardState: { term: 0, vote: null, recoveryNumber: 0, removedAt: 0 },
      commitHint: 0,
      base: { index: 0, term: 0 },
      last: { index: 0, term: 0 },
      runs: [],
      configurationIndices: [],
      cut: "",
    });
  });

  it("L01 a write that comes in the very instant in which the one before is done is not left waiting", async () => {
    const { log } = storageOf("/data", { files: new FaultDisk(), scheduler: new ManualScheduler().asPort() });
    await log.open(OPEN);
    let index = 0;
    // The writer is putting its work away: a hop more or less decides in what state the next one meets it.
    for (let hops = 0; hops < 12; hops++) {
      await log.write({ blocks: [block(++index, 1, 1)] });
      for (let i = 0; i < hops; i++) await Promise.resolve();
      const outcome = { done: false };
      const next = log.write({ blocks: [block(++index, 1, 1)] }).then(() => (outcome.done = true));
      for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => void setImmediate(resolve));
      expect(outcome.done, `after ${hops} hops`).toBe(true);
      await next;
    }
  });

  it("L01 everything of a write is there after a restart: hard state, entries, terms, configurations, hint", async () => {
    const directory = temporaryDirectory();
    const { log } = await openLog(directory);
    const configuration = encodeConfiguration(votersOnly([{ ...VOTE, address: "127.0.0.1:1" }]));
    const mixed = LogBlock.of(4, 2, 9, [EntryType.empty, EntryType.configuration], [new Uint8Array(0), configuration]);
    await log.write({
      hardState: { term: 2, vote: VOTE, recoveryNumber: 3, removedAt: 0 },
      blocks: [block(1, 3, 1), mixed],
    });
    await log.write({ blocks: [block(6, 2, 2)], commitHint: 5 });
    const again = await reopen(log, directory);
    expect(again.opened).toMatchObject({
      startNumber: 2,
      hardState: { term: 2, vote: VOTE, recoveryNumber: 3, removedAt: 0 },
      commitHint: 5,
      last: { index: 7, term: 2 },
      runs: [
        { first: 1, term: 1 },
        { first: 4, term: 2 },
      ],
      configurationIndices: [5],
      cut: "",
    });
    expect(await contentOf(again.log, 1, 3)).toEqual(words(1, 3, 1));
    const [read] = await again.log.read(4, 1);
    expect([read?.typeAt(4), read?.typeAt(5)]).toEqual([EntryType.empty, EntryType.configuration]);
    expect(read?.payloadAt(5)).toEqual(configuration);
  });

  it("L01 writes resolve in the order of the calls, and many of them share one batch", async () => {
    const { log } = await openLog(temporaryDirectory());
    const order: number[] = [];
    const before = log.describe()["batches"] as number;
    await Promise.all(
      Array.from({ length: 50 }, (_, i) => log.write({ blocks: [block(i + 1, 1, 1)] }).then(() => order.push(i))),
    );
    expect(order).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect((log.describe()["batches"] as number) - before).toBe(2);
  });

  it("L01 a write that does not continue the log is refused, and the storage with it", async () => {
    const { log } = await openLog(temporaryDirectory());
    await log.write({ blocks: [block(1, 3, 1)] });
    await expect(log.write({ blocks: [block(5, 1, 1)] })).rejects.toMatchObject({ code: "StorageFailed" });
    await expect(log.write({})).rejects.toMatchObject({ code: "StorageFailed" });
  });

  it("R13 reads begin inside a block, keep to the bytes allowed, and always bring one block", async () => {
    const { log } = await openLog(temporaryDirectory());
    for (let i = 0; i < 20; i++) await log.write({ blocks: [block(1 + 10 * i, 10, 1, 100)] });
    const [first] = await log.read(37, 1);
    expect([first?.first, first?.last]).toEqual([37, 40]);
    expect(first?.payloadAt(37)).toEqual(payloadOf(37, 1, 100));
    const bounded = await log.read(31, 3_000);
    expect(bounded.map((part) => part.first)).toEqual([31, 41]);
    expect(bounded.reduce((size, part) => size + part.sizeBytes, 0)).toBeLessThanOrEqual(3_000);
    expect((await log.read(1, 1_000_000)).at(-1)?.last).toBe(200);
    expect(await log.read(201, 1_000)).toEqual([]);
  });

  it("R13 a read goes on across segments, over truncations, and finds entries of large blocks", async () => {
    const directory = temporaryDirectory();
    const parts = { segmentBytesMax: 300_000 };
    const { log } = await openLog(directory, parts);
    for (let i = 0; i < 40; i++) await log.write({ blocks: [block(1 + 50 * i, 50, 1, 800)] });
    await log.write({ truncateFrom: 1_501, blocks: [block(1_501, 50, 2, 800)] });
    await log.write({ truncateFrom: 1_541, blocks: [block(1_541, 20, 3, 70_000)] });
    const expected = [...words(1, 1_500, 1), ...words(1_501, 1_540, 2), ...words(1_541, 1_560, 3)];
    expect(await contentOf(log, 1, 1_560)).toEqual(expected);
    const again = await reopen(log, directory, parts);
    expect(again.opened.runs.map(({ first }) => first)).toEqual([1, 1_501, 1_541]);
    expect(await contentOf(again.log, 1, 1_560)).toEqual(expected);
  });

  it("T11 each start has a number, one higher, and refusals do not count", async () => {
    const directory = temporaryDirectory();
    const { log } = await openLog(directory);
    await expect(storageOf(directory).log.open(OPEN)).rejects.toMatchObject({ code: "DirectoryLocked" });
    const second = await reopen(log, directory);
    expect(second.opened.startNumber).toBe(2);
    await second.log.close();
    await expect(storageOf(directory).log.open({ ...OPEN, nodeId: "n2" })).rejects.toMatchObject({
      code: "IdentityMismatch",
    });
    expect((await openLog(directory)).opened.startNumber).toBe(3);
  });

  it("L11 the directory is taken while it is open, and free after close and after a refusal", async () => {
    const directory = temporaryDirectory();
    const { log } = await openLog(directory);
    await expect(storageOf(directory).log.open(OPEN)).rejects.toMatchObject({
      code: "DirectoryLocked",
      details: { pid: process.pid },
    });
    await log.close();
    await log.close();
    await expect(storageOf(directory).log.open({ ...OPEN, nodeId: "other" })).rejects.toThrow(/belongs to node n1/);
    await openLog(directory);
  });

  it("M13 the cluster is written down once, durably; another one is refused", async () => {
    const directory = temporaryDirectory();
    const cluster = "c".repeat(32);
    const { log } = await openLog(directory);
    await log.adopt(cluster);
    await log.adopt(cluster);
    await expect(log.adopt("d".repeat(32))).rejects.toMatchObject({ code: "IdentityMismatch" });
    expect((await reopen(log, directory)).opened.clusterId).toBe(cluster);
  });

  it("O01 O04 describe says where it stands; after close every call is refused", async () => {
    const directory = temporaryDirectory();
    const { log } = await openLog(directory);
    await log.write({ blocks: [block(1, 4, 1)] });
    expect(log.describe()).toMatchObject({ directory, state: "open", last: 4, base: 0, segments: 1, waiting: 0 });
    const underWay = log.write({ blocks: [block(5, 1, 1)] });
    await log.close();
    await underWay;
    await expect(log.write({})).rejects.toMatchObject({ code: "Stopped" });
    await expect(log.read(1, 1)).rejects.toMatchObject({ code: "Stopped" });
    expect(log.describe()).toMatchObject({ state: "closed" });
  });

  // A follower applies entry 3 while a new leader's first entries replace 4 and 5. Seed 81 of the simulator (profile swarm)
  // found that the read then ran into the new batch, beyond its window, and took the state machine down with it.
  it("L01 R14 entries that are replaced while they are read back end the answer, they do not spoil it", async () => {
    const { log } = await openLog(temporaryDirectory());
    await log.write({ blocks: [block(1, 3, 1)] });
    await log.write({ blocks: [block(4, 2, 1)] });
    const reading = contentOf(log, 3, 3);
    const writing = log.write({ truncateFrom: 4, blocks: [block(4, 3, 2)] });
    expect(await reading).toEqual(words(3, 3, 1));
    await writing;
    expect(await contentOf(log, 1, 6)).toEqual([...words(1, 3, 1), ...words(4, 6, 2)]);
  });
});
