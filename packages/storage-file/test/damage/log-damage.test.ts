import { beforeAll, describe, expect, it } from "vitest";
import { surveySegment } from "../../src/log/segment-survey.js";
import { JournalDisk } from "../crash-points/journal-disk.js";
import { checksum, OPEN } from "../support/host.js";
import { cutOff, type Damage, damagedImage, flip, zeroed } from "./damage.js";
import { DamagedReplica, illTold } from "./damaged-replica.js";
import { batchesOf } from "./places.js";
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
    "L02 L03 L12 any flipped bit, lost block or cut of the %s segment is refused with file and range, repaired, or costs nothing",
    async (which) => {
      expect(await replica.everywhere(segments.at(which === "active" ? -2 : -1) as string)).toEqual([]);
    },
    EVERYWHERE_MS,
  );

  it("L03 L12 of the active segment what costs the replica its place is little, and named", async () => {
    const { outcomes, refusals } = replica;
    const path = segments.at(-2) as string;
    const { length } = replica.bytesOf(path);
    const tally = async (damages: readonly Damage[]) => {
      Object.assign(outcomes, { recovered: 0, repaired: 0, forgotten: 0, refused: 0 });
      refusals.clear();
      for (const damage of damages) expect(await replica.misjudged(path, damage)).toBeUndefined();
      return { ...outcomes, why: [...refusals] };
    };
    // The last batch is 448 bytes long, and nothing behind it says what it was.
    const last = batchesOf(path, replica.bytesOf(path)).at(-1);
    const why = ["they were durable, and they are not there"];
    expect(last?.length).toBe(448);
    expect(await tally(Array.from({ length: length - 192 }, (_, i) => flip(192 + i)))).toEqual({
      recovered: 0,
      repaired: 384,
      forgotten: 832,
      refused: 448,
      why,
    });
    expect(await tally(Array.from({ length: (length - 192) / 64 }, (_, i) => zeroed(192 + 64 * i)))).toEqual({
      // The zeros that fill it up.
      recovered: 1,
      repaired: 0,
      forgotten: 12,
      refused: 13,
      why,
    });
  });

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
    "L03 any flipped bit of a closed segment is refused when it is opened, or found when its entries are read, and repaired",
    async () => {
      const wrong: string[] = [];
      const before = replica.outcomes.repaired;
      for (const path of segments.slice(0, -2)) {
        const { length } = replica.bytesOf(path);
        // Every byte of its head, of its first batches, and of its foot; of what repeats itself in between every 41st.
        for (let at = 0; at < length; at += at < 600 || at > length - 600 ? 1 : 41) {
          const found = await replica.misjudged(path, flip(at));
          if (found !== undefined) wrong.push(`${path} at ${at}: ${found}`);
        }
      }
      expect(wrong).toEqual([]);
      expect(replica.outcomes.repaired - before).toBeGreaterThan(1_000);
    },
    EVERYWHERE_MS,
  );

  it(
    "L03 any flipped bit between head and foot of a closed segment is seen when it is read through, and what it cost is named",
    async () => {
      const wrong: string[] = [];
      for (const path of segments.slice(0, -2)) {
        const bytes = replica.bytesOf(path);
        const batches = batchesOf(path, bytes);
        const { low, high, segment } = await replica.closedSegment(path);
        for (const { at: begin, length, first, last } of batches)
          for (let at = begin; at < begin + length; at++) {
            bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
            const found = await surveySegment(segment, low, high, checksum);
            bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
            const isSeen = found.wrong.length === 1 && (found.wrong[0]?.offset ?? 0) <= at;
            const isNamed = found.holes.every((hole) => hole.first >= first && hole.last <= last);
            if (!isSeen || !isNamed) wrong.push(`${path} at ${at}: ${JSON.stringify(found)}`);
          }
      }
      expect(wrong).toEqual([]);
    },
    EVERYWHERE_MS,
  );

  it(
    "L03 any lost block of a closed segment is refused when it is opened, or found when its entries are read, and repaired",
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
