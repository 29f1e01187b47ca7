import type { Millis } from "../../model/log-id.js";
import type { RaftState } from "../state.js";
import { explainApply, explainCommit, explainReads } from "./explain-commit.js";
import { explainLeader } from "./explain-leader.js";
import { explainPeers } from "./explain-peers.js";
import type { Finding } from "./finding.js";

/**
 * O07: why there is no leader, why a proposal is not committed, why a peer is behind: all that follows from what this replica
 * knows, in the order in which an operator would ask. Changes nothing.
 */
export function explainRaft(s: RaftState, now: Millis): readonly Finding[] {
  const leader = explainLeader(s, now);
  if (s.halted !== "") return leader;
  return [...leader, ...explainCommit(s), ...explainApply(s), ...explainReads(s), ...explainPeers(s, now)];
}
