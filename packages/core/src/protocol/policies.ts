import type { Configuration } from "../model/configuration.js";
import type { NodeId } from "../model/node-id.js";
import type { VoteResult } from "./quorum/vote-result.js";

/*
 * Policies are pure and may be asked inside a step; ports do I/O and may not.
 */

/**
 * Which sets of voters decide. The default is a majority of the voters, in the joint phase of both halves (M02).
 * Every election quorum must meet every commit, read and check quorum (M12): each set of voters is tried, and a policy of
 * which it is not so is refused.
 */
export interface QuorumPolicy {
  /** What the ballots add up to: `voteOf` says true for a grant, false for a refusal, undefined for none yet. */
  voteResult(configuration: Configuration, voteOf: (voter: NodeId) => boolean | undefined): VoteResult;
  /** The highest value that a quorum has reached, where `valueOf` says what each voter has (match index, time heard, round). */
  reached(configuration: Configuration, valueOf: (voter: NodeId) => number): number;
}

/** How members change: from which configuration to which next (M02). The core judges *when* (M03, M06). */
export interface MembershipPolicy {
  /** The configuration to append in order to get from `current` to `target`, or why not (M08). */
  enter(current: Configuration, target: Configuration): Transition;
  /** The configuration to append once `committed` is committed: C-new after C-old,new; `undefined` if it is final (M06). */
  leave(committed: Configuration): Configuration | undefined;
}

/** The way begins with this configuration. */
export interface AppendTransition {
  /** Discriminator. */
  readonly kind: "append";
  /** What to append. */
  readonly configuration: Configuration;
}
/** There is no way. */
export interface RefusedTransition {
  /** Discriminator. */
  readonly kind: "refused";
  /** Why, in words for an operator (M08). */
  readonly reason: string;
}
/** An answer of a MembershipPolicy. */
export type Transition = AppendTransition | RefusedTransition;
