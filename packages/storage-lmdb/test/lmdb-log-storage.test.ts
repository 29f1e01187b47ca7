import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { FRESH_HARD_STATE, type LogStorage, RaftError } from "@hexraft/core/ports";
import { describe, expect, it, vi } from "vitest";
import type { Changes, Database } from "../src/database.js";
import { type LmdbStorageOptions, lmdbStorage } from "../src/index.js";
import { layRecords, readRecords } from "../src/records.js";
import type { LogState } from "../src/replica.js";
import { block, OPEN } from "./support/fixtures.js";
import { checksum, openLog, storageOf, temporaryDirectory } from "./support/host.js";

const changes = (some: Partial<Changes>): Changes => ({
  clear: false,
  removes: [],
  puts: new Map(),
  facts: new Map(),
  ...some,
});

/** Writes a log of three blocks, lets `harm` at the database under it, and ends that life. */
async function harmed(harm: (database: Database) => Promise<void>): Promise<string> {
  const directory = temporaryDirectory();
  const { log, database } = await openLog(directory);
  await log.write({
    hardState: { ...FRESH_HARD_STATE, term: 7 },
    blocks: [block(1, 4, 1), block(5, 4, 2), block(9, 4, 7)],
  });
  await harm(database);
  await log.close();
  return directory;
}

/** A stored block with one bit of its last byte the other way round. */
function flipped(database: Database, first: number): Uint8Array {
  const bytes = Uint8Array.from(database.blockFrom(first) ?? []);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  return bytes;
}

const refusal = async (work: () => Promise<unknown>): Promise<string> => {
  const error = await work().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RaftError);
  return (error as RaftError).code;
};

const base = (log: LogStorage): unknown => log.describe()["base"];

