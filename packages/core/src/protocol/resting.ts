import type { RestAnswer, RestOffer } from "../model/message.js";
import type { ReplicaId } from "../model/node-id.js";
import type { RaftEvent } from "./event.js";
import { answeredLately, broadcastHeartbeat } from "./leadership.js";
import { isAnybodyLeaving } from "./leaving.js";
import type { Replicator } from "./replicator.js";
import { SparseSet } from "./sparse-set.js";
import type { Leadership } from "./state/office.js";
import type { RaftState } from "./state.js";
import { restartElectionWait } from "./term.js";

/*
 * A group at rest (TiKV's hibernated regions, CockroachDB's quiescence). Rule G02.
 *
 * A leader of an idle group whose members all hold all of it asks them to rest. From a member's yes on its election wait is
 * its process's business: the leader's process beats for all groups it rests, and names those that woke. So nothing is lost
 * with a message: an offer of before a waking is known by its version, and a member that rests while its leader does not is
 * woken by the next beat.
 */

/** Before anything happens: all but the group's own echoes wakes it, and is a reason not to offer rest for a while. */
export function stir(s: RaftState, event: RaftEvent): void {
  if (!s.mayRest || isQuiet(s, event)) return;
  s.stirredAt = s.now;
  if (s.rest !== undefined) wake(s, event.type !== "Woken" && event.type !== "PeerDown");
}

/** The disk, the state machine and answers to what a leader said itself: nobody wants anything. */
function isQuiet(s: RaftState, event: RaftEvent): boolean {
  switch (event.type) {
    case "Applied":
    case "LogPersisted":
    case "TurnEnded":
    case "TimerFired":
    case "SnapshotSaved":
    case "SnapshotSaveFailed":
      return true;
    case "PeerUp":
    case "PeerDown":
      // A follower rests with its leader alone.
      return s.leadership === undefined && event.id !== s.leader?.id;
    case "MessageReceived": {
      const { message } = event.envelope;
      if ("term" in message && message.term > s.term) return false;
      if (message.type === "Heartbeat") return s.rest === undefined;
      if (message.type === "RestAnswer") return message.rests;
      return (
        message.type === "AppendEntriesResponse" || message.type === "HeartbeatResponse" || message.type === "RestOffer"
      );
    }
    default:
      return false;
  }
}

/** Each heartbeat interval: an idle group is offered rest; one whose members did not all agree since goes on as before. */
export function considerRest(s: RaftState): void {
  const office = s.leadership;
  if (!s.mayRest || office === undefined) return;
  if (s.rest !== undefined) return wake(s, false);
  if (s.now - s.stirredAt < s.T || !isIdle(s, office)) return;
  s.rest = { phase: "offered", round: office.round, confirmed: new SparseSet() };
  const members = [...office.peers.values()].map(({ id, incarnation }) => ({ id, incarnation }));
  s.outbox.emit({ type: "OfferRest", term: s.term, commit: s.commit, round: office.round, members });
  restIfAllAgree(s, office);
}

/** Follower: rests if it holds and knows all that the leader does, and nobody here waits for anything. */
export function onRestOffer(s: RaftState, leader: ReplicaId, { round, commit, version }: RestOffer): void {
  const rests =
    s.mayRest &&
    s.log.last.index === commit &&
    s.commit === commit &&
    s.applied === commit &&
    s.install === undefined &&
    s.restoring === 0 &&
    s.isWhole &&
    s.faulted === "" &&
    !s.outbox.hardStatePending &&
    s.asked.question === undefined &&
    s.asked.unsentReads.length === 0 &&
    s.asked.forwarded.size === 0;
  s.outbox.send(leader, { type: "RestAnswer", term: s.term, round, rests });
  if (!rests) return;
  s.rest = { phase: "resting", round };
  s.disarm("election");
  // Q08: what its heartbeats told of ages is getting old.
  s.freshness?.forget();
  s.outbox.emit({ type: "Rest", with: [leader.id], version });
}

/** Leader: one refusal ends the offer; the last consent begins the rest. */
export function onRestAnswer(s: RaftState, peer: Replicator, answer: RestAnswer): void {
  const office = s.leadership;
  if (office === undefined || s.rest?.phase !== "offered" || answer.round !== s.rest.round) return;
  if (!answer.rests) return wake(s, false);
  s.rest.confirmed.add(peer.id);
  restIfAllAgree(s, office);
}

function restIfAllAgree(s: RaftState, office: Leadership): void {
  if (s.rest?.phase !== "offered" || !isIdle(s, office)) return;
  for (const { id } of office.peers.values()) if (!s.rest.confirmed.has(id)) return;
  s.rest = { phase: "resting", round: s.rest.round };
  s.disarm("heartbeat");
  // Q05: what was confirmed before the rest says nothing about the time after it.
  office.lease.voidUntilRound(office.round + 1);
  s.outbox.emit({ type: "Rest", with: office.peers.values().map(({ id }) => id), version: null });
}

/**
 * Goes on as if it had never rested: a leader beats at once, a follower begins a wait that is drawn anew.
 *
 * @param areHeard - nothing says that a member's process is gone; one that is not heard for T would have ended the rest.
 */
function wake(s: RaftState, areHeard: boolean): void {
  const rest = s.rest;
  s.rest = undefined;
  s.outbox.emit({ type: "Wake" });
  if (rest?.phase !== "resting") return;
  const office = s.leadership;
  if (office === undefined) {
    // A leader that slept on would be deposed by followers that are awake.
    if (s.leader !== null)
      s.outbox.send(s.leader, { type: "RestAnswer", term: s.term, round: rest.round, rests: false });
    return restartElectionWait(s);
  }
  // E16: nobody was asked for an answer meanwhile; silence counts from now on.
  office.wokeAt = s.now;
  // E21, M15: who asks a group at rest for another leader, or for other members, is not told that nobody has answered lately.
  if (areHeard) for (const peer of office.peers.values()) peer.heardAt = s.now;
  broadcastHeartbeat(s, office);
  s.arm("heartbeat", s.options.heartbeatIntervalMs);
}

/** Every member holds all there is, all of it is committed, and nobody waits for a read, a change or a transfer. */
function isIdle(s: RaftState, office: Leadership): boolean {
  const end = s.log.last.index;
  if (s.commit !== end || s.applied !== end || s.commit < office.firstEntry || s.commitNews) return false;
  const isBusy =
    office.waitingReads.length > 0 ||
    office.readRounds.length > 0 ||
    office.transfer !== undefined ||
    office.change !== undefined ||
    isAnybodyLeaving(office) ||
    office.leaving ||
    office.mustGo !== "" ||
    s.isChanging ||
    !s.isWhole ||
    s.faulted !== "";
  if (isBusy) return false;
  for (const peer of office.peers.values()) {
    const hasAll = peer.state === "replicate" && peer.match === end && peer.messagesInFlight === 0 && peer.counts;
    if (!hasAll || !answeredLately(s, peer.id)) return false;
  }
  return true;
}
