import type { Configuration, NodeId, QuorumPolicy } from "@hexraft/core/ports";

/**
 * Voters of different weight: more than half of the *weight* decides, in the joint phase in both halves. Two quorums of one
 * configuration always share a voter, and so do those of two configurations that follow each other, as C-old,new asks both.
 * A node tries that out, set by set, and refuses a policy of which it is not so (M12).
 */
export function weightedQuorum(weightOf: (voter: NodeId) => number): QuorumPolicy {
  const weigh = (voters: readonly NodeId[]): number => voters.reduce((sum, voter) => sum + weightOf(voter), 0);
  const decide = ({ voters, votersOld }: Configuration, isAmong: (voter: NodeId) => boolean): boolean => {
    const halves = [voters, votersOld].filter((half) => half.length > 0);
    return halves.length > 0 && halves.every((half) => 2 * weigh(half.filter(isAmong)) > weigh(half));
  };
  return {
    voteResult(configuration, voteOf) {
      if (decide(configuration, (voter) => voteOf(voter) === true)) return "won";
      return decide(configuration, (voter) => voteOf(voter) !== false) ? "pending" : "lost";
    },
    reached(configuration, valueOf) {
      const values = [...configuration.voters, ...configuration.votersOld].map(valueOf);
      const isReached = (value: number) => decide(configuration, (voter) => valueOf(voter) >= value);
      return Math.max(Number.NEGATIVE_INFINITY, ...values.filter(isReached));
    },
  };
}
