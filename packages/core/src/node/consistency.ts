import type { LogIndex, Millis } from "../model/log-id.js";

/**
 * How new the answer of a read must be (sofa-jraft: ReadOnlyOption). Each of them on any node.
 *
 * - `linearizable`: all that was acknowledged anywhere before the read began (Q01). Asks a quorum, and rests on no clock.
 * - `lease`: the same, without asking while this node leads and its lease holds (Q05): as long as clocks go within
 *   `clockDriftMs` of each other.
 * - `maxStalenessMs`: all that was acknowledged longer ago than this (Q08). Served from this node's own state if that is young
 *   enough, which costs no message; else as `linearizable`. A state is rarely younger than two heartbeat intervals. ms, from 0.
 * - `atLeast`: all up to an index, or to what `readToken()` of any node named (Q08): waits until it is applied here.
 * - `local`: this node's state as it is, possibly stale (Q06).
 */
export type Consistency =
  | "linearizable"
  | "lease"
  | "local"
  | {
      /** How old the answer may be, ms, from 0. */
      readonly maxStalenessMs: Millis;
    }
  | {
      /** What must be in the answer. */
      readonly atLeast: LogIndex | ReadToken;
    };

/** Q08: a place in the log of one group of one cluster, as text: `cluster/group/recovery number/index`. */
export type ReadToken = string;
