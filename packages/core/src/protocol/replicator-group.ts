import type { LogIndex } from "../model/log-id.js";
import type { AppendEntriesResponse, Envelope, HeartbeatResponse } from "../model/message.js";
import type { NodeId } from "../model/node-id.js";
import type { EntriesFetched } from "./event.js";
import { withinLimits } from "./raft-log.js";
import { Replicator } from "./replicator.js";
import { takeSnapshot } from "./snapshot-flow.js";
import { beginTransfer, checkTransfer } from "./snapshot-sending.js";
import type { Leadership } from "./state/office.js";
import type { RaftState } from "./state.js";

/*
 * A leader replicates to all its peers (§5.3; sofa-jraft: ReplicatorGroup). Rules E16, R04, R09, R11, R13, R19, R20, S11, M12.
 *
 * Every step of a leader ends here: each peer is given what it has room for. So no conversation has to remember whom
 * to serve, and what frees room (an answer, a longer log, a peer that is back) needs no path of its own.
 */

/**
 * M10: the peers are the members of the own configuration, those that catch up (M04), and those that are still to hear
 * of their removal (M09). One that is new, or new again, begins with fresh progress.
 */
export function syncPeers(s: RaftState): void {
  const office = s.leadership;
  if (office === undefined) return;
  const { own, previous } = s.configurations;
  const wanted = new Map(own.configuration.members.map((member) => [member.id, member.incarnation]));
  if (office.change?.appended === false)
    for (const [id, { member }] of office.change.catchUps) wanted.set(id, member.incarnation);
  const leaving = new Map(
    previous.configuration.members
      .filter(({ id }) => !wanted.has(id) && (own.id.index > s.commit || office.peers.has(id)))
      .map(({ id, incarnation }) => [id, incarnation]),
  );
  for (const peer of office.peers.values()) {
    const isMember = wanted.get(peer.id) === peer.incarnation && peer.farewell === undefined;
    const isLeaver = leaving.get(peer.id) === peer.incarnation || peer.farewell !== undefined;
    if (!isMember && (wanted.has(peer.id) || !isLeaver)) forgetPeer(s, office, peer);
  }
  // E16: taking office counts as one answer of those who were there; a newcomer has answered nothing yet.
  const heardAt = s.log.last.index < office.firstEntry ? s.now : Number.NEGATIVE_INFINITY;
  for (const [id, incarnation] of [...wanted, ...leaving]) {
    if (id === s.identity.id) continue;
    const begun = () => office.peers.add(new Replicator(id, incarnation, s.log.last.index + 1, heardAt));
    const peer = office.peers.get(id) ?? begun();
    if (!wanted.has(id))
      peer.farewell ??= { removedBy: own.id.index, toldRound: 0, tellUntil: Number.POSITIVE_INFINITY };
  }
}

/** No more is sent to it. */
export function forgetPeer(s: RaftState, office: Leadership, peer: Replicator): void {
  if (peer.transfer !== undefined) s.outbox.emit({ type: "CancelSnapshot", transfer: peer.transfer.number });
  office.peers.delete(peer);
}

/** Gives each peer what it has room for. */
export function replicate(s: RaftState): void {
  const office = s.leadership;
  if (office === undefined) return;
  const { windowMessagesMax, windowBytesMax } = s.options;
  for (const peer of office.peers.values()) {
    while (peer.hasRoom(windowMessagesMax, windowBytesMax) && (peer.next <= s.log.last.index || peer.state === "probe"))
      if (!sendNext(s, peer)) break;
  }
}

/** R03, R07, R11: a peer says how far it holds this leader's log, or where it does not. */
export function onAppendEntriesResponse(s: RaftState, peer: Replicator, response: AppendEntriesResponse): void {
  peer.heardAt = s.now;
  peer.isWitness = response.isWitness === true;
  peer.announces = response.announces ?? 0;
  noticeForgetting(s, peer, response.forgottenUpTo);
  wantsSnapshot(s, peer, response.needsSnapshot);
  if (!response.success) return onRefusal(s, peer, response);
  if (response.match > s.log.last.index) return s.drop("acknowledges more than this leader has");
  peer.matched(response.match, s.now);
  if (peer.state === "probe") peer.becomeReplicate();
  // R08: a commit that was reached while this message was under way is still news to it.
  if (peer.sentCommit < Math.min(peer.match, s.commit)) s.commitNews = true;
}

