import {
  EntryType,
  FRESH_HARD_STATE,
  type HardState,
  holeError,
  LOG_START,
  type LogBlock,
  type LogHole,
  type LogId,
  type LogIndex,
  type LogWrite,
  type OpenedLog,
  RaftError,
  type Term,
} from "@hexraft/core/ports";

/** What a write does to the end of a log: checked before it is queued, so that a wrong call never lands. */
export interface LogEnds {
  /** Last removed entry. */
  readonly base: LogId;
  /** Last entry, or the base. */
  readonly lastIndex: LogIndex;
}

/** A log as it stands on a disk: blocks in order, without a gap, from base + 1 on. */
export class LogImage {
  /** The newest hard state. */
  hardState: HardState = FRESH_HARD_STATE;
  /** R08: known to be committed. */
  commitHint: LogIndex = 0;
  /** The last removed entry. */
  base: LogId = LOG_START;
  private blocks: LogBlock[] = [];

  /** L03: entries that cannot be read any more, ascending. */
  holes: readonly LogHole[] = [];

  /** The last entry, or the base. */
  get last(): LogId {
    return this.blocks.at(-1)?.lastId ?? this.base;
  }

  /** Where it begins and ends. */
  get ends(): LogEnds {
    return { base: this.base, lastIndex: this.last.index };
  }

  /** Blocks held. */
  get blockCount(): number {
    return this.blocks.length;
  }

  /** Does one write, whole. */
  land(write: LogWrite): void {
    if (write.hardState !== undefined) this.hardState = write.hardState;
    if (write.resetTo !== undefined) {
      this.blocks = [];
      this.base = write.resetTo;
    }
    if (write.truncateFrom !== undefined) this.truncate(write.truncateFrom);
    if (write.blocks !== undefined) for (const block of write.blocks) this.blocks.push(block);
    if (write.compactTo !== undefined) this.compact(write.compactTo);
    if (write.commitHint !== undefined) this.commitHint = write.commitHint;
    this.commitHint = Math.min(this.commitHint, this.last.index);
    if (write.truncateFrom !== undefined) this.holes = clipped(this.holes, 0, write.truncateFrom - 1);
    this.holes = clipped(this.holes, this.base.index, this.last.index);
  }

  /** L03: these entries are lost: nobody gets to see again what was in them. */
  lose(first: LogIndex, last: LogIndex): LogHole {
    const hole = { first, last, file: "memory", offset: first, length: last - first + 1 };
    this.holes = [...clipped(this.holes, 0, first - 1), hole, ...clipped(this.holes, last, this.last.index)];
    return hole;
  }

  /** L03: entries that were lost are what these blocks say. */
  restore(blocks: readonly LogBlock[]): void {
    for (const block of blocks) {
      const isLost = this.holes.some(({ first, last }) => first <= block.first && block.last <= last);
      if (!isLost) continue;
      const before = this.blocks.filter(({ first }) => first < block.first);
      const after = this.blocks.filter(({ last }) => last > block.last);
      this.blocks = [
        ...before.map((each) => each.slice(each.first, Math.min(each.last, block.first - 1))),
        block,
        ...after.map((each) => each.slice(Math.max(each.first, block.last + 1), each.last)),
      ];
      const [from, to] = [block.first, block.last];
      this.holes = [...clipped(this.holes, 0, from - 1), ...clipped(this.holes, to, this.last.index)];
    }
  }

  /** Blocks from `from` on, at least one, as many as fit. */
  read(from: LogIndex, bytesMax: number): readonly LogBlock[] {
    if (from <= this.base.index || from > this.last.index)
      throw new RaftError(
        "Damaged",
        "refused",
        `entry ${from} is not in the log, which holds ${this.base.index + 1}–${this.last.index}`,
        { from },
      );
    const hole = this.holes.find(({ last }) => last >= from);
    if (hole !== undefined && hole.first <= from) throw holeError(hole);
    const result: LogBlock[] = [];
    let bytes = 0;
    for (let at = this.blockOf(from); at < this.blocks.length; at++) {
      const whole = this.blocks[at] as LogBlock;
      const last = Math.min(whole.last, (hole?.first ?? Number.POSITIVE_INFINITY) - 1);
      if (last < whole.first) break;
      const block = whole.slice(Math.max(whole.first, from), last);
      bytes += block.sizeBytes;
      if (bytes <= bytesMax) {
        result.push(block);
        continue;
      }
      if (result.length === 0) result.push(fitting(block, bytesMax));
      break;
    }
    return result;
  }

