import type { LogHole, OpenedLog } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { inspectDirectory } from "../../src/index.js";
import { type DiskImage, JournalDisk } from "../crash-points/journal-disk.js";
import { Platter } from "../crash-points/platter.js";
import { damagedImage, flip, zeroed } from "../damage/damage.js";
import { batchesOf } from "../damage/places.js";
import { storagesOver } from "../damage/replica.js";
import { block, checksum, contentOf, OPEN, words } from "../support/host.js";

const SEGMENT = "/data/main/log/0000000000000001.seg";
const FORGOTTEN = "/data/main/log/forgotten";
const VOTE = { term: 3, vote: { id: "n3", incarnation: "00000000000000c3" }, recoveryNumber: 0, removedAt: 0 };

/** Entries 1 to 12 in blocks of three, of these terms; the newest vote is in the batch of the third. Shut down in good order, or killed. */
async function made(terms: readonly number[], ends: "closed" | "killed" = "closed"): Promise<DiskImage> {
  const disk = new JournalDisk();
  const { log } = storagesOver(disk);
  await log.open(OPEN);
  for (const [i, term] of terms.entries())
    await log.write({ blocks: [block(1 + 3 * i, 3, term, 100)], ...(i === 2 && { hardState: VOTE, commitHint: 2 }) });
  if (ends === "closed") await log.close();
  return disk.image();
}
/** Where the batch stands that begins with this entry. */
const batchOf = (image: DiskImage, first: number): number =>
  batchesOf(SEGMENT, image.files.get(SEGMENT) as Uint8Array).find((batch) => batch.first === first)?.at ?? 0;
/** A sector from the head of that batch on is gone: nobody can tell what was in it. */
const lostAt = (image: DiskImage, first: number): DiskImage =>
  damagedImage(image, SEGMENT, zeroed(batchOf(image, first)));
const entriesOf = (hole: LogHole | undefined) => hole && [hole.first, hole.last];

/** Opens the log, and says what is missing of which; it is left open. */
async function openOn(disk: JournalDisk) {
  const { log } = storagesOver(disk);
  const opened = await log.open(OPEN);
  return { log, opened, missing: { holes: opened.holes?.map(entriesOf), forgotten: entriesOf(opened.forgotten) } };
}

describe("L03 wrong bytes that may have held anything", () => {
  it("L03 L12 between entries of one term held no others: they are a hole, the vote is known, and they can be put back", async () => {
    const image = await made([3, 3, 3, 3]);
    const disk = new JournalDisk(lostAt(image, 4));
    const { log, opened, missing } = await openOn(disk);
    expect(missing).toEqual({ holes: [[4, 6]], forgotten: undefined });
    expect(opened).toMatchObject({
      hardState: VOTE,
      last: { index: 12, term: 3 },
      runs: [{ first: 1, term: 3 }],
      cut: "",
    });
    expect(await contentOf(log, 7, 12)).toEqual(words(7, 12, 3));
    await log.repair?.([block(4, 3, 3, 100)]);
    await log.close();
    const again = await openOn(disk);
    expect([again.missing, await contentOf(again.log, 1, 12)]).toEqual([{}, words(1, 12, 3)]);
  });

  it("L03 L12 around a change of terms are forgotten: the log ends before them, and how far it went is known", async () => {
    const image = await made([1, 1, 3, 3]);
    const { log, opened, missing } = await openOn(new JournalDisk(lostAt(image, 7)));
    expect(missing).toEqual({ holes: undefined, forgotten: [7, 12] });
    expect(opened).toMatchObject({ hardState: VOTE, last: { index: 6, term: 1 }, commitHint: 0 });
    expect(opened.forgotten).toMatchObject({ file: SEGMENT, offset: batchOf(image, 7) });
    expect(await contentOf(log, 1, 6)).toEqual(words(1, 6, 1));
  });

  it("L03 at the end of a log may have held an end that was taken back: what was in it was longer, or other", async () => {
    const disk = new JournalDisk();
    const { log } = storagesOver(disk);
    await log.open(OPEN);
    await log.write({ blocks: [block(1, 3, 1, 100)] });
    await log.write({ blocks: [block(4, 6, 1, 100)] });
    await log.write({ truncateFrom: 6, blocks: [block(6, 1, 2, 100)] });
    await log.close();
    const image = disk.image();
    const { opened, missing } = await openOn(new JournalDisk(damagedImage(image, SEGMENT, flip(batchOf(image, 6)))));
    // Up to entry 9 it is a log that once was: a leader replaces of it what is not its own.
    expect(missing.forgotten).toEqual([6, 6]);
    expect(opened).toMatchObject({ last: { index: 9, term: 1 } });
  });

  it("L12 with nothing behind them that says where the log stood are refused: the newest vote may have been in them", async () => {
    const image = await made([1, 1, 3, 3], "killed");
    for (const first of [4, 7])
      await expect(openOn(new JournalDisk(lostAt(image, first)))).rejects.toMatchObject({
        code: "Damaged",
        message: expect.stringContaining("the newest vote may have been in it (L12)") as unknown,
        details: { file: SEGMENT, offset: batchOf(image, first) },
      });
  });

  it("L03 L12 a log that never falls silent says all the same where it stands, every 256 KiB", async () => {
    const disk = new JournalDisk();
    const { log } = storagesOver(disk, { segmentBytesMax: 2 ** 20 });
    await log.open(OPEN);
    const from = log.describe()["activeBytes"] as number;
    for (let first = 1; first <= 40; first++) await log.write({ blocks: [block(first, 1, 1, 10_000)] });
    const image = disk.image();
    const openable = async (first: number): Promise<boolean> => {
      const { log: next } = storagesOver(new JournalDisk(damagedImage(image, SEGMENT, flip(batchOf(image, first)))));
      return next.open(OPEN).then(
        ({ holes }) => JSON.stringify(holes?.map(entriesOf)) === `[[${first},${first}]]`,
        () => false,
      );
    };
    // The first batch that is 256 KiB further than the one at the start says it again.
    const said = batchesOf(SEGMENT, image.files.get(SEGMENT) as Uint8Array).find(({ at }) => at - from >= 256 * 1024);
    expect(said?.first).toBeGreaterThan(20);
    expect([await openable(2), await openable((said?.first ?? 0) - 1)]).toEqual([true, true]);
    expect([await openable(said?.first ?? 0), await openable(39)]).toEqual([false, false]);
  });
});

