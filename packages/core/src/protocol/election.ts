import { isVoter, memberOf } from "../model/configuration.js";
import { RaftError } from "../model/errors.js";
import type { PreVoteResponse, VoteResponse } from "../model/message.js";
import type { NodeId } from "../model/node-id.js";
import { hearsLeader } from "./check-quorum.js";
import type { ElectionRequested, OwnBallotPersisted, TimerFired } from "./event.js";
import { takeOffice } from "./leadership.js";
import type { RaftState } from "./state.js";
import { becomeFollower, restartElectionWait, roleNotice, setLeader } from "./term.js";

/*
 * Asking for votes (§5.2, §9.6 of the thesis). Rules E02, E03, E04, E05, E10, E12, E18, E19, E20.
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
  countEmptyWait(s);
  if (!mayCampaign(s) || letsOthersGoFirst(s)) {
    restartElectionWait(s);
    return;
  }
  if (s.options.preVote) askForPreVotes(s, "election timeout");
  else campaign(s, false, "election timeout");
}

/** An operator wants an election now: as if the wait had run out, and without letting anybody go first (E20). */
export function onElectionRequested(s: RaftState, { request }: ElectionRequested): void {
  const answer = (error: RaftError | null) => s.outbox.emit({ type: "TransferAnswered", request, error });
  if (s.role === "leader") return answer(null);
  if (!mayCampaign(s)) return answer(new RaftError("ElectionRefused", "refused", whyNoCampaign(s)));
  if (s.options.preVote) askForPreVotes(s, "an operator asked for an election");
  else campaign(s, false, "an operator asked for an election");
  answer(null);
}

/** E20: after so many election timeouts without leader contact nobody lets anybody go first. */
export const PATIENCE_TIMEOUTS = 5;

/** E20: what the highest priority counts for decays with each wait that ran out: by a fifth, or by this if that is more. */
const PRIORITY_GAP_MIN = 10;

function countEmptyWait(s: RaftState): void {
  s.emptyWaits = s.leaderContactAt === s.contactBeforeWait ? s.emptyWaits + 1 : 1;
  s.contactBeforeWait = s.leaderContactAt;
}

/**
 * E20 (sofa-jraft: allowLaunchElection): a node below the target priority waits once more. The target begins at the
 * highest priority of all voters and decays, so that a favourite that is dead blocks nobody for long.
 */
export function letsOthersGoFirst(s: RaftState): boolean {
  if (s.emptyWaits >= PATIENCE_TIMEOUTS) return false;
  const { current, previous } = s.configurations;
  const self = memberOf(current, s.identity.id) ?? memberOf(previous.configuration, s.identity.id);
  if (self === undefined || self.priority === 0) return true;
  const rivals = current.members.filter(({ id }) => isVoter(current, id) && !current.witnesses.includes(id));
  let target = Math.max(0, ...rivals.map(({ priority }) => priority));
  for (let wait = 1; wait < s.emptyWaits; wait++) target -= Math.max(PRIORITY_GAP_MIN, Math.floor(target / 5));
  return self.priority < target;
}

function whyNoCampaign(s: RaftState): string {
  const why =
    s.removedAt > 0
      ? `configuration ${s.removedAt} removed it`
      : s.faulted !== ""
        ? s.faulted
        : s.writeOverdue
          ? "a write to its disk is overdue"
          : !s.isWhole
            ? "its log is damaged and being repaired"
            : "it is no voter that can lead, or it is being restored";
  return `This node does not stand for election: ${why}; ask another one.`;
}

/**
 * E19: a voter of its own configuration; or, while it does not know that one to be committed, of the one just before
 * it. Old {1,2,3}, new {3,4,5}: the leader puts C-new on 2 alone and dies; only 2 can win, and must be allowed to.
 */
export function mayCampaign(s: RaftState): boolean {
  const isRestoring = s.restoring > 0 || (s.install !== undefined && s.install.phase !== "receiving");
  if (s.removedAt > 0 || s.writeOverdue || s.faulted !== "" || isRestoring) return false;
  if (!s.isWhole) return false;
  const own = s.configurations.own;
  // M12: a witness has entries without payloads; nobody could be served or brought up to date by it.
  if (s.isWitness) return false;
  const ownIsCommitted = own.id.index <= s.commit;
  return s.votesIn(own) || (!ownIsCommitted && s.votesIn(s.configurations.previous));
}

/** E05: a new round; neither term nor vote changes, so nothing has to be durable. */
function askForPreVotes(s: RaftState, cause: string): void {
  s.role = "pre-candidate";
  s.round++;
  s.ballots.clear();
  restartElectionWait(s);
  s.outbox.emit(roleNotice(s, cause));
  for (const voter of s.otherVoters())
    s.outbox.send(voter, { type: "PreVoteRequest", term: s.term + 1, round: s.round, last: s.log.last });
  // E06, Q05: told by an operator to stand, a node that hears its leader would break the lease that it gave, as any voter.
  castBallot(s, s.identity.id, !hearsLeader(s));
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
