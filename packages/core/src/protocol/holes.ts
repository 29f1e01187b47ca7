import type { LogBlock } from "../model/log-block.js";
import type { LogHole } from "../model/log-hole.js";
import type { LogIndex, Millis } from "../model/log-id.js";

/*
 * Which entries this node's own disk has lost (L03), as plain data: what the rest of the protocol asks about a damaged log.
 */

/** L03: the damage that is being repaired. */
export interface Repair {
  /** Ascending, apart from each other; the first one is being filled. */
  holes: readonly LogHole[];
  /** The hole that others were last asked about. */
  asked: LogHole | undefined;
  /** What was fetched for the beginning of the first hole, in order. */
  fetched: readonly LogBlock[];
  /** That is on its way to the disk. */
  isWriting: boolean;
  /** Whose turn it is to be asked: one more whenever somebody could not help. */
  turn: number;
  /** Some provider has compacted what is wanted: it is committed, and a snapshot has taken its place. */
  isCompacted: boolean;
  /** The last instant at which something was gained. */
  progressAt: Millis;
}

/** L03: entries that were lost without a trace of their terms, and are not made up for yet. */
export interface Forgotten {
  readonly hole: LogHole;
  /** The last instant at which something was gained. */
  progressAt: Millis;
  /** The commit index then. */
  commit: LogIndex;
}

/** Those parts of holes that lie above `base` and up to `last`. */
export function within(holes: readonly LogHole[], base: LogIndex, last: LogIndex): LogHole[] {
  return holes
    .map((hole) => ({ ...hole, first: Math.max(hole.first, base + 1), last: Math.min(hole.last, last) }))
    .filter((hole) => hole.first <= hole.last);
}

/** What is left of them when the entries `first` to `last` are there again. */
export const without = (holes: readonly LogHole[], first: LogIndex, last: LogIndex): LogHole[] =>
  holes.flatMap((hole) => [...within([hole], 0, first - 1), ...within([hole], last, hole.last)]);

/** Ascending; what overlaps or touches is one hole, told by the place of its first part. */
export function joined(holes: readonly LogHole[]): LogHole[] {
  const result: LogHole[] = [];
  for (const hole of holes.toSorted((a, b) => a.first - b.first)) {
    const before = result.at(-1);
    if (before === undefined || hole.first > before.last + 1) result.push(hole);
    else result[result.length - 1] = { ...before, last: Math.max(before.last, hole.last) };
  }
  return result;
}

/** R02: a leader replaced the entries from `index` on: what was missing there is wanted no more. */
export function cutHoles(repair: Repair | undefined, index: LogIndex): void {
  if (repair !== undefined) repair.holes = within(repair.holes, 0, index - 1);
}
