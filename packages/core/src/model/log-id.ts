/** Position of an entry in the replicated log; the first entry is 1, and 0 stands before it. Whole number, 0 … 2⁵³−1. */
export type LogIndex = number;

/** A leader's period of office (§5.1). Whole number, 0 … {@link TERM_MAX}; never goes back on one replica. */
export type Term = number;

/** The highest term a message may carry; above it the message is malformed (E13). */
export const TERM_MAX: Term = 2 ** 52;

/** Milliseconds, of a duration or of the monotonic clock; may carry a fraction. */
export type Millis = number;

/** An entry's place and the term it was proposed in: equal LogIds name equal entries and equal prefixes (§5.3). */
export interface LogId {
  /** Position in the log. */
  readonly index: LogIndex;
  /** Term of the leader that appended it. */
  readonly term: Term;
}

/** One term's stretch of the log: it begins at `first` and ends before the next run. */
export interface TermRun {
  /** Index of the first entry of the stretch. */
  readonly first: LogIndex;
  /** Its term. */
  readonly term: Term;
}

/** Before the first entry: where an empty log begins. */
export const LOG_START: LogId = { index: 0, term: 0 };

/**
 * E08: whether a log that ends in `candidate` is at least as up to date as one that ends in `own` (§5.4.1).
 * The higher last term wins; with equal terms the longer log wins or ties.
 */
export function isUpToDate(candidate: LogId, own: LogId): boolean {
  if (candidate.term !== own.term) return candidate.term > own.term;
  return candidate.index >= own.index;
}
