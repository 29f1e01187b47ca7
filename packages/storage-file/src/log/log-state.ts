import {
  EntryType,
  FRESH_HARD_STATE,
  type HardState,
  LOG_START,
  type LogBlock,
  type LogId,
  type LogIndex,
  type Term,
  type TermRun,
} from "@hexraft/core/ports";
import { type Operation, RecordKind } from "./record.js";

/** What the records say, one after another: everything about the log but its payloads. */
export class LogState {
  hardState: HardState = FRESH_HARD_STATE;
  commitHint: LogIndex = 0;
  base: LogId = LOG_START;
  last: LogId = LOG_START;
  /** Terms of base + 1 … last. */
  runs: TermRun[] = [];
  /** Configuration entries in base + 1 … last, ascending. */
  configurationIndices: LogIndex[] = [];

  /** Takes a record in. What a lost block (L03) held besides entries of a term nobody knows before it is repaired. */
  apply(operation: Operation, isLost = false): void {
    switch (operation.kind) {
      case RecordKind.hardState:
        this.hardState = operation.hardState;
        return;
      case RecordKind.reset:
        this.reset(operation.id);
        return;
      case RecordKind.truncate:
        this.truncate(operation.index);
        return;
      case RecordKind.block:
        this.append(operation.block, isLost);
        return;
      case RecordKind.base:
        this.compact(operation.id);
        return;
      case RecordKind.commitHint:
        this.commitHint = operation.index;
        return;
      case RecordKind.tail:
        // The log's end as of that batch: news only where the segments before are gone. Of the entries up to it
        // nobody knows the terms any more; a base that passes them all follows, or the log is incomplete.
        if (operation.id.index > this.last.index) {
          this.last = operation.id;
          this.runs = [{ first: operation.id.index, term: operation.id.term }];
        }
        return;
      case RecordKind.group:
      case RecordKind.copy:
        // Of shared logs alone: where a log is one replica's, no reader lets them through.
        return;
      default:
        operation satisfies never;
    }
  }

  /** Term of an entry from the base to the last one. */
  termAt(index: LogIndex): Term {
    if (index === this.last.index) return this.last.term;
    for (let i = this.runs.length - 1; i >= 0; i--) {
      const run = this.runs[i] as TermRun;
      if (run.first <= index) return run.term;
    }
    return this.base.term;
  }

  /** Whether the log holds this very entry, or it is the base. */
  holds({ index, term }: LogId): boolean {
    return index >= this.base.index && index <= this.last.index && this.termAt(index) === term;
  }

  /** L03: entries up to this one are there, all of the last one's term; what they are shows when they are repaired. */
  span(index: LogIndex): void {
    const { term } = this.last;
    if (this.runs.length === 0 && index > this.last.index) this.runs.push({ first: this.last.index + 1, term });
    this.last = { index, term };
  }

  /** L03: entries that had been missing are there again; only now it shows which of them are configurations. */
  restore(blocks: readonly LogBlock[]): void {
    const known = new Set([...this.configurationIndices, ...blocks.flatMap(configurationsIn)]);
    this.configurationIndices = [...known].toSorted((a, b) => a - b);
  }

  /** The log begins anew after `base`. */
  reset(base: LogId): void {
    this.base = base;
    this.last = base;
    this.runs = [];
    this.configurationIndices = [];
  }

  /** Entries from `from` on are gone. */
  truncate(from: LogIndex): void {
    if (from > this.last.index) return;
    this.last = { index: from - 1, term: this.termAt(from - 1) };
    this.runs = this.runs.filter((run) => run.first < from);
    this.configurationIndices = this.configurationIndices.filter((index) => index < from);
  }

  /** Entries up to `base` are gone. */
  compact(base: LogId): void {
    if (base.index <= this.base.index) return;
    const later = this.runs.filter((run) => run.first > base.index + 1);
    const covering = this.runs.findLast((run) => run.first <= base.index + 1);
    const isKnown = covering !== undefined && base.index < this.last.index;
    const next = isKnown ? [{ first: base.index + 1, term: covering.term }] : [];
    this.runs = [...next, ...later];
    this.configurationIndices = this.configurationIndices.filter((index) => index > base.index);
    this.base = base;
    if (base.index >= this.last.index) this.last = base;
  }

  private append(block: LogBlock, isLost: boolean): void {
    if (this.runs.length === 0 || this.last.term !== block.term)
      this.runs.push({ first: block.first, term: block.term });
    if (!isLost) this.configurationIndices.push(...configurationsIn(block));
    this.last = block.lastId;
  }
}

function configurationsIn(block: LogBlock): LogIndex[] {
  const found: LogIndex[] = [];
  for (let index = block.first; index <= block.last; index++)
    if (block.typeAt(index) === EntryType.configuration) found.push(index);
  return found;
}