/** E16, R19: it is there; a probe whose answer was lost may be sent again. */
export function onHeartbeatResponse(s: RaftState, peer: Replicator, response: HeartbeatResponse): void {
  peer.heardAt = s.now;
  noticeForgetting(s, peer, response.forgottenUpTo);
  if (response.round > peer.answeredRound) {
    peer.answeredRound = response.round;
    peer.answeredRoundInStart = peer.answeredInStart;
  }
  noticeLoss(s, peer, response.last);
  wantsSnapshot(s, peer, response.needsSnapshot);
  if (peer.state === "probe" && peer.fetchingFrom === 0) peer.probeSent = false;
}

/** R13: what was read back from the storage goes out, if it is still what the peer needs. */
export function onEntriesFetched(s: RaftState, fetched: EntriesFetched): void {
  const peer = s.leadership?.peers.get(fetched.to);
  if (peer === undefined || fetched.term !== s.term || peer.fetchingFrom !== fetched.from) return;
  peer.fetchingFrom = 0;
  if (peer.next !== fetched.from || peer.state === "snapshot") return;
  const prevTerm = s.log.termAt(fetched.from - 1);
  if (prevTerm === undefined || fetched.blocks.length === 0) return beginTransfer(s, peer);
  // R10: they may have been written under a larger limit.
  send(s, peer, prevTerm, withinLimits(fetched.blocks, s.options.batchEntriesMax, s.options.batchBytesMax));
}

/**
 * R09: what was in flight may be lost. A probe begins again where it was: a new leader knows no match yet (E15), and from
 * index 1 on the log may be compacted away, so that a peer which needs nothing would be sent a snapshot.
 */
export function onPeerLost(peer: Replicator): void {
  if (peer.state !== "snapshot") peer.becomeProbe(peer.state === "probe" ? peer.next : peer.match + 1);
}

/** R19: no progress depends on one message. Called once per heartbeat interval. */
export function checkFlights(s: RaftState, office: Leadership): void {
  for (const peer of office.peers.values()) {
    if (peer.state === "snapshot") checkTransfer(s, peer);
    const stuck = peer.match === peer.matchAtHeartbeat && peer.match < s.log.last.index;
    peer.matchAtHeartbeat = peer.match;
    if (peer.state !== "replicate" || !stuck) continue;
    if (s.now - peer.waitingSince > 2 * s.T && peer.messagesInFlight > 0) {
      peer.becomeProbe(peer.match + 1);
      continue;
    }
    // Sent beside the window: if what it follows was lost, its refusal leads to a probe.
    const prevTerm = s.log.termAt(peer.next - 1);
    if (prevTerm !== undefined)
      s.outbox.send(peer, {
        type: "AppendEntries",
        term: s.term,
        prev: { index: peer.next - 1, term: prevTerm },
        commit: s.commit,
        blocks: [],
      });
  }
}

/**
 * R04: continues where the logs may meet: after the last entry of ours that is not of a later term than the peer's
 * there. What lies between cannot match: the peer's terms up to its hint are no higher than the hint's. Whether the peer's
 * log is the shorter one is told by its last index alone: our own term at the hint may be compacted away.
 */
function onRefusal(s: RaftState, peer: Replicator, response: AppendEntriesResponse): void {
  const { prevIndex, hintIndex, hintTerm, last } = response;
  noticeLoss(s, peer, last);
  const obeys =
    peer.state === "probe" ? prevIndex === peer.next - 1 : peer.state === "replicate" && prevIndex > peer.match;
  if (!obeys) return s.drop("refusal of an older message");
  const bound = last < prevIndex ? hintIndex : prevIndex - 1;
  const meeting = s.log.lastIndexUpToTerm(hintTerm, bound);
  const sameTerm = s.log.termAt(meeting) === hintTerm;
  peer.becomeProbe(sameTerm ? meeting + 1 : Math.min(meeting + 1, Math.max(hintIndex, 1)));
}

/**
 * R20: a new run of it ends below what an earlier one acknowledged: its disk lost that, and with it perhaps the only copy
 * that made a majority. Within one run nothing is lost: a lower last index there is an old message that comes late.
 */
function noticeLoss(s: RaftState, peer: Replicator, last: LogIndex): void {
  if (peer.hasLostData || peer.answeredInStart <= peer.ackedInStart || last >= peer.match) return;
  peer.hasLostData = true;
  const reason =
    `${peer.id} had acknowledged entry ${peer.match} and came back with a log that ends at ${last}: it is not counted any more. ` +
    "Empty its directory, remove it, and add it anew";
  s.outbox.emit({ type: "Notify", notice: { kind: "error", reason } });
}

