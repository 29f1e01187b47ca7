import type { InstallSnapshotResponse } from "../model/message.js";
import type { SnapshotSent } from "./event.js";
import type { Replicator } from "./replicator.js";
import type { RaftState } from "./state.js";

/*
 * A leader sends its snapshot to a peer that the log cannot serve any more (§7). Rules S04, S10, R19.
 *
 * Offer and answers are messages like all others; only the bytes take a way of their own. The offer is made first, so
 * that a stream is opened only for a receiver that wants it, from the offset it has reached.
 */

/** S10: a peer that was not heard for so many T is not waited for with the next snapshot. */
const SILENT_T_MAX = 20;

/**
 * S04: offers the newest snapshot, or goes on with the one before (S10), if not too many are under way; further peers wait for
 * their turn.
 */
export function beginTransfer(s: RaftState, peer: Replicator): void {
  if (peer.state !== "snapshot") peer.becomeSnapshot();
  const before = isWorthFinishing(s, peer) ? peer.offer : undefined;
  const meta = before?.meta ?? s.snapshot;
  const underWay = [...(s.leadership?.peers.values() ?? [])].filter(({ transfer }) => transfer !== undefined).length;
  if (meta === null || peer.transfer !== undefined || underWay >= s.options.snapshotSendsMax) return;
  const number = s.identity.startNumber * 2 ** 24 + (++s.transferCounter % 2 ** 24);
  peer.transfer = { number, meta, streaming: false, progressAt: s.now };
  peer.offer = before ?? { meta, keptSinceBytes: s.log.bytesAppended, heldBytes: -1, getsOn: true };
  s.outbox.send(peer, { type: "InstallSnapshot", term: s.term, transfer: number, meta });
}

/** The receiver wants it from an offset on, has it, or gives it up. */
export function onInstallSnapshotResponse(s: RaftState, peer: Replicator, response: InstallSnapshotResponse): void {
  peer.heardAt = s.now;
  const transfer = peer.transfer;
  if (transfer === undefined || transfer.number !== response.transfer) return s.drop("answer to no transfer of ours");
  transfer.progressAt = s.now;
  if (response.status === "send") {
    if (transfer.streaming) return;
    transfer.streaming = true;
    asksFrom(peer, response.offset);
    const { number, meta } = transfer;
    s.outbox.emit({
      type: "SendSnapshot",
      to: peer.id,
      toIncarnation: peer.incarnation,
      transfer: number,
      meta,
      offset: response.offset,
    });
    return;
  }
  if (transfer.streaming) s.outbox.emit({ type: "CancelSnapshot", transfer: transfer.number });
  if (response.status === "done") {
    if (response.match > s.log.last.index) return s.drop("acknowledges more than this leader has");
    if (peer.offer !== undefined) peer.offer.getsOn = false;
    const news = peer.matched(response.match, s.now);
    s.outbox.emit({ type: "Notify", notice: { kind: "snapshot", stage: "sent", id: transfer.meta.id, peer: peer.id } });
    peer.becomeProbe(peer.match + 1);
    // It has committed all of it, and waits for its own disk: what it lacks on it is not offered again in a circle.
    peer.probeSent = !news;
  } else giveUp(peer);
}

/** Our end of the stream is over: the receiver's answer follows, or the transfer begins anew. */
export function onSnapshotSent(s: RaftState, { to, transfer, ok }: SnapshotSent): void {
  const peer = s.leadership?.peers.get(to);
  if (peer?.transfer === undefined || peer.transfer.number !== transfer) return;
  peer.transfer.streaming = false;
  peer.transfer.progressAt = s.now;
  if (!ok) giveUp(peer);
}

/** R19: an offer with neither answer nor progress for 2T is given up; one that waited for its turn is made. */
export function checkTransfer(s: RaftState, peer: Replicator): void {
  const transfer = peer.transfer;
  if (transfer !== undefined && !transfer.streaming && s.now - transfer.progressAt > 2 * s.T) giveUp(peer);
  else if (transfer === undefined) beginTransfer(s, peer);
}

/** S10: whether the log after what this peer was offered is still kept for it. */
export const isLogKeptFor = (s: RaftState, peer: Replicator): boolean =>
  peer.offer !== undefined && s.log.bytesAppended - peer.offer.keptSinceBytes <= s.options.keptLogBytesMax;

/**
 * S10: under a leader that saves often, a newer snapshot at each cut would never let a long transfer come to its end. So the same
 * one is offered again while its receiver gets on with it, and it is there.
 */
function isWorthFinishing(s: RaftState, peer: Replicator): boolean {
  const index = peer.offer?.meta.id.index;
  const isThere = index === s.snapshot?.id.index || index === s.previousSnapshot?.id.index;
  return peer.offer?.getsOn === true && isThere && isLogKeptFor(s, peer);
}

/** S10: whether the next snapshot would push one out that a peer is getting on with: two are kept (S02). */
export function wouldPushOut(s: RaftState): boolean {
  const last = s.previousSnapshot?.id.index;
  return [...(s.leadership?.peers.values() ?? [])].some(
    (peer) =>
      peer.offer?.meta.id.index === last && isWorthFinishing(s, peer) && s.now - peer.heardAt <= SILENT_T_MAX * s.T,
  );
}

/** S10: it wants the bytes of what it was offered, from there on. */
function asksFrom({ offer }: Replicator, offset: number): void {
  if (offer === undefined) return;
  offer.getsOn = offset > offer.heldBytes;
  offer.heldBytes = offset;
}

/** Begins anew with a probe, at the peer's next sign of life. */
function giveUp(peer: Replicator): void {
  peer.becomeProbe(peer.match + 1);
  peer.probeSent = true;
}
