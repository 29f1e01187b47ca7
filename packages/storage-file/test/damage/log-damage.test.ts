import type { LogStorage } from "@hexraft/core/ports";
import { beforeAll, describe, expect, it } from "vitest";
import { SEGMENT_HEADER_BYTES } from "../../src/log/segment-header.js";
import { JournalDisk } from "../crash-points/journal-disk.js";
import { contentOf, OPEN } from "../support/host.js";
import { cutOff, damagedImage, flip, zeroed } from "./damage.js";
import { DamagedReplica, illTold } from "./damaged-replica.js";
import { batchesOf, type Place } from "./places.js";
import { LAST, NEWEST, storagesOver } from "./replica.js";

const EVERYWHERE_MS = 120_000;

let replica: DamagedReplica;
/** Closed ones, the active one, and the one made ahead. */
let segments: readonly string[];
beforeAll(async () => {
  replica = await DamagedReplica.make();
  segments = replica.paths.filter((path) => path.endsWith(".seg")).toSorted((a, b) => (a < b ? -1 : 1));
});

describe("a damaged log", () => {
  it("L03 L12 is as long as it is meant to be here", () => {
    const bytes = segments.reduce((sum, path) => sum + replica.bytesOf(path).length, 0);
    expect(bytes).toBeGreaterThan(64 * 1024);
    expect(replica.whole).toMatchObject({ last: { index: LAST, term: 6 }, hardState: NEWEST });
  });

  it.each(["active", "next"])(
    "L02 L03 L12 any flipped bit, lost block or cut of the %s segment is refused with file and range, or costs nothing",
    async (which) => {
      expect(await replica.everywhere(segments.at(which === "active" ? -2 : -1) as string)).toEqual([]);
    },
    EVERYWHERE_MS,
  );

  it(
    "L03 L09 any cut of a closed segment is refused when it is opened",
    async () => {
      const wrong: string[] = [];
      for (const path of segments.slice(0, -2)) {
        for (let at = 0; at < replica.bytesOf(path).length; at++) {
          const disk = new JournalDisk(damagedImage(replica.intact, path, cutOff(at)));
          const told = await storagesOver(disk)
            .log.open(OPEN)
            .then(
              () => "it was opened",
              (error: unknown) => illTold(error, path, cutOff(at)),
            );
          if (told !== undefined) wrong.push(`${path} at ${at}: ${told}`);
        }
      }
      expect(wrong).toEqual([]);
    },
    EVERYWHERE_MS,
  );

  it(
    "L03 any flipped bit of a closed segment is refused, when it is opened or when its entries are read",
    async () => {
      const wrong: string[] = [];
      for (const path of segments.slice(0, -2)) {
        const disk = new JournalDisk(replica.intact);
        const { log } = storagesOver(disk);
        await log.open(OPEN);
        // It rots under an open log, which looks at heads and feet no more: those are flipped before it is opened.
        const bytes = replica.bytesOf(path);
        const batches = batchesOf(path, bytes);
        for (let at = 0; at < bytes.length; at++) {
          const behind = batches.findIndex((batch) => at < batch.at + batch.length);
          const isOpened = at < SEGMENT_HEADER_BYTES || behind < 0 || at % 256 === 0;
          const found = isOpened
            ? await replica.misjudged(path, flip(at))
            : await rotten(log, path, at, batches.slice(behind, behind + 2));
          if (found !== undefined) wrong.push(`${path} at ${at}: ${found}`);
        }
      }
      expect(wrong).toEqual([]);
    },
    EVERYWHERE_MS,
  );

  it(
    "L03 any lost block of a closed segment is refused, when it is opened or when its entries are read",
    async () => {
      const wrong: string[] = [];
      for (const path of segments.slice(0, -2)) {
        for (let at = 0; at < replica.bytesOf(path).length; at += 64) {
          const found = await replica.misjudged(path, zeroed(at));
          if (found !== undefined) wrong.push(`${path} at ${at}: ${found}`);
        }
      }
      expect(wrong).toEqual([]);
    },
    EVERYWHERE_MS,
  );

  it(
    "L02 L03 a batch that was written to another place is never taken for the one that belongs there",
    async () => {
      const wrong: string[] = [];
      const batches = segments.slice(0, -1).flatMap((path) => batchesOf(path, replica.bytesOf(path)));
      for (const from of batches) {
        for (const to of batches) {
          if (from === to) continue;
          const bytes = replica.bytesOf(from.path).subarray(from.at, from.at + from.length);
          const apply = (into: Uint8Array) => {
            const hit = into.slice();
            hit.set(bytes.subarray(0, into.length - to.at), to.at);
            return hit;
          };
          const found = await replica.misjudged(to.path, { at: to.at, length: bytes.length, apply });
          if (found !== undefined) wrong.push(`${from.path} ${from.at} at ${to.path} ${to.at}: ${found}`);
        }
      }
      expect(batches.length).toBeGreaterThan(40);
      expect(wrong).toEqual([]);
    },
    EVERYWHERE_MS,
  );
});

/** Reads the entries there while one bit is wrong: those of its batch, and of the one behind its padding. */
async function rotten(
  log: LogStorage,
  path: string,
  at: number,
  batches: readonly Place[],
): Promise<string | undefined> {
  const bytes = replica.bytesOf(path);
  const right = bytes[at] as number;
  const first = Math.min(...batches.map((batch) => batch.first));
  const last = Math.max(...batches.map((batch) => batch.last));
  bytes[at] = right ^ (1 << (at % 8));
  try {
    const found = await contentOf(log, first, last);
    return found.join() === replica.content.slice(first - 1, last).join()
      ? undefined
      : "entries are not what they were";
  } catch (error) {
    return illTold(error, path, flip(at));
  } finally {
    bytes[at] = right;
  }
}
