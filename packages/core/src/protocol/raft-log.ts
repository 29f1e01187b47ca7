import { invariant } from "../model/errors.js";
import type { LogBlock } from "../model/log-block.js";
import type { LogId, LogIndex, Millis, Term, TermRun } from "../model/log-id.js";
import { Fifo } from "./fifo.js";
import { added, behind, NOTHING } from "./short-list.js";
import { TermRuns } from "./term-runs.js";

interface WriteUnderWay {
  readonly number: number;
  /** The last index that is durable once this write is. */
  lastDurable: LogIndex;
}

/**
 * What the log *is*: where it begins and ends, its terms, how far it is durable, and its recent blocks. How it is kept
 * is the LogManager's business. Rules R01, R02, R07, R13 (§5.3; sofa-jraft: LogManagerImpl).
 *
 * Writes are numbered. Each knows the last index that is durable once it is; a truncation lowers these numbers, and the
 * durable index itself, to what it leaves. So the late completion of a write whose entries were overwritten meanwhile
 * can neither acknowledge the new entries nor be lost, and no term has to be compared.
 */
export class RaftLog {
  /** The last removed entry (R01). */
  base: LogId;
  /** The last entry, or the base. */
  last: LogId;
  /** Everything up to here survives a crash. */
  durable: LogIndex;
  /** C03: log time of the last entry, ms. */
  lastLogTimeMs: Millis;
  /** Bytes of the blocks in memory. */
  cachedBytes = 0;
  /** R12: bytes appended and not yet applied. */
  unappliedBytes = 0;
  /** S07: bytes appended since the last snapshot. */
  bytesSinceSnapshot = 0;
  /** S10: bytes ever appended in this run. */
  bytesAppended = 0;
  /** Number of the newest write. */
  writeNumber = 0;

  private readonly terms: TermRuns;
  private readonly tail = new Fifo<LogBlock>();
  private readonly unapplied = new Fifo<LogBlock>();
  private writes: readonly WriteUnderWay[] = NOTHING;

  constructor(
    found: { base: LogId; last: LogId; runs: readonly TermRun[]; lastLogTimeMs: Millis },
    private readonly cacheBytesMax: number,
  ) {
    this.base = found.base;
    this.last = found.last;
    this.durable = found.last.index;
    this.lastLogTimeMs = found.lastLogTimeMs;
    this.terms = new TermRuns(found.base, found.last.index, found.runs);
  }

  /** Writes handed out and not yet durable. */
  get writesUnderWay(): number {
    return this.writes.length;
  }

  /** Term of the entry at `index`; `undefined` below the base and beyond the end. */
  termAt(index: LogIndex): Term | undefined {
    return this.terms.termAt(index);
  }

  /** Whether the log holds this very entry, or it is the base. */
  holds(id: LogId): boolean {
    return this.terms.termAt(id.index) === id.term;
  }

  /** First index of the stretch of one term that holds `index` (R04). */
  firstOfTermAt(index: LogIndex): LogIndex {
    return this.terms.firstOfRun(index);
  }

  /** Last index of the stretch of one term that holds `index`. */
  lastOfTermAt(index: LogIndex): LogIndex {
    return this.terms.lastOfRun(index);
  }

  /** The last index at or below `bound` with a term of at most `term` (R04). */
  lastIndexUpToTerm(term: Term, bound: LogIndex): LogIndex {
    return this.terms.lastIndexUpToTerm(term, bound);
  }

  /** Appends in memory; the outbox makes it durable. */
  append(block: LogBlock): void {
    invariant(block.first === this.last.index + 1, "R01 blocks follow one another without a gap", {
      first: block.first,
      last: this.last,
    });
    invariant(block.term >= this.last.term, "R01 terms never fall along the log", {
      block: block.term,
      last: this.last,
    });
    this.terms.append(block.first, block.last, block.term);
    this.last = block.lastId;
    this.lastLogTimeMs = block.logTimeMs;
    this.tail.push(block);
    this.unapplied.push(block);
    this.cachedBytes += block.sizeBytes;
    this.unappliedBytes += block.sizeBytes;
    this.bytesSinceSnapshot += block.sizeBytes;
    this.bytesAppended += block.sizeBytes;
    this.evict();
  }

  /** R02: removes `index` and all after it. */
  truncateFrom(index: LogIndex): void {
    invariant(index > this.base.index, "R02 nothing at or below the base is truncated", { index, base: this.base });
    this.terms.truncateFrom(index);
    this.cutEnd(this.tail, index, (bytes) => (this.cachedBytes -= bytes));
    this.cutEnd(this.unapplied, index, (bytes) => (this.unappliedBytes -= bytes));
    this.last = { index: index - 1, term: this.terms.termAt(index - 1) as Term };
    this.lowerDurable(index - 1);
  }

  /** S05: throws all away and begins after `base`; what the group committed up to `known` stays true whatever the disk holds. */
  resetTo(base: LogId, logTimeMs: Millis, known: LogIndex): void {
    this.terms.resetTo(base);
    this.base = base;
    this.last = base;
    this.lastLogTimeMs = logTimeMs;
    this.tail.clear();
    this.unapplied.clear();
    this.cachedBytes = 0;
    this.unappliedBytes = 0;
    this.lowerDurable(known);
  }

  /** L08: forgets everything up to `base`. */
  compactTo(base: LogId): void {
    this.terms.compactTo(base);
    this.base = base;
    while (this.tail.first !== undefined && this.tail.first.last <= base.index) this.dropOldest();
  }

