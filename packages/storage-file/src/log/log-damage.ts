import type { Checksum, LogBlock, LogHole, LogIndex } from "@hexraft/core/ports";
import type { LogWriter } from "./log-writer.js";
import type { Segment } from "./segment.js";
import { lostAny, rebuildIn } from "./segment-rebuild.js";
import { surveySegment } from "./segment-survey.js";
import type { SoleBook } from "./sole-book.js";
import type { Suspects } from "./suspects.js";

/** L03: what is known to be missing from an open log. Reads and the scrub find it, a repair takes it away. */
export class LogDamage {
  /**
   * @param tell - hears of every hole that is found from now on.
   * @param holes - those that were found when the log was opened.
   */
  constructor(
    private readonly book: SoleBook,
    private readonly writer: LogWriter,
    private readonly checksum: Checksum,
    private readonly tell: (hole: LogHole) => void,
    private holes: readonly LogHole[],
    private readonly suspects: Suspects,
  ) {}

  /** L12: looks for what an earlier run knew to be lost: whoever votes must know of it before. */
  async look(): Promise<void> {
    if (!this.suspects.any) return;
    for (const segment of this.book.segments.closed)
      if (this.suspects.includes(segment.number)) await this.survey(segment);
    await this.forget();
  }

  /** The hole that an entry is in. */
  at(index: LogIndex): LogHole | undefined {
    return this.holes.find(({ first, last }) => first <= index && index <= last);
  }

  /** The last entry before the next hole above `index`. */
  soundFrom(index: LogIndex): LogIndex {
    return Math.min(Number.MAX_SAFE_INTEGER, ...this.holes.map(({ first }) => (first > index ? first - 1 : Infinity)));
  }

  /** All that is known to be missing, ascending. */
  get known(): readonly LogHole[] {
    return this.holes.toSorted((a, b) => a.first - b.first);
  }

  /**
   * Reads a segment to its end. Wrong bytes that hid nothing which still counts are laid anew at once, without anybody's help.
   *
   * @returns whether anything was wrong.
   */
  async survey(segment: Segment, pace?: (bytes: number) => Promise<void>): Promise<boolean> {
    const { state, segments } = this.book;
    const low = Math.max(segment.low, state.base.index + 1);
    const high = segments.highOf(segment);
    const found = await segment.reading(() => surveySegment(segment, low, high, this.checksum, pace));
    // Meanwhile a leader may have replaced them, or a snapshot their place.
    const { base } = state;
    const upTo = segments.highOf(segment);
    const holes = found.holes.filter(({ first, last }) => last > base.index && first <= upTo);
    const fresh = holes.filter(({ first, last }) => this.at(first) === undefined || this.at(last) === undefined);
    for (const hole of fresh)
      this.holes = [...this.holes.filter(({ first, last }) => last < hole.first || first > hole.last), hole];
    if (fresh.length > 0) await this.writer.maintain(() => this.suspects.add(segment.number));
    for (const hole of fresh) this.tell(hole);
    if (holes.length === 0 && found.wrong.length > 0 && segment.closed) await this.rebuild([], segment);
    return found.holes.length + found.wrong.length > 0;
  }

  /** Puts entries back; resolves when they are durable. */
  async repair(blocks: readonly LogBlock[]): Promise<void> {
    await this.rebuild(blocks);
    const first = blocks[0]?.first ?? 0;
    const last = blocks.at(-1)?.last ?? 0;
    this.holes = this.holes.flatMap((hole) => [
      ...(hole.first < first ? [{ ...hole, last: Math.min(hole.last, first - 1) }] : []),
      ...(hole.last > last ? [{ ...hole, first: Math.max(hole.first, last + 1) }] : []),
    ]);
    await this.forget();
  }

  private async forget(): Promise<void> {
    // Asked when it is its turn: a survey may have found another hole meanwhile, and noted it.
    await this.writer.maintain(async () => {
      if (this.holes.length === 0) await this.suspects.clear();
    });
  }

  /** Lays the segments anew that lost these entries, or one that has wrong bytes without having lost any. */
  private async rebuild(blocks: readonly LogBlock[], wrong?: Segment): Promise<void> {
    const { segments, state } = this.book;
    const isHit = (segment: Segment): boolean => segment.number === wrong?.number || lostAny(segments, segment, blocks);
    if (isHit(segments.active)) await this.writer.closeActive();
    await this.writer.maintain(async (parts) => {
      for (const segment of segments.closed.filter(isHit)) await rebuildIn(segments, segment, blocks, parts);
      state.restore(blocks);
    });
  }
}
