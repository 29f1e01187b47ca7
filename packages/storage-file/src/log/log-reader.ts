import { type Checksum, holeError, type LogBlock, type LogIndex, RaftError } from "@hexraft/core/ports";
import { damaged, messageOf } from "../format/faults.js";
import { type Range, readBlocks } from "./block-reader.js";
import type { LogDamage } from "./log-damage.js";
import type { Segment } from "./segment.js";
import { readAround } from "./segment-survey.js";
import type { SoleBook } from "./sole-book.js";

/** Reads a log back, from segment to segment, up to what it has lost (L03). */
export class LogReader {
  constructor(
    private readonly book: SoleBook,
    private readonly damage: LogDamage,
    private readonly checksum: Checksum,
  ) {}

  /** Empty if `from` is above the last entry, or at or below the base by now. */
  async read(from: LogIndex, bytesMax: number): Promise<readonly LogBlock[]> {
    const { state, segments } = this.book;
    const blocks: LogBlock[] = [];
    let wanted = from;
    let left = bytesMax;
    while (wanted > state.base.index && wanted <= state.last.index && left > 0) {
      const segment = segments.holding(wanted);
      const hole = this.damage.at(wanted);
      if (segment === undefined || (hole !== undefined && blocks.length > 0)) break;
      if (hole !== undefined) throw holeError(hole);
      const to = Math.min(segments.highOf(segment), this.damage.soundFrom(wanted));
      const range = { from: wanted, to, bytesMax: left };
      const more = await this.readFrom(segment, range);
      if (more === undefined) continue;
      for (const block of more) {
        if (blocks.length > 0 && block.sizeBytes > left) return blocks;
        blocks.push(block);
        left -= block.sizeBytes;
        wanted = block.last + 1;
      }
      if (wanted <= range.to) break;
    }
    return blocks;
  }

  /** `undefined` if the first entry turned out to be missing, and is known of from now on. */
  private async readFrom(segment: Segment, range: Range): Promise<readonly LogBlock[] | undefined> {
    try {
      return await segment.reading(() => readBlocks(segment, range, this.checksum));
    } catch (error) {
      if (!(error instanceof RaftError))
        throw damaged(segment.path, `it could not be read: ${messageOf(error)}`, 0, segment.end);
      if (!(await this.damage.survey(segment))) throw error;
      if (this.damage.at(range.from) !== undefined) return undefined;
      const around = await segment.reading(() => readAround(segment, range, this.checksum));
      if (around.length === 0) throw error;
      return around;
    }
  }
}
