import { memberOf } from "../model/configuration.js";
import { NotLeader, RaftError } from "../model/errors.js";
import type { Term } from "../model/log-id.js";
import { type ReplicaId, sameReplica } from "../model/node-id.js";
import { failQuestions } from "./asking.js";
import type { Reader } from "./state/office.js";
import type { RaftState } from "./state.js";

/*
 * Terms and the way back to follower (§5.1). Rules E04, E13, E16; what a leader leaves behind: C02, Q07.
 *
 * A higher term makes any node follow and frees its vote. A step-down in the same term keeps the vote: a leader cut off
 * from its quorum that voted anew in its own term could elect a second leader of that term.
 */

/** E13: adopts a higher term. The new term is durable before anything more is said. */
export function adoptTerm(s: RaftState, term: Term, cause: string): void {
  s.term = term;
  s.vote = null;
  s.leaderOfTerm = null;
  s.verified = 0;
  s.ackDue = false;
  s.outbox.persistHardState(s.hardState());
  const wasFollowingNobody = s.role === "follower" && s.leader === null;
  becomeFollower(s, null, cause);
  // E23: neither role nor leader changes then, but the term does, and that is told, too.
  if (wasFollowingNobody) s.outbox.emit(roleNotice(s, cause));
}

/** Follows `leader`, or nobody as yet. Coming from another role it begins a new election wait (E04); a follower's goes on. */
export function becomeFollower(s: RaftState, leader: ReplicaId | null, cause: string): void {
  const left = s.role;
  if (left === "leader") leaveOffice(s, cause);
  s.role = "follower";
  s.ballots.clear();
  if (left !== "follower") restartElectionWait(s);
  const changed = !sameReplica(s.leader, leader) && !(s.leader === null && leader === null);
  if (changed) setLeader(s, leader, cause);
  if (left !== "follower") s.outbox.emit(roleNotice(s, cause));
}

/** E04: a wait begins, with a duration drawn anew (E03). */
export function restartElectionWait(s: RaftState): void {
  s.waitStartedAt = s.now;
  s.waitMs = undefined;
  s.arm("election", s.T, 2 * s.T);
}

/** Leader contact: a number is written, no timer is touched; the timer finds it when it fires (E04). */
export function noteLeaderContact(s: RaftState): void {
  s.leaderContactAt = s.now;
  s.waitStartedAt = s.now;
}

/** Knows another leader, or none: what the old one was asked gets no answer any more. */
export function setLeader(s: RaftState, leader: ReplicaId | null, cause: string): void {
  const self = s.identity.id;
  if (s.leader !== null && s.leader.id !== self) {
    s.outbox.emit({ type: "TellStateMachine", what: { call: "stopFollowing", leader: s.leader.id, term: s.term } });
    failQuestions(s, cause);
  }
  s.leader = leader;
  s.outbox.emit({ type: "Notify", notice: { kind: "leader", leader: leader?.id ?? null, term: s.term, cause } });
  if (leader !== null && leader.id !== self)
    s.outbox.emit({ type: "TellStateMachine", what: { call: "startFollowing", leader: leader.id, term: s.term } });
}

/** E23, O03. */
export function roleNotice(s: RaftState, cause: string) {
  const notice = { kind: "role", role: s.role, term: s.term, leader: s.leader?.id ?? null, cause } as const;
  return { type: "Notify", notice } as const;
}

/** C01: who should be asked instead. */
export function notLeader(s: RaftState): NotLeader {
  const leader = s.leader?.id ?? null;
  const known = leader === null || leader === s.identity.id ? undefined : memberOf(s.configurations.current, leader);
  return new NotLeader(known === undefined ? null : leader, known?.address ?? null);
}

/** Q07: these reads end here; a follower that asked hears so, too. */
export function failReads(s: RaftState, readers: readonly Reader[], error: RaftError): void {
  const local = readers.filter((reader) => typeof reader === "number");
  if (local.length > 0) s.outbox.emit({ type: "ReadFailed", requests: local, error });
  for (const reader of readers) {
    if (typeof reader !== "number")
      s.outbox.send(reader.replica, { type: "ReadIndexResponse", request: reader.request, confirmed: false, index: 0 });
  }
}

/** M04, M16: the newcomers were known to this leader alone, and nothing was appended: certainly not done. */
const neverBegun = (cause: string): RaftError =>
  new RaftError(
    "LeadershipLost",
    "refused",
    `This node lost its leadership (${cause}) while new voters were catching up; the configuration is as it was. Ask the new leader.`,
  );

function leaveOffice(s: RaftState, cause: string): void {
  const office = s.leadership;
  if (office === undefined) return;
  s.leadership = undefined;
  s.commitNews = false;
  // Its contact was that of its quorum, and ends with its office: it may grant a vote at once.
  s.leaderContactAt = Number.NEGATIVE_INFINITY;
  s.disarm("heartbeat");
  if (office.transfer !== undefined || office.leaving) s.disarm("transfer");
  if (office.transfer !== undefined && office.transfer.request >= 0) {
    // E21: deposed by a higher term, it did hand over; one that stepped down by itself did not.
    const isDeposed = s.leaderOfTerm === null;
    const failed = `Leadership was not handed over: this node stepped down first (${cause}).`;
    s.outbox.emit({
      type: "TransferAnswered",
      request: office.transfer.request,
      error: isDeposed ? null : new RaftError("TransferRefused", "unknown", failed),
    });
  }
  const lost = new RaftError(
    "LeadershipLost",
    "unknown",
    `This node lost its leadership (${cause}); the command may or may not take effect. Read before you repeat it.`,
  );
  s.outbox.emit({ type: "AbandonProposals", above: s.commit, error: lost });
  if (office.change !== undefined) {
    const { request, appended } = office.change;
    s.outbox.emit({ type: "ChangeAnswered", request, error: appended ? lost : neverBegun(cause) });
  }
  const retry = new RaftError(
    "LeadershipLost",
    "refused",
    `This node lost its leadership (${cause}) before the read was confirmed; try again.`,
  );
  failReads(s, [...office.waitingReads, ...office.readRounds.flatMap((round) => round.readers)], retry);
  for (const peer of office.peers.values())
    if (peer.transfer !== undefined) s.outbox.emit({ type: "CancelSnapshot", transfer: peer.transfer.number });
  if (office.announced) s.outbox.emit({ type: "TellStateMachine", what: { call: "leaderStop" } });
}