/**
 * L03: its disk lost entries, and it knows. Nothing that it said in earlier runs is true any more, so it begins anew; what it
 * holds by now is known, but not counted before it says that it is whole. It does once in a run: a word of before that comes late changes nothing.
 */
function noticeForgetting(s: RaftState, peer: Replicator, forgottenUpTo = 0): void {
  if (peer.answeredInStart < peer.forgotInStart) return;
  if (forgottenUpTo === 0) peer.isRelearning = false;
  else if (peer.answeredInStart > peer.forgotInStart) {
    if (peer.transfer !== undefined) s.outbox.emit({ type: "CancelSnapshot", transfer: peer.transfer.number });
    peer.begunAnew();
  }
}

/** S11: it cannot rebuild its state, though its log is there: it gets a snapshot above that index, newly taken if need be. */
function wantsSnapshot(s: RaftState, peer: Replicator, above: LogIndex): void {
  if (above === 0 || peer.state === "snapshot") return;
  if ((s.snapshot?.id.index ?? 0) > above) beginTransfer(s, peer);
  else takeSnapshot(s);
}

const isWitness = (s: RaftState, peer: Replicator): boolean =>
  peer.isWitness || s.configurations.current.witnesses.includes(peer.id);

/**
 * M12: a witness votes for nobody who lacks an entry of its own, and leads nobody. If it alone held one, because its leader lost
 * power before its own write ended, and its vote were needed, nobody could be elected any more. So it is sent what a voter that can lead has on
 * its disk.
 */
function heldByAnHeir(s: RaftState): LogIndex {
  const { voters, witnesses } = s.configurations.current;
  const heldBy = (id: NodeId): LogIndex =>
    s.isSelf(id) ? s.log.durable : (s.leadership?.peers.get(id)?.countedMatch ?? 0);
  return Math.max(0, ...voters.filter((id) => !witnesses.includes(id)).map(heldBy));
}

/** @returns whether a message left. */
function sendNext(s: RaftState, peer: Replicator): boolean {
  if (peer.fetchingFrom !== 0) return false;
  const prevTerm = s.log.termAt(peer.next - 1);
  if (prevTerm === undefined) {
    beginTransfer(s, peer);
    return false;
  }
  if (peer.next > s.log.last.index) {
    send(s, peer, prevTerm, []);
    return true;
  }
  const heldUpTo = isWitness(s, peer) ? heldByAnHeir(s) : s.log.last.index;
  if (peer.next > heldUpTo) return false;
  const { batchEntriesMax, batchBytesMax } = s.options;
  const recent = s.log.blocksFrom(peer.next, batchEntriesMax, batchBytesMax);
  if (recent === undefined) {
    peer.fetchingFrom = peer.next;
    s.outbox.emit({ type: "FetchEntries", to: peer.id, from: peer.next, bytesMax: batchBytesMax, term: s.term });
    return false;
  }
  const blocks = heldUpTo < s.log.last.index ? recent.filter(({ last }) => last <= heldUpTo) : recent;
  if (blocks.length === 0) return false;
  send(s, peer, prevTerm, blocks);
  return true;
}

function send(s: RaftState, peer: Replicator, prevTerm: number, whole: EntriesFetched["blocks"]): void {
  // M12: what was read back is verified before anything is made of it, or damage would be blessed.
  const blocks = peer.isWitness ? whole.map((block) => block.bare(false)) : whole;
  const prev = { index: peer.next - 1, term: prevTerm };
  const last: LogIndex = blocks[blocks.length - 1]?.last ?? prev.index;
  s.outbox.send(peer, { type: "AppendEntries", term: s.term, prev, commit: s.commit, blocks });
  peer.sentCommit = Math.max(peer.sentCommit, Math.min(s.commit, last));
  peer.sent(
    last,
    blocks.reduce((sum, block) => sum + block.sizeBytes, 0),
    s.now,
  );
}

/** The peer that sent this envelope, if it counts (M13, E26). */
export function answeringPeer(s: RaftState, envelope: Envelope): Replicator | undefined {
  const peer = s.peerOf(envelope);
  if (peer === undefined) s.drop("answer of a stranger");
  else peer.answeredInStart = envelope.startNumber;
  return peer;
}