describe("LmdbLogStorage", () => {
  it("L01 writes asked for while a transaction is under way share the next one", async () => {
    const { log, database } = await openLog(temporaryDirectory());
    const commit = vi.spyOn(database, "commit");
    await Promise.all(Array.from({ length: 50 }, (_, i) => log.write({ blocks: [block(i + 1, 1, 1)] })));
    expect(commit).toHaveBeenCalledTimes(2);
  });

  it("R09 a transaction takes 4 MiB of entries, and leaves the rest to the next one", async () => {
    const { log, database } = await openLog(temporaryDirectory());
    const commit = vi.spyOn(database, "commit");
    await Promise.all(Array.from({ length: 9 }, (_, i) => log.write({ blocks: [block(i + 1, 1, 1, 1 << 20)] })));
    expect(commit.mock.calls.map(([{ puts }]) => puts.size)).toEqual([1, 3, 3, 2]);
  });

  it("L08 a compaction drops 4096 blocks at a time, and goes on with the writes that follow", async () => {
    const directory = temporaryDirectory();
    const { log } = await openLog(directory);
    await log.write({ blocks: Array.from({ length: 10_000 }, (_, i) => block(i + 1, 1, 1 + (i >> 12), 1)) });
    const bases: unknown[] = [];
    await log.write({ compactTo: { index: 9_000, term: 3 } });
    bases.push(base(log));
    for (let i = 1; i <= 3; i++) {
      await log.write({ blocks: [block(10_000 + i, 1, 3)] });
      bases.push(base(log));
    }
    expect(bases).toEqual([4_096, 8_192, 9_000, 9_000]);
    await log.close();
    const { opened, log: again } = await openLog(directory);
    expect([opened.base, opened.last, opened.runs]).toEqual([
      { index: 9_000, term: 3 },
      { index: 10_003, term: 3 },
      [{ first: 9_001, term: 3 }],
    ]);
    expect((await again.read(9_001, 1))[0]?.first).toBe(9_001);
    expect(await again.read(9_000, 1_000)).toEqual([]);
  });

  it.each<[string, (database: Database) => Promise<void>]>([
    ["a bit of the newest block is wrong", (d) => d.commit(changes({ puts: new Map([[9, flipped(d, 9)]]) }))],
    ["the newest block is gone", (d) => d.commit(changes({ removes: [9] }))],
    ["all blocks are gone", (d) => d.commit(changes({ clear: true }))],
    [
      "there is a block behind the end",
      (d) => d.commit(changes({ puts: new Map([[13, d.blockFrom(9) as Uint8Array]]) })),
    ],
    [
      "a digit of the ballot's term is wrong",
      (d) =>
        d.commit(changes({ facts: new Map([["replica", (d.fact("replica") ?? "").replace('"term":7', '"term":6')]]) })),
    ],
    ["a record is empty", (d) => d.commit(changes({ facts: new Map([["shape", ""]]) }))],
  ])("L02 L03 L12 the directory is refused when %s", async (_what, harm) => {
    const directory = await harmed(harm);
    const { log } = storageOf(directory);
    expect(await refusal(() => log.open(OPEN))).toBe("Damaged");
  });

  it.each<[string, (database: Database) => Promise<void>]>([
    ["a bit in it is wrong", (d) => d.commit(changes({ puts: new Map([[5, flipped(d, 5)]]) }))],
    ["it is gone", (d) => d.commit(changes({ removes: [5] }))],
    ["another one is in its place", (d) => d.commit(changes({ puts: new Map([[5, d.blockFrom(1) as Uint8Array]]) }))],
  ])("L03 an older block is refused to its reader when %s, and its neighbours are not", async (_what, harm) => {
    const { log } = await openLog(await harmed(harm));
    expect((await log.read(1, 1)).length).toBe(1);
    expect(await refusal(() => log.read(6, 1_000))).toBe("Damaged");
    expect(await refusal(() => log.read(1, 1_000))).toBe("Damaged");
    expect((await log.read(9, 1_000))[0]?.last).toBe(12);
  });

  it("L02 a file that is no database is refused, and not believed", async () => {
    for (const bytes of [Buffer.alloc(20_000, 7), Buffer.alloc(20_000), Buffer.alloc(100)]) {
      const directory = temporaryDirectory();
      mkdirSync(join(directory, "lmdb"));
      const file = join(directory, "lmdb", "data.mdb");
      writeFileSync(file, bytes);
      const { log } = storageOf(directory);
      expect(await refusal(() => log.open(OPEN))).toBe("Damaged");
      expect(readFileSync(file).equals(bytes)).toBe(true);
    }
  });

  it("L03 a file that was cut off anywhere is refused before it is mapped, and named with what is missing", async () => {
    const whole = await harmed(async () => {});
    const bytes = readFileSync(join(whole, "lmdb", "data.mdb"));
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "lmdb"));
    const file = join(directory, "lmdb", "data.mdb");
    for (let size = 8_192; size < bytes.length; size += 1_024) {
      writeFileSync(file, bytes.subarray(0, size));
      await expect(storageOf(directory).log.open(OPEN)).rejects.toMatchObject({
        code: "Damaged",
        details: { file, offset: size, length: bytes.length - size },
      });
    }
    writeFileSync(file, bytes);
    expect((await openLog(directory)).opened.last.index).toBe(12);
  });

  it("L10 a database of a later format, the library's or our own, is refused", async () => {
    const theirs = await harmed(async () => {});
    const file = openSync(join(theirs, "lmdb", "data.mdb"), "r+");
    writeSync(file, Buffer.from([3]), 0, 1, 28);
    closeSync(file);
    const ours = await harmed(async (database) => {
      const { replica, shape } = readRecords(database, "", checksum) as LogState;
      const later = { replica: { ...replica, format: 2 }, shape };
      await database.commit(changes({ facts: layRecords(later, undefined, checksum) }));
    });
    for (const directory of [theirs, ours])
      expect(await refusal(() => storageOf(directory).log.open(OPEN))).toBe("FormatUnknown");
  });

  it("L10 a database of another group is refused, and may be opened by its own afterwards", async () => {
    const directory = await harmed(async () => {});
    expect(await refusal(() => storageOf(directory).log.open({ ...OPEN, groupId: "other" }))).toBe("IdentityMismatch");
    expect((await openLog(directory)).opened.startNumber).toBe(2);
  });

  it("M13 of two clusters adopted at once the first one holds", async () => {
    const { log } = await openLog(temporaryDirectory());
    const [one, two] = ["1", "2"].map((digit) => log.adopt(digit.repeat(32)));
    expect(await refusal(() => two as Promise<void>)).toBe("IdentityMismatch");
    await one;
  });

  it("O05 options are refused with their name", () => {
    const wrong = [{ directory: "" }, { directory: 1 }, {}, { directory: "x", groupId: "y" }];
    for (const options of wrong)
      expect(() => lmdbStorage(options as LmdbStorageOptions)).toThrow(/^option (directory|groupId) of lmdbStorage/);
  });
});
