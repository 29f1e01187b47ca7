import { type LogBlock, type LogHole, type LogStorage, type OpenedLog, RaftError } from "@hexraft/core/ports";
import { recoverLog } from "../../src/log/recovery.js";
import type { Segment } from "../../src/log/segment.js";
import { SegmentFiles } from "../../src/log/segment-files.js";
import { SegmentList } from "../../src/log/segment-list.js";
import { type DiskImage, JournalDisk, parentOf } from "../crash-points/journal-disk.js";
import { checksum, contentOf, OPEN } from "../support/host.js";
import { type Damage, damagedImage, everyDamage } from "./damage.js";
import { intactReplica, LAST, storagesOver } from "./replica.js";

const OWNER = {
  clusterId: "0123456789abcdef0123456789abcdef",
  incarnation: OPEN.newIncarnation,
  groupId: OPEN.groupId,
};

/** What a replica says of itself each time; start number, cut and holes are another matter. */
type Lasting = Omit<OpenedLog, "startNumber" | "cut" | "holes">;

/** A replica whose files go wrong one at a time, and what it said while they were right. */
export class DamagedReplica {
  private constructor(
    readonly intact: DiskImage,
    readonly whole: Lasting,
    /** Every entry, as `index@term`. */
    readonly content: readonly string[],
    private readonly blocks: readonly LogBlock[],
  ) {}

  /** L03: how many damages were made good with what others have. */
  repairs = 0;

  static async make(): Promise<DamagedReplica> {
    const intact = await intactReplica();
    const { log } = storagesOver(new JournalDisk(intact));
    const whole = lasting(await log.open(OPEN));
    const blocks: LogBlock[] = [];
    for (let next = 1; next <= LAST; next = (blocks.at(-1)?.last ?? 0) + 1)
      blocks.push(...(await log.read(next, 4_096)));
    return new DamagedReplica(intact, whole, await contentOf(log, 1, LAST), blocks);
  }

  get paths(): readonly string[] {
    return [...this.intact.files.keys()];
  }

  bytesOf(path: string): Uint8Array {
    return this.intact.files.get(path) as Uint8Array;
  }

  /**
   * What was wrong with how the replica dealt with a damage; `undefined` if it refused it in the right words, lost nothing by it, or
   * said which entries it lost, and has them again once it is given them (L03).
   */
  async misjudged(path: string, damage: Damage): Promise<string | undefined> {
    const disk = new JournalDisk(damagedImage(this.intact, path, damage));
    const { log } = storagesOver(disk);
    try {
      const opened = lasting(await log.open(OPEN));
      for (const field of Object.keys(this.whole) as (keyof Lasting)[])
        if (JSON.stringify(opened[field]) !== JSON.stringify(this.whole[field])) return `${field} was lost in silence`;
      if (!path.endsWith(".seg")) return undefined;
      const read = await this.readAll(log, path, damage);
      if (typeof read === "string") return read;
      const hole = Array.isArray(read) ? undefined : read;
      if (hole !== undefined) await this.repair(log, hole);
      const found = Array.isArray(read) ? read : await contentOf(log, 1, LAST);
      if (found.join() !== this.content.join()) return "entries are not what they were";
      if (hole === undefined || damage.at % 64 > 0) return undefined;
      await log.close();
      const again = await storagesOver(new JournalDisk(disk.image())).log.open(OPEN);
      return JSON.stringify(lasting(again)) === JSON.stringify(this.whole) ? undefined : "the repair did not last";
    } catch (error) {
      return illTold(error, path, damage);
    }
  }

  /** All entries; or those that were lost, as the adapter says when it is asked for all; or what is wrong with how it says it. */
  private async readAll(log: LogStorage, path: string, damage: Damage): Promise<string[] | LogHole | string> {
    try {
      return await contentOf(log, 1, LAST);
    } catch (error) {
      const told = illTold(error, path, damage);
      if (told !== undefined) return told;
      return (error as RaftError).details as unknown as LogHole;
    }
  }

  private async repair(log: LogStorage, { first, last }: LogHole): Promise<void> {
    this.repairs++;
    const lost = this.blocks.filter((block) => block.last >= first && block.first <= last);
    await log.repair?.(lost.map((block) => block.slice(Math.max(block.first, first), Math.min(block.last, last))));
  }

  /** A closed segment as an adapter has it that opened it while it was intact, over the very bytes of {@link bytesOf}. */
  async closedSegment(
    path: string,
  ): Promise<{ readonly segment: Segment; readonly low: number; readonly high: number }> {
    const files = new SegmentFiles(parentOf(path), new JournalDisk(this.intact), checksum, 16_384, false);
    const { segments, state } = await recoverLog(files, files.numbers(), OWNER, checksum);
    const segment = segments.find((each) => each.path === path) as Segment;
    return { segment, low: segment.low, high: new SegmentList(segments, state).highOf(segment) };
  }

  /** Each damage of a file that was misjudged, in words. */
  async everywhere(path: string): Promise<readonly string[]> {
    const wrong: string[] = [];
    for (const damage of everyDamage(this.bytesOf(path).length)) {
      const found = await this.misjudged(path, damage);
      if (found !== undefined) wrong.push(`${path} at ${damage.at}: ${found}`);
    }
    return wrong;
  }
}

function lasting({ startNumber: _start, cut: _cut, holes: _holes, ...whole }: OpenedLog): Lasting {
  return whole;
}

/** A refusal names the file, and a range that touches the damage. */
export function illTold(error: unknown, path: string, damage: Damage): string | undefined {
  if (!(error instanceof RaftError) || !["Damaged", "FormatUnknown"].includes(error.code)) return String(error);
  const { file, offset, length } = error.details as { file: string; offset: number; length: number };
  if (file !== path) return `${file} is named instead: ${error.message}`;
  const touches = offset < damage.at + damage.length && damage.at < offset + length;
  return touches ? undefined : `${damage.at} is not in the range: ${error.message}`;
}
