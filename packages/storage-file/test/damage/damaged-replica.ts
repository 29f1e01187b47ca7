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

/** What a replica says of itself each time; start number, cut and what is missing are another matter. */
type Lasting = Omit<OpenedLog, "startNumber" | "cut" | "holes" | "forgotten">;

/** What became of a damage: it cost nothing, entries of known or of unknown terms, or the replica's place. */
export type Outcome = "recovered" | "repaired" | "forgotten" | "refused";

/** A replica whose files go wrong one at a time, and what it said while they were right. */
export class DamagedReplica {
  private constructor(
    readonly intact: DiskImage,
    readonly whole: Lasting,
    /** Every entry, as `index@term`. */
    readonly content: readonly string[],
    private readonly blocks: readonly LogBlock[],
  ) {}

  /** How many damages ended how. */
  readonly outcomes: Record<Outcome, number> = { recovered: 0, repaired: 0, forgotten: 0, refused: 0 };
  /** Why some were refused, without the numbers. */
  readonly refusals = new Set<string>();

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
      const found = await log.open(OPEN);
      if (found.forgotten !== undefined) return await this.regained(disk, log, found, path, damage);
      const opened = lasting(found);
      for (const field of Object.keys(this.whole) as (keyof Lasting)[])
        if (JSON.stringify(opened[field]) !== JSON.stringify(this.whole[field])) return `${field} was lost in silence`;
      this.outcomes.recovered++;
      if (!path.endsWith(".seg")) return undefined;
      const { content, repairs, wrong } = await this.readAll(log, LAST, path, damage);
      if (repairs > 0) this.outcomes.recovered--;
      if (repairs > 0) this.outcomes.repaired++;
      if (wrong !== undefined) return wrong;
      if (content.join() !== this.content.join()) return "entries are not what they were";
      if (repairs === 0 || damage.at % 64 > 0) return undefined;
      await log.close();
      const again = await storagesOver(new JournalDisk(disk.image())).log.open(OPEN);
      return JSON.stringify(lasting(again)) === JSON.stringify(this.whole) ? undefined : "the repair did not last";
    } catch (error) {
      this.outcomes.refused++;
      if (error instanceof RaftError) this.refusals.add(whyOf(error));
      return illTold(error, path, damage);
    }
  }

  /** L03: the log ends early, and the replica knows how far it went, over restarts, until it holds what was committed up to there. */
  private async regained(
    disk: JournalDisk,
    log: LogStorage,
    { forgotten, last: { index }, hardState }: OpenedLog,
    path: string,
    damage: Damage,
  ): Promise<string | undefined> {
    this.outcomes.forgotten++;
    if (forgotten?.last !== LAST || forgotten.file !== path || index >= LAST)
      return `forgotten is ${JSON.stringify(forgotten)}`;
    if (!touches(damage, forgotten)) return "it is not in the range";
    if (JSON.stringify(hardState) !== JSON.stringify(this.whole.hardState)) return "the hard state was lost in silence";
    const { content, wrong } = await this.readAll(log, index, path, damage);
    if (wrong !== undefined) return wrong;
    if (content.join() !== this.content.slice(0, index).join()) return "entries are not what they were";
    if (damage.at % 64 > 0) return undefined;
    await log.close();
    const second = storagesOver(disk).log;
    const again = await second.open(OPEN);
    if (JSON.stringify([again.forgotten, again.last.index]) !== JSON.stringify([forgotten, index]))
      return "it was forgotten anew";
    const blocks = this.blocks.flatMap((block) =>
      block.last > index ? [block.slice(Math.max(block.first, index + 1), block.last)] : [],
    );
    await second.write({ blocks, commitHint: LAST - 1 });
    await second.close();
    const third = storagesOver(disk).log;
    if ((await third.open(OPEN)).forgotten === undefined) return "it counted too early";
    await third.write({ commitHint: LAST });
    await third.close();
    const { log: whole } = storagesOver(disk);
    const { forgotten: left, ...said } = await whole.open(OPEN);
    if (left !== undefined) return "it never counts again";
    if (JSON.stringify(lasting({ ...said, commitHint: this.whole.commitHint })) !== JSON.stringify(this.whole))
      return "it is another log";
    return (await contentOf(whole, 1, LAST)).join() === this.content.join()
      ? undefined
      : "entries are not what they were";
  }

  /** Entries 1 to `last`, those that were lost put back; or what is wrong with how the adapter says that they were. */
  private async readAll(log: LogStorage, last: number, path: string, damage: Damage) {
    for (let repairs = 0; ; repairs++) {
      try {
        return { repairs, content: last === 0 ? [] : await contentOf(log, 1, last), wrong: undefined };
      } catch (error) {
        const wrong = illTold(error, path, damage);
        if (wrong !== undefined) return { repairs, content: [], wrong };
        await this.repair(log, (error as RaftError).details as unknown as LogHole);
      }
    }
  }

  private async repair(log: LogStorage, { first, last }: LogHole): Promise<void> {
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

/** A refusal's reason, the same for all places. */
function whyOf({ message, details }: RaftError): string {
  const { file, offset, length } = details as { file: string; offset: number; length: number };
  const [why = ""] = message
    .replace(`${file} is damaged at bytes ${offset}–${offset + length - 1}: `, "")
    .split(". Keep");
  return why.replaceAll(/\d+/g, "n");
}

function lasting({
  startNumber: _start,
  cut: _cut,
  holes: _holes,
  forgotten: _forgotten,
  ...whole
}: OpenedLog): Lasting {
  return whole;
}

const touches = (damage: Damage, { offset, length }: Pick<LogHole, "offset" | "length">): boolean =>
  offset < damage.at + damage.length && damage.at < offset + length;

/** A refusal names the file, and a range that touches the damage. */
export function illTold(error: unknown, path: string, damage: Damage): string | undefined {
  if (!(error instanceof RaftError) || !["Damaged", "FormatUnknown"].includes(error.code)) return String(error);
  const { file, offset, length } = error.details as { file: string; offset: number; length: number };
  if (file !== path) return `${file} is named instead: ${error.message}`;
  return touches(damage, { offset, length }) ? undefined : `${damage.at} is not in the range: ${error.message}`;
}