describe("L03 what was forgotten", () => {
  it("L03 stays forgotten over restarts, until a commit index or a reset reaches the last of it", async () => {
    const disk = new JournalDisk(lostAt(await made([1, 1, 3, 3]), 7));
    const write = async (...writes: Parameters<Awaited<ReturnType<typeof openOn>>["log"]["write"]>[0][]) => {
      const { log, missing } = await openOn(disk);
      for (const each of writes) await log.write(each);
      await log.close();
      return missing.forgotten;
    };
    expect(await write({ blocks: [block(7, 8, 4, 100)] })).toEqual([7, 12]);
    expect(await write({ commitHint: 11 })).toEqual([7, 12]);
    const kept = disk.image();
    expect(await write({ commitHint: 12 })).toEqual([7, 12]);
    expect([await write(), disk.size(FORGOTTEN)]).toEqual([undefined, -1]);
    const received = new JournalDisk(kept);
    const { log } = await openOn(received);
    await log.write({ resetTo: { index: 20, term: 4 } });
    await log.close();
    expect((await openOn(received)).missing.forgotten).toBeUndefined();
  });

  it("O08 L03 is told of a stopped replica, too: which entries, and the bytes that they were in", async () => {
    const disk = new JournalDisk(lostAt(await made([1, 1, 3, 3]), 7));
    const { log, opened } = await openOn(disk);
    await log.close();
    const inspected = async (image: DiskImage) => inspectDirectory("/data", new JournalDisk(image), checksum);
    const { groups } = await inspected(disk.image());
    expect(groups).toMatchObject([{ last: { index: 6 }, forgotten: opened.forgotten, refusal: "" }]);
    expect((await inspected(await made([1, 1, 3, 3]))).groups).toMatchObject([{ forgotten: null, refusal: "" }]);
    const { groups: unread, damage } = await inspected(damagedImage(disk.image(), FORGOTTEN, flip(20)));
    expect(unread).toMatchObject([{ forgotten: null, refusal: expect.stringContaining(FORGOTTEN) as unknown }]);
    expect(damage).toContainEqual(expect.objectContaining({ file: FORGOTTEN }));
  });

  it("L12 is not guessed at: a directory that cannot read any more what it forgot is refused", async () => {
    const disk = new JournalDisk(lostAt(await made([1, 1, 3, 3]), 7));
    await (await openOn(disk)).log.close();
    for (let at = 0; at < 256; at++)
      await expect(openOn(new JournalDisk(damagedImage(disk.image(), FORGOTTEN, flip(at))))).rejects.toMatchObject({
        details: { file: FORGOTTEN },
      });
  });

  it.each([
    ["forgotten", [1, 1, 3, 3], 7, { forgotten: [7, 12] }],
    ["a hole", [3, 3, 3, 3], 4, { holes: [[4, 6]] }],
  ] as const)(
    "L03 L01 a crash at any step of the first start finds the same again: %s",
    async (_, terms, first, expected) => {
      const image = lostAt(await made(terms), first);
      const disk = new JournalDisk(image);
      const { opened } = await openOn(disk);
      const lasting = ({ startNumber: _start, cut: _cut, holes: _holes, forgotten: _forgotten, ...said }: OpenedLog) =>
        said;
      const platter = new Platter(image);
      const seen = new Set<string>();
      for (const step of [undefined, ...disk.journal]) {
        if (step !== undefined) platter.advance(step);
        for (const possible of platter.possibilities()) {
          if (seen.has(possible.key)) continue;
          seen.add(possible.key);
          const again = await openOn(new JournalDisk(possible.image()));
          expect(again.missing).toEqual(expected);
          expect(lasting(again.opened)).toEqual(lasting(opened));
        }
      }
      expect(seen.size).toBeGreaterThan(50);
    },
  );
});
