import type { LogBlock } from "../log-block.js";
import type { LogIndex, Term } from "../log-id.js";

/** L03: asks a member for entries that this node's own disk lost. It has no term: what it asks for is a fact of the past. */
export interface RepairRequest {
  /** Discriminator. */
  readonly type: "RepairRequest";
  /** First entry that is missing. */
  readonly first: LogIndex;
  /** Last entry that is missing. */
  readonly last: LogIndex;
}

/** L03: answer to {@link RepairRequest}: as many of the entries as fit one message, and what they can be judged by. */
export interface RepairResponse {
  /** Discriminator. */
  readonly type: "RepairResponse";
  /** First entry that was asked for. */
  readonly first: LogIndex;
  /** Last entry that was asked for. */
  readonly last: LogIndex;
  /** Term of the provider's entry at `first` − 1. */
  readonly prevTerm: Term;
  /** Term of its entry at `last` + 1; 0 if it has none. */
  readonly nextTerm: Term;
  /** The term that the provider leads; 0 if it leads none. */
  readonly leaderTerm: Term;
  /** The provider's commit index. */
  readonly commit: LogIndex;
  /** The last entry that its log no longer holds: a snapshot has taken its place. */
  readonly base: LogIndex;
  /** Consecutive blocks from `first` on, up to `last` at most; empty if it cannot provide them. */
  readonly blocks: readonly LogBlock[];
}