  /** Stretches of one term. */
  runs(): OpenedLog["runs"] {
    const runs: { first: LogIndex; term: Term }[] = [];
    for (const { first, term } of this.blocks) if (runs.at(-1)?.term !== term) runs.push({ first, term });
    return runs;
  }

  /** Where configurations stand. */
  configurationIndices(): readonly LogIndex[] {
    const found: LogIndex[] = [];
    for (const block of this.blocks) {
      for (let index = block.first; index <= block.last; index++) {
        if (block.typeAt(index) === EntryType.configuration) found.push(index);
      }
    }
    return found;
  }

  /** All of it. */
  entries(): (LogId & { readonly type: EntryType; readonly payload: Uint8Array })[] {
    return this.blocks.flatMap((block) =>
      Array.from({ length: block.count }, (_, i) => {
        const index = block.first + i;
        return { index, term: block.term, type: block.typeAt(index), payload: block.payloadAt(index) };
      }),
    );
  }

  private truncate(from: LogIndex): void {
    while ((this.blocks.at(-1)?.last ?? 0) >= from) {
      const block = this.blocks.pop() as LogBlock;
      if (block.first < from) this.blocks.push(block.slice(block.first, from - 1));
    }
  }

  private compact(upTo: LogId): void {
    let dropped = 0;
    while (dropped < this.blocks.length && (this.blocks[dropped] as LogBlock).last <= upTo.index) dropped++;
    if (dropped === 0) return;
    this.base = (this.blocks[dropped - 1] as LogBlock).lastId;
    this.blocks.splice(0, dropped);
  }

  private blockOf(index: LogIndex): number {
    let low = 0;
    let high = this.blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.blocks[middle] as LogBlock).first <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Those parts of holes that lie above `base` and up to `last`. */
const clipped = (holes: readonly LogHole[], base: LogIndex, last: LogIndex): LogHole[] =>
  holes
    .map((hole) => ({ ...hole, first: Math.max(hole.first, base + 1), last: Math.min(hole.last, last) }))
    .filter((hole) => hole.first <= hole.last);

/** The beginning of a block that fits, or its first entry alone. */
function fitting(block: LogBlock, bytesMax: number): LogBlock {
  let to = block.first;
  while (to < block.last && block.sizeUpTo(to + 1) <= bytesMax) to++;
  return block.slice(block.first, to);
}

/**
 * Where the log ends after `write`.
 *
 * @throws Error if the write does not continue the log: the caller broke the port's contract.
 */
export function endsAfter(ends: LogEnds, write: LogWrite): LogEnds {
  let { base, lastIndex } = ends;
  if (write.resetTo !== undefined) {
    base = write.resetTo;
    lastIndex = write.resetTo.index;
  }
  if (write.truncateFrom !== undefined) {
    if (write.truncateFrom <= base.index)
      throw new Error(`truncateFrom ${write.truncateFrom} is not above the base ${base.index}`);
    lastIndex = Math.min(lastIndex, write.truncateFrom - 1);
  }
  for (const block of write.blocks ?? []) {
    if (block.first !== lastIndex + 1)
      throw new Error(`a block that begins at ${block.first} does not continue a log that ends at ${lastIndex}`);
    lastIndex = block.last;
  }
  if (write.compactTo !== undefined && write.compactTo.index > lastIndex)
    throw new Error(`compactTo ${write.compactTo.index} is beyond the last entry ${lastIndex}`);
  return { base, lastIndex };
}
