import type { HardState, LogWrite } from "@hexraft/core/ports";
import { FRESH_HARD_STATE } from "@hexraft/core/ports";

/** What a log says after some prefix of the writes, kept in the simplest way there is. */
export class ModelLog {
  hardState: HardState = FRESH_HARD_STATE;
  /** Entry i is `entries[i]`, its term; what a reset left behind is absent. */
  entries = new Map<number, number>();
  last = 0;
  /** The highest index that compaction or a reset allowed to go. */
  goneUpTo = 0;
  baseTerm = new Map<number, number>([[0, 0]]);

  /** A copy that the write was done to. */
  after(write: LogWrite): ModelLog {
    const next = new ModelLog();
    Object.assign(next, this, { entries: new Map(this.entries), baseTerm: new Map(this.baseTerm) });
    if (write.hardState !== undefined) next.hardState = write.hardState;
    if (write.resetTo !== undefined) {
      next.entries.clear();
      next.last = write.resetTo.index;
      next.goneUpTo = write.resetTo.index;
      next.baseTerm = new Map([[write.resetTo.index, write.resetTo.term]]);
    }
    if (write.truncateFrom !== undefined) {
      for (let index = write.truncateFrom; index <= next.last; index++) next.entries.delete(index);
      next.last = write.truncateFrom - 1;
    }
    for (const { first, last, term } of write.blocks ?? []) {
      for (let index = first; index <= last; index++) next.entries.set(index, term);
      next.last = last;
    }
    if (write.compactTo !== undefined) next.goneUpTo = Math.max(next.goneUpTo, write.compactTo.index);
    return next;
  }

  termAt(index: number): number | undefined {
    return this.entries.get(index) ?? this.baseTerm.get(index);
  }
}