  /** R13: nobody is likely to need a block up to `index` any more: what is durable of it is let go. Whoever does reads it from the disk. */
  release(index: LogIndex): void {
    const upTo = Math.min(index, this.durable);
    while (this.tail.first !== undefined && this.tail.first.last <= upTo) this.dropOldest();
  }

  /** Numbers the write that makes everything up to now durable. */
  beginWrite(): number {
    this.writes = added(this.writes, { number: ++this.writeNumber, lastDurable: this.last.index });
    return this.writeNumber;
  }

  /** All writes up to `number` are durable. */
  persisted(number: number): void {
    let done = 0;
    for (const write of this.writes) {
      if (write.number > number) break;
      this.durable = write.lastDurable;
      done++;
    }
    this.writes = behind(this.writes, done);
    invariant(this.durable <= this.last.index, "R07 the durable index is within the log", {
      durable: this.durable,
      last: this.last,
    });
    this.evict();
  }

  /** Everything up to `index` is applied: it no longer counts against R12. */
  applied(index: LogIndex): void {
    for (let block = this.unapplied.first; block !== undefined && block.last <= index; block = this.unapplied.first) {
      this.unapplied.shift();
      this.unappliedBytes -= block.sizeBytes;
    }
  }

  /**
   * Blocks from `from` on for one message: at least one entry, then as many as fit both bounds.
   * `undefined` if the beginning is not in memory any more (R13).
   */
  blocksFrom(from: LogIndex, entriesMax: number, bytesMax: number): LogBlock[] | undefined {
    const start = this.positionOf(from);
    if (start < 0) return undefined;
    const blocks: LogBlock[] = [];
    let entries = 0;
    let bytes = 0;
    for (let i = start; i < this.tail.length; i++) {
      const whole = this.tail.at(i) as LogBlock;
      const block = whole.first < from ? whole.slice(from, whole.last) : whole;
      const fits = entries + block.count <= entriesMax && bytes + block.sizeBytes <= bytesMax;
      if (!fits && entries > 0) break;
      if (fits || block.count === 1) blocks.push(block);
      else {
        blocks.push(block.slice(block.first, fittingEnd(block, entriesMax, bytesMax)));
        break;
      }
      entries += block.count;
      bytes += block.sizeBytes;
    }
    return blocks;
  }

  /** The blocks in memory that hold entries of `from … upTo`; the beginning may be missing, the end is there or nothing is. */
  blocksBetween(from: LogIndex, upTo: LogIndex): LogBlock[] {
    const blocks: LogBlock[] = [];
    for (let i = Math.max(0, this.positionOf(from)); i < this.tail.length; i++) {
      const block = this.tail.at(i) as LogBlock;
      if (block.first > upTo) break;
      if (block.last >= from) blocks.push(block);
    }
    return blocks;
  }

  /** C03 log time of the entry at `index`, if it is in memory. */
  logTimeAt(index: LogIndex): Millis | undefined {
    const position = this.positionOf(index);
    return position < 0 ? undefined : this.tail.at(position)?.logTimeMs;
  }

  /** Position in the tail of the block that holds `index`, or −1. Searched from the end, where it nearly always is. */
  private positionOf(index: LogIndex): number {
    if (index > this.last.index) return -1;
    let low = 0;
    let high = this.tail.length - 1;
    if (high < 0 || (this.tail.at(0) as LogBlock).first > index) return -1;
    if ((this.tail.at(high) as LogBlock).first <= index) return high;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.tail.at(middle) as LogBlock).first <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private lowerDurable(to: LogIndex): void {
    this.durable = Math.min(this.durable, to);
    for (const write of this.writes) write.lastDurable = Math.min(write.lastDurable, to);
  }

  private cutEnd(blocks: Fifo<LogBlock>, index: LogIndex, freed: (bytes: number) => void): void {
    for (let block = blocks.last; block !== undefined && block.last >= index; block = blocks.last) {
      blocks.pop();
      freed(block.sizeBytes);
      if (block.first >= index) continue;
      const kept = block.slice(block.first, index - 1);
      blocks.push(kept);
      freed(-kept.sizeBytes);
    }
  }

  /** R13: memory is bounded; what goes is durable, so it can be read back. */
  private evict(): void {
    while (
      this.cachedBytes > this.cacheBytesMax &&
      this.tail.first !== undefined &&
      this.tail.first.last <= this.durable
    )
      this.dropOldest();
  }

  private dropOldest(): void {
    this.cachedBytes -= this.tail.shift()?.sizeBytes ?? 0;
  }
}

function fittingEnd(block: LogBlock, entriesMax: number, bytesMax: number): LogIndex {
  let end = block.first;
  while (end < block.last && end - block.first + 2 <= entriesMax && block.sizeUpTo(end + 1) <= bytesMax) end++;
  return end;
}

/** R10: the beginning of consecutive blocks that one message may carry: at least one entry, then as many as fit both bounds. */
export function withinLimits(blocks: readonly LogBlock[], entriesMax: number, bytesMax: number): LogBlock[] {
  const taken: LogBlock[] = [];
  let entries = 0;
  let bytes = 0;
  for (const block of blocks) {
    const fits = entries + block.count <= entriesMax && bytes + block.sizeBytes <= bytesMax;
    if (!fits && entries > 0) break;
    taken.push(fits ? block : block.slice(block.first, fittingEnd(block, entriesMax, bytesMax)));
    if (!fits) break;
    entries += block.count;
    bytes += block.sizeBytes;
  }
  return taken;
}
