import { invariant } from "../model/errors.js";
import type { NodeId } from "../model/node-id.js";
import { quorumHeardAt } from "./check-quorum.js";
import { standingOf } from "./lease.js";
import { LeaseRounds } from "./lease-rounds.js";
import { Peers } from "./peers.js";
import { appendEmpty } from "./proposing.js";
import { checkFlights, syncPeers } from "./replicator-group.js";
import { NOTHING } from "./short-list.js";
import type { Leadership } from "./state/office.js";
import type { RaftState } from "./state.js";
import { becomeFollower, roleNotice, setLeader } from "./term.js";

/*
 * Holding office (§5.2, §6.2 of the thesis). Rules E15, E16, R17, Q08.
 *
 * A leader that no quorum hears steps down by itself: cut off, it would keep its callers waiting for commits that never
 * come, while another one is elected elsewhere.
 */

/** E15: a new leader appends an entry of its own term at once, knows nothing of the others, and tells them. */
export function takeOffice(s: RaftState): void {
  invariant(!s.outbox.hardStatePending, "E02 a leader's own ballot is durable before it takes office", {
    term: s.term,
  });
  s.role = "leader";
  s.emptyWaits = 0;
  s.ballots.clear();
  s.disarm("election");
  const office: Leadership = {
    firstEntry: s.log.last.index + 1,
    logTimeMovedAt: s.now,
    round: 0,
    peers: new Peers(),
    waitingReads: NOTHING,
    readRounds: NOTHING,
    transfer: undefined,
    change: undefined,
    leaving: false,
    mustGo: "",
    handOverAfter: Number.NEGATIVE_INFINITY,
    announced: false,
    gate: 0,
    wokeAt: Number.NEGATIVE_INFINITY,
    lease: new LeaseRounds(),
  };
  s.leadership = office;
  s.freshness = undefined;
  s.passedOn = { term: s.term, upTo: undefined };
  if (s.install !== undefined) s.outbox.emit({ type: "CancelSnapshot", transfer: s.install.transfer });
  s.install = undefined;
  const { self } = s;
  s.leaderOfTerm = self;
  setLeader(s, self, "won the election");
  s.outbox.emit(roleNotice(s, "won the election"));
  syncPeers(s);
  appendEmpty(s);
  broadcastHeartbeat(s, office);
  s.arm("heartbeat", s.options.heartbeatIntervalMs);
}

/** Each heartbeat interval: who is there (E16), what got stuck (R19), and a sign of life to all. */
export function heartbeatTimerFired(s: RaftState): void {
  const office = s.leadership;
  if (office === undefined) return;
  const silentMs = s.now - quorumHeardAt(s);
  if (silentMs >= s.T) {
    becomeFollower(s, null, `no quorum answered for ${Math.round(silentMs)} ms`);
    return;
  }
  checkFlights(s, office);
  broadcastHeartbeat(s, office);
  s.arm("heartbeat", s.options.heartbeatIntervalMs);
}

/** Begins a round: its answers confirm leadership from now on (Q01), and carry the commit index as far as each peer has it (R17). */
export function broadcastHeartbeat(s: RaftState, office: Leadership): void {
  office.round++;
  office.lease.began(office.round, s.now);
  const standing = standingOf(s, office);
  for (const peer of office.peers.values()) {
    const commit = Math.min(peer.match, s.commit);
    peer.sentCommit = Math.max(peer.sentCommit, commit);
    const { farewell } = peer;
    if (farewell !== undefined && commit >= farewell.removedBy && farewell.toldRound === 0)
      farewell.toldRound = office.round;
    const { answeredRound, answeredRoundInStart: answeredInStart } = peer;
    const isTold = standing !== undefined && answeredRound > 0;
    const told = isTold && { answeredRound, answeredInStart, ageMs: standing.ageMs, commit: standing.commit };
    const { term } = s;
    const { round } = office;
    // Two literals: what is added to a copied object costs the host a microsecond a field (Node.js 20).
    if (told) s.outbox.send(peer, { type: "Heartbeat", term, commit, round, standing: told });
    else s.outbox.send(peer, { type: "Heartbeat", term, commit, round });
  }
}

/** The round of a heartbeat that only brings news: nobody waits for its answer, so none is given. */
const COMMIT_NEWS = 0;

/** R08: idle followers learn a new commit at once, not at the next heartbeat. */
export function announceCommit(s: RaftState): void {
  s.commitNews = false;
  const office = s.leadership;
  if (office === undefined) return;
  for (const peer of office.peers.values()) {
    const commit = Math.min(peer.match, s.commit);
    if (peer.state !== "replicate" || peer.messagesInFlight > 0 || peer.sentCommit >= commit) continue;
    peer.sentCommit = commit;
    s.outbox.send(peer, { type: "Heartbeat", term: s.term, commit, round: COMMIT_NEWS });
  }
}

/** Whether this peer answered within the last T (E21, M15). */
export function answeredLately(s: RaftState, id: NodeId): boolean {
  const peer = s.leadership?.peers.get(id);
  return peer !== undefined && s.now - peer.countedHeardAt < s.T;
}
