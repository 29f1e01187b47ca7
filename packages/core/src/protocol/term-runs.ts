import type { LogId, LogIndex, Term, TermRun } from "../model/log-id.js";

/**
 * Terms of the log as runs `[{first, term}]`, so that a term lookup never touches a block. Covers base … last; terms
 * rise from run to run (§5.3).
 */
export class TermRuns {
  private runs: TermRun[];

  constructor(
    private base: LogId,
    private lastIndex: LogIndex,
    runs: readonly TermRun[],
  ) {
    this.runs = [...runs];
  }

  /** Term of the entry at `index`; `undefined` outside base … last. */
  termAt(index: LogIndex): Term | undefined {
    if (index === this.base.index) return this.base.term;
    if (index < this.base.index || index > this.lastIndex) return undefined;
    return this.runs[this.runOf(index)]?.term;
  }

  /** First index of the unbroken stretch of one term that holds `index`, which lies in base + 1 … last. */
  firstOfRun(index: LogIndex): LogIndex {
    return this.runs[this.runOf(index)]?.first ?? index;
  }

  /** Last index of that stretch. */
  lastOfRun(index: LogIndex): LogIndex {
    const next = this.runs[this.runOf(index) + 1];
    return next === undefined ? this.lastIndex : next.first - 1;
  }

  /** The last index at or below `bound` whose term is at most `term`: no entry above it can match one of that term (R04). */
  lastIndexUpToTerm(term: Term, bound: LogIndex): LogIndex {
    for (let i = this.runs.length - 1; i >= 0; i--) {
      const run = this.runs[i] as TermRun;
      if (run.term > term || run.first > bound) continue;
      const next = this.runs[i + 1];
      return Math.min(bound, next === undefined ? this.lastIndex : next.first - 1);
    }
    return Math.min(this.base.index, bound);
  }

  /** Entries up to `last`, of this term, follow. */
  append(first: LogIndex, last: LogIndex, term: Term): void {
    // A push makes room for seventeen; terms change rarely, and a process may hold thousands of logs (G02).
    if (this.runs[this.runs.length - 1]?.term !== term) this.runs = this.runs.concat({ first, term });
    this.lastIndex = last;
  }

  /** Removes `index` and all after it. */
  truncateFrom(index: LogIndex): void {
    while (this.runs.length > 0 && (this.runs[this.runs.length - 1] as TermRun).first >= index) this.runs.pop();
    this.lastIndex = index - 1;
  }

  /** Begins after `base`: what comes up to it is forgotten, what comes later stays. */
  compactTo(base: LogId): void {
    const kept = this.runs.slice(base.index < this.lastIndex ? this.runOf(base.index + 1) : this.runs.length);
    if (kept[0] !== undefined) kept[0] = { first: base.index + 1, term: kept[0].term };
    this.runs = kept;
    this.base = base;
  }

  /** Begins anew, empty, after `base`. */
  resetTo(base: LogId): void {
    this.base = base;
    this.lastIndex = base.index;
    this.runs = [];
  }

  private runOf(index: LogIndex): number {
    let low = 0;
    let high = this.runs.length - 1;
    if (high >= 0 && (this.runs[high] as TermRun).first <= index) return high;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.runs[middle] as TermRun).first <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
