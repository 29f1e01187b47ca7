import type { PreVoteResponse, VoteResponse } from "../model/message.js";
import type { NodeId } from "../model/node-id.js";
import type { OwnBallotPersisted, TimerFired } from "./event.js";
import { takeOffice } from "./leadership.js";
import type { RaftState } from "./state.js";
import { becomeFollower, restartElectionWait, roleNotice, setLeader } from "./term.js";

/*
 * Asking for votes (§5.2, §9.6 of the thesis). Rules E02, E03, E04, E05, E10, E12, E18, E19.
 *
 * A follower that hears no leader asks first whether it *would* be elected: a node that was cut off comes back without
 * having raised its term, and disturbs nobody. Only a quorum of grants of one round leads to a real campaign; its own
 * ballot counts once it is durable, or a crash between could make it vote twice in a term.
 */

/** E04: the wait ran out, unless contact restarted it since the timer was armed. */
export function electionTimerFired(s: RaftState, fired: TimerFired): void {
  if (s.role === "leader") return;
  const waitMs = s.waitMs ?? fired.drawnMs;
  const left = waitMs - (s.now - s.waitStartedAt);
  if (left > 0.001) {
    // Contact wrote a number instead of touching the timer: wait for exactly the rest of the same draw.
    s.waitMs = waitMs;
    s.arm("election", left);
    return;
  }
  if (s.leader !== null) setLeader(s, null, "heard nothing from it for a whole election timeout");
  if (!mayCampaign(s)) {
    restartElectionWait(s);
    return;
  }
  if (s.options.preVote) askForPreVotes(s);
  else campaign(s, false, "election timeout");
}

/**
 * E19: a voter of its own configuration; or, while it does not know that one to be committed, of the one just before
 * it. Old {1,2,3}, new {3,4,5}: the leader puts C-new on 2 alone and dies; only 2 can win, and must be allowed to.
 */
export function mayCampaign(s: RaftState): boolean {
  const isRestoring = s.install !== undefined && s.install.phase !== "receiving";
  if (s.removedAt > 0 || s.faulted !== "" || isRestoring) return false;
  const own = s.configurations.own;
  // M12: a witness has entries without payloads; nobody could be served or brought up to date by it.
  if (own.configuration.witnesses.includes(s.identity.id)) return false;
  const ownIsCommitted = own.id.index <= s.commit;
  return s.votesIn(own) || (!ownIsCommitted && s.votesIn(s.configurations.previous));
}

/** E05: a new round; neither term nor vote changes, so nothing has to be durable. */
function askForPreVotes(s: RaftState): void {
  s.role = "pre-candidate";
  s.round++;
  s.ballots.clear();
  restartElectionWait(s);
  s.outbox.emit(roleNotice(s, "election timeout"));
  for (const voter of s.otherVoters())
    s.outbox.send(voter, { type: "PreVoteRequest", term: s.term + 1, round: s.round, last: s.log.last });
  castBallot(s, s.identity.id, true);
}

/** §5.2: the next term, our own vote, and both durable before anybody hears of it (E02). */
export function campaign(s: RaftState, transfer: boolean, cause: string): void {
  s.role = "candidate";
  s.term++;
  s.vote = { id: s.identity.id, incarnation: s.identity.incarnation };
  s.leaderOfTerm = null;
  s.verified = 0;
  s.ackDue = false;
  s.ballots.clear();
  if (s.leader !== null) setLeader(s, null, cause);
  s.outbox.persistHardState(s.hardState());
  restartElectionWait(s);
  s.outbox.emit(roleNotice(s, cause));
  for (const voter of s.otherVoters())
    s.outbox.send(voter, { type: "VoteRequest", term: s.term, last: s.log.last, transfer });
  s.outbox.deliver({ type: "OwnBallotPersisted", term: s.term });
}

/** E02, E18: our own ballot is durable and counts; alone it may be enough. */
export function onOwnBallot(s: RaftState, event: OwnBallotPersisted): void {
  if (s.role === "candidate" && s.term === event.term) castBallot(s, s.identity.id, true);
}

/** E05: only answers of the running round count; a refusal names the refuser's term (adopted before we get here). */
export function onPreVoteResponse(s: RaftState, from: NodeId, response: PreVoteResponse): void {
  if (s.role !== "pre-candidate" || response.round !== s.round) return s.drop("pre-vote of another round");
  if (response.granted && response.term !== s.term + 1) return s.drop("pre-vote of another term");
  castBallot(s, from, response.granted);
}

/** E10. */
export function onVoteResponse(s: RaftState, from: NodeId, response: VoteResponse): void {
  if (s.role !== "candidate") return s.drop("vote without a candidacy");
  castBallot(s, from, response.granted);
}

/** E10: a set of ballots, not a count: duplicates change nothing, and who is no voter is not asked for. */
function castBallot(s: RaftState, voter: NodeId, granted: boolean): void {
  if (!s.ballots.has(voter)) s.ballots.set(voter, granted);
  const result = s.quorum.voteResult(s.configurations.current, (id) =>
    id === s.identity.id && !s.isVoter ? undefined : s.ballots.get(id),
  );
  if (result === "pending") return;
  if (result === "lost") becomeFollower(s, null, "the ballot was lost");
  else if (s.role === "pre-candidate") campaign(s, false, "a quorum would vote for it");
  else takeOffice(s);
}
