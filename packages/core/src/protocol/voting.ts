import type { LogId, Term } from "../model/log-id.js";
import { isUpToDate } from "../model/log-id.js";
import type { Envelope, PreVoteRequest, VoteRequest } from "../model/message.js";
import { type ReplicaId, sameReplica } from "../model/node-id.js";
import { hearsLeader } from "./check-quorum.js";
import { tellIfRemoved } from "./removal.js";
import { type RaftState, senderOf } from "./state.js";
import { restartElectionWait } from "./term.js";

/*
 * Answering those who ask for votes (§5.2, §5.4.1, §9.6 of the thesis). Rules E06, E07, E08, E09, L03.
 *
 * Any node with an intact log answers, learner or stranger: whether its vote counts is the asker's business (E19). A
 * promoted learner that does not know of its promotion yet may be the one vote that is missing.
 */

/** E07: a voter that hears its leader does not let a third one talk it into an election; no answer, no term adopted. */
export function isHeldBackByLease(s: RaftState, request: VoteRequest): boolean {
  return request.term >= s.term && !request.transfer && hearsLeader(s);
}

/** E06: a pre-vote changes neither term nor vote, and begins no wait. */
export function onPreVoteRequest(s: RaftState, envelope: Envelope, request: PreVoteRequest): void {
  const asker = senderOf(s, envelope);
  const granted = !hearsLeader(s) && couldVoteIn(s, request.term, asker) && hasUpToDateLog(s, request.last);
  s.outbox.send(asker, {
    type: "PreVoteResponse",
    term: granted ? request.term : s.term,
    round: request.round,
    granted,
  });
  tellIfRemoved(s, envelope);
}

/** E09: one vote per term, first come first served; it is durable before the answer leaves (E02). */
export function onVoteRequest(s: RaftState, envelope: Envelope, request: VoteRequest): void {
  const asker = senderOf(s, envelope);
  const voteIsFreeOrAskers = s.vote === null || sameReplica(s.vote, asker);
  const granted = voteIsFreeOrAskers && hasUpToDateLog(s, request.last);
  if (granted && s.vote === null) {
    s.vote = asker;
    s.outbox.persistHardState(s.hardState());
  }
  if (granted) restartElectionWait(s);
  s.outbox.send(asker, { type: "VoteResponse", term: s.term, granted });
}

/** E24: whoever cannot write does not help to raise terms that it could not vote in. */
function couldVoteIn(s: RaftState, term: Term, asker: ReplicaId): boolean {
  if (s.writeOverdue) return false;
  return term > s.term || (term === s.term && (s.vote === null || sameReplica(s.vote, asker)));
}

/** E08; after full compaction the last entry is the base, and its term counts. L03: who has lost entries helps nobody into office. */
function hasUpToDateLog(s: RaftState, last: LogId): boolean {
  if (!s.isWhole) return false;
  return isUpToDate(last, s.log.last);
}
