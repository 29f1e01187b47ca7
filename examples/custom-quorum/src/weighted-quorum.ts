import type { NodeId, QuorumPolicy } from "@hexraft/core/ports";

/**
 * Voters of different weight: more than half of the *weight* decides, in the joint phase in both halves. Two quorums of one
 * configuration always share a voter, and so do those of two configurations that follow each other, as C-old,new asks both.
 */
export function weightedQuorum(weightOf: (voter: NodeId) => number): QuorumPolicy {
  const weigh = (voters: readonly NodeId[]): number => voters.reduce((sum, voter) => sum + weightOf(voter), 0);
  const decides = (voters: readonly NodeId[], some: readonly NodeId[]): boolean => 2 * weigh(some) > weigh(voters);
  return {
    voteResult({ voters, votersOld }, voteOf) {
      if (voters.length === 0) return "pending";
      const halves = [voters, votersOld].filter((half) => half.length > 0);
      if (
        halves.every((half) =>
          decides(
            half,
            half.filter((voter) => voteOf(voter) === true),
          ),
        )
      )
        return "won";
      const isOpen = halves.every((half) =>
        decides(
          half,
          half.filter((voter) => voteOf(voter) !== false),
        ),
      );
      return isOpen ? "pending" : "lost";
    },
    reached({ voters, votersOld }, valueOf) {
      const reachedBy = (half: readonly NodeId[]): number =>
        half.length === 0
          ? Number.POSITIVE_INFINITY
          : Math.max(
              Number.NEGATIVE_INFINITY,
              ...half.map(valueOf).filter((value) =>
                decides(
                  half,
                  half.filter((voter) => valueOf(voter) >= value),
                ),
              ),
            );
      return voters.length === 0 ? Number.NEGATIVE_INFINITY : Math.min(reachedBy(voters), reachedBy(votersOld));
    },
  };
}
