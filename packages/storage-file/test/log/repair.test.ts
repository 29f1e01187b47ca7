import type { LogHole } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { Crashed, FaultDisk } from "../support/fault-disk.js";
import { block, contentOf, OPEN, storageOf, words } from "../support/host.js";
import { ManualScheduler } from "../support/manual-scheduler.js";

const SEGMENT = "/data/main/log/0000000000000001.seg";
const SEGMENT_BYTES = 4_096;
type Image = ReadonlyMap<string, Uint8Array>;

function logOn(disk: FaultDisk, scrubBytesPerSecond = 0) {
  const scheduler = new ManualScheduler();
  const told: LogHole[] = [];
  const { log } = storageOf("/data", {
    files: disk,
    scheduler: scheduler.asPort(),
    segmentBytesMax: SEGMENT_BYTES,
    scrubBytesPerSecond,
  });
  return {
    log,
    scheduler,
    told,
    open: () => log.open({ ...OPEN, watcher: { damaged: (hole) => void told.push(hole), failed: () => {} } }),
  };
}

/** Sixty entries in some closed segments, shut down in good order. */
async function intact(): Promise<Image> {
  const disk = new FaultDisk();
  const { log, open } = logOn(disk);
  await open();
  for (let first = 1; first <= 60; first += 3) await log.write({ blocks: [block(first, 3, 1, 150)] });
  await log.close();
  return disk.imageAfterKill();
}
const rotten = (image: Image, at: number): Image => {
  const bytes = (image.get(SEGMENT) as Uint8Array).slice();
  bytes[at] = (bytes[at] as number) ^ 1;
  return new Map([...image, [SEGMENT, bytes]]);
};
/** In the body of the block of entries 4 to 6, which the second batch holds. */
const inBody = async (image: Image): Promise<number> => {
  const bytes = image.get(SEGMENT) as Uint8Array;
  return Buffer.from(bytes).indexOf("4@1") + 20;
};
const rangeOf = ({ file, first, last }: LogHole): string => `${file} ${first}–${last}`;
const lost = { first: 4, last: 6, file: SEGMENT };

