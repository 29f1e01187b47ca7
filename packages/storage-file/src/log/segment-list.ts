import type { LogIndex } from "@hexraft/core/ports";
import type { LogState } from "./log-state.js";
import type { Segment } from "./segment.js";

/** The segments that hold the log: closed ones, oldest first, and the active one last. */
export class SegmentList {
  constructor(
    private readonly segments: Segment[],
    private readonly state: LogState,
  ) {}

  get active(): Segment {
    return this.segments.at(-1) as Segment;
  }

  get count(): number {
    return this.segments.length;
  }

  /** The active one was closed, and this one follows it. */
  push(next: Segment): void {
    this.segments.push(next);
  }

  /** The segment that holds an entry: the newest that reaches down to it. */
  holding(index: LogIndex): Segment | undefined {
    return this.segments.findLast((segment) => segment.low <= index);
  }

  /** Last entry that is in this segment or an earlier one, and that no later one overrides. */
  highOf(segment: Segment): LogIndex {
    let high = this.state.last.index;
    for (const later of this.segments) if (later.number > segment.number) high = Math.min(high, later.low - 1);
    return high;
  }

  /** Closed segments, oldest first, that hold nothing above `index` (L08). */
  upTo(index: LogIndex): Segment[] {
    const oldest = this.segments[0] as Segment;
    if (this.highOf(oldest) > index) return [];
    return this.segments.slice(0, -1).filter((segment) => this.highOf(segment) <= index);
  }

  /** Those that nothing is written to any more, oldest first. */
  get closed(): readonly Segment[] {
    return this.segments.slice(0, -1);
  }

  /** L03: this one was laid anew, and takes the place of the one of its number, if that is still there. */
  replace(rebuilt: Segment): void {
    const at = this.segments.findIndex(({ number }) => number === rebuilt.number);
    if (at >= 0) this.segments.splice(at, 1, rebuilt)[0]?.close();
  }

  /** Takes the oldest ones out. */
  shift(count: number): void {
    this.segments.splice(0, count);
  }

  close(): void {
    for (const segment of this.segments) segment.close();
  }
}
