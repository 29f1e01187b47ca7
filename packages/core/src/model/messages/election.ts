import type { LogId, Term } from "../log-id.js";

/** E05: would you vote for me in `term`? Changes nothing on either side. */
export interface PreVoteRequest {
  /** Discriminator. */
  readonly type: "PreVoteRequest";
  /** The term the asker would campaign in: its own + 1. */
  readonly term: Term;
  /** The asker's round; an answer of another round counts nothing. */
  readonly round: number;
  /** End of the asker's log. */
  readonly last: LogId;
}

/** E05: a grant carries the proposed term and round, a refusal the refuser's term and the round. */
export interface PreVoteResponse {
  /** Discriminator. */
  readonly type: "PreVoteResponse";
  /** The term. */
  readonly term: Term;
  /** Number of the round. */
  readonly round: number;
  /** Whether the asker would get, or has got, the vote. */
  readonly granted: boolean;
}

/** §5.2 RequestVote. */
export interface VoteRequest {
  /** Discriminator. */
  readonly type: "VoteRequest";
  /** The term. */
  readonly term: Term;
  /** End of the candidate's log. */
  readonly last: LogId;
  /** E21: the leader itself asked for this campaign, so E07 does not hold it back. */
  readonly transfer: boolean;
}

/** §5.2 answer to {@link VoteRequest}. */
export interface VoteResponse {
  /** Discriminator. */
  readonly type: "VoteResponse";
  /** The term. */
  readonly term: Term;
  /** Whether the asker would get, or has got, the vote. */
  readonly granted: boolean;
}

/** E21: campaign now, without pre-vote. */
export interface TimeoutNow {
  /** Discriminator. */
  readonly type: "TimeoutNow";
  /** The term. */
  readonly term: Term;
  /** The leader's last entry; the target must end in exactly this one. */
  readonly last: LogId;
}