describe("L03 the repair of a log in files", () => {
  it("L03 L02 the scrub finds what nobody asks for, tells of it, and it can be put back", async () => {
    const image = await intact();
    const disk = new FaultDisk(rotten(image, await inBody(image)));
    const { log, told, open } = logOn(disk, 2 ** 30);
    expect((await open()).holes).toBeUndefined();
    await expect.poll(() => told).toMatchObject([lost]);
    expect(log.describe()).toMatchObject({ holes: 1, scrubTrouble: "" });
    await expect(log.read(5, 1_000)).rejects.toMatchObject({ code: "Damaged", details: lost });
    // Its neighbours are there.
    expect(await contentOf(log, 7, 60)).toEqual(words(7, 60, 1));
    await log.repair?.([block(4, 3, 1, 150)]);
    expect(log.describe()).toMatchObject({ holes: 0 });
    expect(await contentOf(log, 1, 60)).toEqual(words(1, 60, 1));
    await log.close();
    const again = logOn(new FaultDisk(disk.imageAfterCrash(() => 0)));
    expect((await again.open()).last).toEqual({ index: 60, term: 1 });
    expect(await contentOf(again.log, 1, 60)).toEqual(words(1, 60, 1));
    await again.log.close();
  });

  it("L03 L12 what was found is known when a restart comes before the repair, and not looked for any more behind it", async () => {
    const image = await intact();
    const first = new FaultDisk(rotten(image, await inBody(image)));
    const { log, open } = logOn(first);
    expect((await open()).holes).toBeUndefined();
    await expect(log.read(4, 1_000)).rejects.toMatchObject({ code: "Damaged", details: lost });
    // Nothing survives that was not synced.
    const second = new FaultDisk(first.imageAfterCrash(() => 0));
    const restarted = logOn(second);
    expect((await restarted.open()).holes).toMatchObject([lost]);
    expect(restarted.told).toEqual([]);
    await restarted.log.repair?.([block(4, 3, 1, 150)]);
    const third = logOn(new FaultDisk(second.imageAfterCrash(() => 0)));
    expect((await third.open()).holes).toBeUndefined();
    expect(second.list("/data/main/log")).not.toContain("suspects");
    for (const each of [log, restarted.log, third.log]) await each.close();
  });

  it("L03 L12 blocks lost from the active segment, which is closed for it, are known at every start until they are repaired", async () => {
    const disk = new FaultDisk();
    const { log, open } = logOn(disk);
    await open();
    for (let from = 1; from <= 9; from += 3) await log.write({ blocks: [block(from, 3, 1, 150)] });
    await log.close();
    const image = disk.imageAfterKill();
    let spoilt = new FaultDisk(rotten(image, await inBody(image)));
    for (const start of [1, 2, 3]) {
      const again = logOn(spoilt);
      expect((await again.open()).holes, `start ${start}`).toMatchObject([lost]);
      spoilt = new FaultDisk(spoilt.imageAfterCrash(() => 0));
    }
  });

  it("L03 a note that is damaged itself costs a look at all segments", async () => {
    const image = await intact();
    const disk = new FaultDisk(rotten(image, await inBody(image)));
    const found = logOn(disk);
    await found.open();
    await expect(found.log.read(4, 1_000)).rejects.toMatchObject({ details: lost });
    const after = disk.imageAfterCrash(() => 0);
    const note = (after.get("/data/main/log/suspects") as Uint8Array).slice();
    note[9] = 7;
    const again = logOn(new FaultDisk(new Map([...after, ["/data/main/log/suspects", note]])));
    expect((await again.open()).holes).toMatchObject([lost]);
    for (const each of [found.log, again.log]) await each.close();
  });

  it("L03 the scrub reads no more bytes in a second than it may", async () => {
    const { log, scheduler, open } = logOn(new FaultDisk(await intact()), SEGMENT_BYTES);
    await open();
    const surveyed = () => log.describe()["scrubbedSegments"];
    await expect.poll(surveyed).toBe(1);
    scheduler.pass(500);
    expect(surveyed()).toBe(1);
    scheduler.pass(500);
    await expect.poll(surveyed).toBe(2);
    await log.close();
    expect(scheduler.armed).toBe(0);
  });

  it("L03 what is wrong and hid nothing that counts is laid anew without help", async () => {
    const image = await intact();
    // The zeros that fill up the batch before that of entry 4.
    const head = Buffer.from(image.get(SEGMENT) as Uint8Array).lastIndexOf("HXBT", await inBody(image));
    const disk = new FaultDisk(rotten(image, head - 1));
    const { log, told, open } = logOn(disk, 2 ** 30);
    await open();
    await expect.poll(() => disk.trace.filter((line) => line.endsWith("rebuilt.tmp")).length).toBeGreaterThan(0);
    await log.close();
    expect(told).toEqual([]);
    const again = logOn(new FaultDisk(disk.imageAfterCrash(() => 0)));
    await again.open();
    expect(await contentOf(again.log, 1, 60)).toEqual(words(1, 60, 1));
    await again.log.close();
  });

  it("L03 L06 a crash at any step of a repair leaves the hole or the whole, and nothing else", async () => {
    const image = rotten(await intact(), await inBody(await intact()));
    const outcomes = new Set<string>();
    for (let step = 1; ; step++) {
      const disk = new FaultDisk(image);
      const { log, open } = logOn(disk);
      await open();
      await expect(log.read(4, 1_000)).rejects.toMatchObject({ details: lost });
      disk.crashBefore = disk.steps + step;
      const repaired = await log.repair?.([block(4, 3, 1, 150)]).then(
        () => true,
        (error: unknown) => !(error instanceof Crashed || String(error).includes("the process is gone")),
      );
      if (repaired === true) break;
      for (const kept of [0, 1]) {
        const after = logOn(new FaultDisk(disk.imageAfterCrash(() => kept)));
        expect((await after.open()).last).toEqual({ index: 60, term: 1 });
        const found = await contentOf(after.log, 4, 6).then(
          (content) => content.join(),
          (error: { details: LogHole }) => error.details,
        );
        outcomes.add(typeof found === "string" ? found : rangeOf(found));
        await after.log.close();
      }
    }
    expect([...outcomes].toSorted()).toEqual([`${SEGMENT} 4–6`, words(4, 6, 1).join()]);
  });
});
