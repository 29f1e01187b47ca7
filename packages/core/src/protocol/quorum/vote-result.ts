/** E10: a ballot is won by a quorum of grants, lost once no quorum can be reached any more, else pending. */
export type VoteResult = "won" | "lost" | "pending";
