import type { Configuration } from "../../model/configuration.js";
import type { NodeId } from "../../model/node-id.js";
import type { QuorumPolicy } from "../policies.js";
import { majorityReached, majorityVote } from "./majority.js";
import type { VoteResult } from "./vote-result.js";

/**
 * M02: majorities, and in the joint phase a majority of *both* halves; never one of their union (§6). A configuration
 * without voters decides nothing.
 */
export const jointMajority: QuorumPolicy = {
  voteResult(configuration: Configuration, voteOf: (voter: NodeId) => boolean | undefined): VoteResult {
    if (configuration.voters.length === 0) return "pending";
    const incoming = majorityVote(configuration.voters, voteOf);
    const outgoing = majorityVote(configuration.votersOld, voteOf);
    if (incoming === "lost" || outgoing === "lost") return "lost";
    return incoming === "won" && outgoing === "won" ? "won" : "pending";
  },
  reached(configuration: Configuration, valueOf: (voter: NodeId) => number): number {
    if (configuration.voters.length === 0) return Number.NEGATIVE_INFINITY;
    return Math.min(majorityReached(configuration.voters, valueOf), majorityReached(configuration.votersOld, valueOf));
  },
};
