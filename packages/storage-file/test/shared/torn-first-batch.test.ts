import type { OpenedLog } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { FaultDisk } from "../support/fault-disk.js";
import { block, contentOf, words } from "../support/host.js";
import { ManualScheduler } from "../support/manual-scheduler.js";
import { groupsOf, OPEN_GROUPS, openOf } from "../support/shared.js";

type Image = ReadonlyMap<string, Uint8Array>;
const HEAD_BYTES = 192;

async function open(disk: FaultDisk) {
  const groups = groupsOf("/data", { segmentBytesMax: 4_096, files: disk, scheduler: new ManualScheduler().asPort() });
  await groups.open({ ...OPEN_GROUPS, onFailed: () => {} });
  const { log } = groups.group("a");
  const opened: OpenedLog = await log.open(openOf("a"));
  return { log, opened };
}
/** Segments that hold more than a head, oldest first. */
const used = (image: Image): string[] =>
  [...image]
    .filter(([path, bytes]) => path.endsWith(".seg") && bytes.length > HEAD_BYTES)
    .map(([path]) => path)
    .toSorted();

/** A log killed right behind the write that began a segment: that write's last entry, and the segment. */
async function justBegun(): Promise<{ readonly image: Image; readonly last: number; readonly path: string }> {
  const disk = new FaultDisk();
  const { log } = await open(disk);
  for (let last = 3; ; last += 3) {
    await log.write({ blocks: [block(last - 2, 3, 1, 150)] });
    const image = disk.imageAfterKill();
    const [, path] = used(image);
    // The one behind it may have been made ahead by then.
    if (path !== undefined)
      return { last, path, image: new Map([...image].filter(([name]) => !name.endsWith(".seg") || name <= path)) };
  }
}

describe("the first batch of a segment of a shared log", () => {
  it("L02 L06 G01 that lacks only a zero at its end is not made whole by the zeros that are laid out there", async () => {
    const { image, last, path } = await justBegun();
    const bytes = image.get(path) as Uint8Array;
    expect(bytes.at(-1)).toBe(0);
    const torn = new FaultDisk(new Map([...image, [path, bytes.slice(0, -1)]]));
    const { log, opened } = await open(torn);
    // The write did not end, and its caller was never answered.
    expect(opened.last.index).toBe(last - 3);
    await log.write({ blocks: [block(last - 2, 1, 2)] });
    const later = torn.imageAfterKill();
    const found = later.get(path) ?? new Uint8Array(0);
    const laidOut = new Uint8Array(Math.max(found.length, 4_096));
    laidOut.set(found);
    const readAgain = async (): Promise<readonly string[]> => {
      const next = await open(new FaultDisk(new Map([...later, [path, laidOut]])));
      return contentOf(next.log, last - 5, last - 2);
    };
    expect(await readAgain().catch(String)).toEqual([...words(last - 5, last - 3, 1), `${last - 2}@2`]);
  });
});
