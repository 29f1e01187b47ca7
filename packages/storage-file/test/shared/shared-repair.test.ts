import type { GroupStorage, LogHole, LogStorage, OpenedLog } from "@hexraft/core/ports";
import { describe, expect, it, onTestFinished } from "vitest";
import { sharedBlockAt } from "../damage/places.js";
import { Crashed, FaultDisk } from "../support/fault-disk.js";
import { block, contentOf, words } from "../support/host.js";
import { ManualScheduler } from "../support/manual-scheduler.js";
import { groupsOf, OPEN_GROUPS, openOf } from "../support/shared.js";

const FIRST = "/data/log/0000000000000001.seg";
type Image = ReadonlyMap<string, Uint8Array>;

interface Life {
  readonly groups: GroupStorage;
  readonly hit: LogStorage;
  readonly well: LogStorage;
  readonly opened: OpenedLog;
  /** Holes that "hit" was told of since. */
  readonly told: readonly LogHole[];
}

async function live(disk: FaultDisk): Promise<Life> {
  const scheduler = new ManualScheduler().asPort();
  const groups = groupsOf("/data", { segmentBytesMax: 4_096, files: disk, scheduler });
  await groups.open(OPEN_GROUPS);
  const [hit, well] = [groups.group("hit").log, groups.group("well").log];
  const told: LogHole[] = [];
  const opened = await hit.open({
    ...openOf("hit"),
    watcher: { damaged: (hole) => void told.push(hole), failed: () => {} },
  });
  await well.open(openOf("well"));
  onTestFinished(async () => {
    await hit.close();
    await well.close();
    await groups.close();
  });
  return { groups, hit, well, opened, told };
}

/** Sixty entries of "hit" in some segments, and others' among them, shut down in good order. */
async function intact(): Promise<Image> {
  const disk = new FaultDisk();
  const { groups, hit, well } = await live(disk);
  for (let first = 1; first <= 60; first += 3) {
    await hit.write({ blocks: [block(first, 3, 1, 150)] });
    await well.write({ blocks: [block(first, 3, 1, 20)] });
  }
  await hit.close();
  await well.close();
  await groups.close();
  return disk.imageAfterKill();
}

/** A bit of the last entry's bytes in that block is another one. */
function rotten(image: Image, first: number, last: number): Image {
  const bytes = (image.get(FIRST) as Uint8Array).slice();
  const at = sharedBlockAt(FIRST, bytes, first, last) + 120;
  bytes[at] = (bytes[at] as number) ^ 1;
  return new Map([...image, [FIRST, bytes]]);
}

const lost = { first: 4, last: 6, file: FIRST };

describe("the repair of a log that many groups share", () => {
  it("L03 G03 lost entries of a closed segment are known from the start, and no other group hears of them", async () => {
    const { opened, hit, well, told } = await live(new FaultDisk(rotten(await intact(), 4, 6)));
    expect(opened).toMatchObject({ last: { index: 60, term: 1 }, holes: [lost] });
    expect(told).toEqual([]);
    await expect(hit.read(5, 1_000)).rejects.toMatchObject({ code: "Damaged", details: lost });
    expect(await contentOf(hit, 1, 3)).toEqual(words(1, 3, 1));
    expect(await contentOf(hit, 7, 60)).toEqual(words(7, 60, 1));
    await well.write({ blocks: [block(61, 1, 1)] });
    expect(await contentOf(well, 1, 61)).toEqual(words(1, 61, 1));
  });

  it("L03 what rots while the log is open is told of when it is read, and a read before it ends there", async () => {
    const image = await intact();
    const disk = new FaultDisk(image);
    const { hit, told } = await live(disk);
    disk.open(FIRST, {}).writev([rotten(image, 4, 6).get(FIRST) as Uint8Array], 0);
    expect((await hit.read(1, 100_000)).at(-1)?.last).toBe(3);
    expect(told).toMatchObject([lost]);
    await expect(hit.read(4, 1_000)).rejects.toMatchObject({ code: "Damaged", details: lost });
    expect(told).toHaveLength(1);
    await hit.repair?.([block(4, 3, 1, 150)]);
    expect(await contentOf(hit, 1, 60)).toEqual(words(1, 60, 1));
  });

  it("L03 L06 a crash at any step of a repair leaves the hole or the whole, and nothing else", async () => {
    const image = rotten(await intact(), 4, 6);
    const outcomes = new Set<string>();
    for (let step = 1; ; step++) {
      const disk = new FaultDisk(image);
      const { hit } = await live(disk);
      disk.crashBefore = disk.steps + step;
      const repaired = await hit.repair?.([block(4, 3, 1, 150)]).then(
        () => true,
        (error: unknown) => !(error instanceof Crashed || String(error).includes("the process is gone")),
      );
      if (repaired === true) break;
      for (const kept of [0, 1]) {
        const after = await live(new FaultDisk(disk.imageAfterCrash(() => kept)));
        const [hole] = after.opened.holes ?? [];
        const content = hole === undefined ? await contentOf(after.hit, 1, 60) : [];
        outcomes.add(hole === undefined ? content.join() : `${hole.file} ${hole.first}–${hole.last}`);
      }
    }
    expect([...outcomes].toSorted()).toEqual([`${FIRST} 4–6`, words(1, 60, 1).join()]);
  });

  it("L03 what a leader replaced, or a snapshot covered, while it was being fetched does not come back", async () => {
    const { hit } = await live(new FaultDisk(rotten(await intact(), 4, 6)));
    const cut = hit.write({ truncateFrom: 6, blocks: [block(6, 1, 2)] });
    await Promise.all([cut, hit.repair?.([block(4, 3, 1, 150)])]);
    expect(await contentOf(hit, 1, 6)).toEqual([...words(1, 5, 1), "6@2"]);
    expect(hit.describe()).toMatchObject({ holes: 0, last: 6 });
    const covered = await live(new FaultDisk(rotten(await intact(), 4, 6)));
    const compacted = covered.hit.write({ compactTo: { index: 5, term: 1 } });
    await Promise.all([compacted, covered.hit.repair?.([block(4, 3, 1, 150)])]);
    expect(await contentOf(covered.hit, 6, 60)).toEqual(words(6, 60, 1));
    expect(await covered.hit.read(5, 1_000)).toEqual([]);
  });

  it("G05 L03 what is lost holds its segment until it is repaired, and what is not lost is copied forward", async () => {
    const disk = new FaultDisk(rotten(await intact(), 4, 6));
    const { hit, well } = await live(disk);
    const grow = async (from: number): Promise<void> => {
      for (let first = from; first < from + 180; first += 3) {
        await well.write({ blocks: [block(first, 3, 1, 150)] });
        await well.write({ compactTo: { index: first, term: 1 } });
      }
    };
    const oldest = () =>
      disk
        .list("/data/log")
        .filter((name) => name.endsWith(".seg"))
        .toSorted()[0];
    await grow(61);
    expect(oldest()).toBe("0000000000000001.seg");
    expect(await contentOf(hit, 7, 60)).toEqual(words(7, 60, 1));
    await hit.repair?.([block(4, 3, 1, 150)]);
    await grow(241);
    await expect.poll(oldest).not.toBe("0000000000000001.seg");
    expect(await contentOf(hit, 1, 60)).toEqual(words(1, 60, 1));
  });
});
