import type { VoteResult } from "./vote-result.js";

/*
 * Majorities of one set of voters (§5.2, §5.3). An empty set decides nothing by itself: it wins every ballot and has
 * reached everything, so that the joint rule (the lower of both halves) leaves the decision to the other half.
 */

/** E10: won by more than half of grants; lost when refusals leave no way to that. */
export function majorityVote<V>(voters: readonly V[], voteOf: (voter: V) => boolean | undefined): VoteResult {
  if (voters.length === 0) return "won";
  const needed = Math.floor(voters.length / 2) + 1;
  let granted = 0;
  let open = 0;
  for (const voter of voters) {
    const vote = voteOf(voter);
    if (vote === true) granted++;
    else if (vote === undefined) open++;
  }
  if (granted >= needed) return "won";
  return granted + open >= needed ? "pending" : "lost";
}

/** The highest value that more than half of the voters have reached; infinite for an empty set. */
export function majorityReached<V>(voters: readonly V[], valueOf: (voter: V) => number): number {
  if (voters.length === 0) return Number.POSITIVE_INFINITY;
  const values: number[] = [];
  for (const voter of voters) {
    // Insertion keeps them in descending order: groups are small, and sort() would allocate and call back.
    const value = valueOf(voter);
    let at = values.length;
    while (at > 0 && (values[at - 1] as number) < value) {
      values[at] = values[at - 1] as number;
      at--;
    }
    values[at] = value;
  }
  return values[Math.floor(voters.length / 2)] as number;
}
