import type { Checksum, LogId, LogIndex } from "@hexraft/core/ports";
import type { Book, Pen } from "./book.js";
import type { Job } from "./job.js";
import type { LogState } from "./log-state.js";
import { type GroupOperation, type Operation, type PlacedOperation, RecordKind, SOLE_GROUP } from "./record.js";
import type { RecoveredLog } from "./recovery.js";
import type { Segment } from "./segment.js";
import { type Chain, layFooter } from "./segment-footer.js";
import { SegmentList } from "./segment-list.js";

/** L08, L03: what a segment's first batch repeats, and others now and then, of a log that stood like this, and ended there. */
export const carriedOver = ({ base, hardState, commitHint }: LogState, last: LogId): readonly Operation[] => [
  { kind: RecordKind.base, id: base },
  { kind: RecordKind.hardState, hardState },
  { kind: RecordKind.commitHint, index: commitHint },
  { kind: RecordKind.tail, id: last },
];

/** The book of a log that is one replica's: what its records say, and in which segments its entries are. */
export class SoleBook implements Book {
  readonly state: LogState;
  readonly segments: SegmentList;
  private sequence: number;
  private compactTo: LogIndex = 0;

  constructor(found: Omit<RecoveredLog, "scan" | "leftovers">) {
    this.state = found.state;
    this.segments = new SegmentList(found.segments, found.state);
    this.sequence = found.chain.sequence;
  }

  get active(): Segment {
    return this.segments.active;
  }

  push(next: Segment): void {
    this.segments.push(next);
  }

  carriedOver(): readonly GroupOperation[] {
    return carriedOver(this.state, this.state.last).map((operation) => ({ group: SOLE_GROUP, operation }));
  }

  standing(): readonly GroupOperation[] {
    return this.carriedOver();
  }

  admit(operations: readonly GroupOperation[]): readonly GroupOperation[] {
    return operations;
  }

  next(): number {
    return this.sequence++;
  }

  took(placed: readonly PlacedOperation[]): void {
    for (const { operation } of placed) this.state.apply(operation);
    this.active.note(placed);
  }

  foot(chain: Omit<Chain, "sequence">, checksum: Checksum): Uint8Array {
    return layFooter(this.active, this.state, { ...chain, sequence: this.sequence }, checksum);
  }

  /** L08: once whole segments lie at or below the mark, the base is written down, and when it is durable they go. */
  written(jobs: readonly Job[], pen: Pen): void {
    for (const job of jobs) this.compactTo = Math.max(this.compactTo, job.compactTo);
    const last = this.compactTo === 0 ? undefined : this.segments.upTo(this.compactTo).at(-1);
    if (last === undefined) return;
    const index = Math.max(this.state.base.index, this.segments.highOf(last));
    const id = { index, term: this.state.termAt(index) };
    pen.append([{ group: SOLE_GROUP, operation: { kind: RecordKind.base, id } }]).then(
      () => pen.inBackground(() => this.dropSegments(index, pen)),
      () => {},
    );
    this.compactTo = 0;
  }

  close(): void {
    this.segments.close();
  }

  private async dropSegments(durableBase: LogIndex, pen: Pen): Promise<void> {
    const dropped = this.segments.upTo(durableBase);
    this.segments.shift(dropped.length);
    await pen.files.drop(dropped);
  }
}
