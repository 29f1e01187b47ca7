import type { Millis, Term } from "../../model/log-id.js";
import type { SparseSet } from "../sparse-set.js";

/** R18: what was passed on to this replica for the newest term that it led in this run. It outlives the office, for copies come late. */
export interface PassedOn {
  readonly term: Term;
  /** The highest number seen, by origin and its start; made with the first (G02). */
  upTo: Map<string, number> | undefined;
}

/** Q04, R18: what a follower has asked the leader. */
export interface Asked {
  /** Reads that wait for the next question. */
  unsentReads: readonly number[];
  /** The question under way. */
  question: { readonly request: number; readonly readers: readonly number[]; readonly sentAt: Millis } | undefined;
  lastRequest: number;
  /** Forwarded proposals without an answer. */
  readonly forwarded: SparseSet<number>;
}
