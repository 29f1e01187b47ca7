import { RaftError } from "../model/errors.js";
import type { Envelope, ReadIndex } from "../model/message.js";
import { askForIndex } from "./asking.js";
import { answeredByQuorum } from "./check-quorum.js";
import type { BoundedRead } from "./event.js";
import { broadcastHeartbeat } from "./leadership.js";
import { confirmedSince, holdsLease } from "./lease.js";
import { added, NOTHING } from "./short-list.js";
import type { Leadership, Reader } from "./state/office.js";
import { type RaftState, senderOf } from "./state.js";
import { failReads } from "./term.js";

/*
 * Linearizable reads without a log entry (§6.4 of the thesis; sofa-jraft: ReadOnlyService). Rules Q01, Q02, Q03, Q04, Q05, Q07, Q08.
 *
 * A leader notes its commit index, asks a quorum whether it still leads, and serves that very index. The round of
 * heartbeats must begin after the read came: an answer that was on its way already says nothing about now. A lease, or a
 * bound on the age of what is read, saves the round where clocks can be trusted; where they cannot decide, the round decides.
 */

/** Q01: callers here want to read; a node that does not lead asks the one that does (Q04). */
export function onReadRequested(s: RaftState, requests: readonly number[]): void {
  if (s.leadership === undefined) askForIndex(s, requests);
  else waitForRound(s, s.leadership, requests);
}

/** Q05: under a lease its holder needs to ask nobody; without one, and on any other node, Q01. */
export function onLeaseReadRequested(s: RaftState, requests: readonly number[]): void {
  if (s.leadership !== undefined && holdsLease(s, s.leadership))
    s.outbox.emit({ type: "ReadReady", requests, index: s.commit });
  else onReadRequested(s, requests);
}

/** Q08: this replica's own state, if it is fresh enough; else Q01. */
export function onBoundedReadRequested(s: RaftState, reads: readonly BoundedRead[]): void {
  const ownWholeSince = s.freshness?.wholeSince(s.applied) ?? Number.NEGATIVE_INFINITY;
  const wholeSince = s.leadership === undefined ? ownWholeSince : confirmedSince(s, s.leadership);
  const isFresh = ({ maxStalenessMs }: BoundedRead): boolean => s.now - wholeSince <= maxStalenessMs;
  const fresh = reads.filter(isFresh).map(({ request }) => request);
  const rest = reads.filter((read) => !isFresh(read)).map(({ request }) => request);
  const index = s.leadership === undefined ? s.applied : s.commit;
  if (fresh.length > 0) s.outbox.emit({ type: "ReadReady", requests: fresh, index });
  if (rest.length > 0) onReadRequested(s, rest);
}

/** Q04: a follower asks for an index. */
export function onReadIndex(s: RaftState, envelope: Envelope, { request }: ReadIndex): void {
  const replica = senderOf(s, envelope);
  if (s.leadership === undefined || s.peerOf(envelope) === undefined)
    failReads(s, [{ replica, request }], retry("this node does not lead it"));
  else waitForRound(s, s.leadership, [{ replica, request }]);
}

/** Q01–Q03: begins a round for the reads that wait, and releases those whose round a quorum answered. */
export function confirmReads(s: RaftState): void {
  const office = s.leadership;
  if (office === undefined) return;
  if (office.readRounds.length > 0) releaseConfirmed(s, office);
  // Q02: an earlier leader's commits are known to be complete only once an entry of this term is committed.
  const isOwnTermCommitted = s.commit >= office.firstEntry;
  if (office.waitingReads.length === 0 || office.readRounds.length > 0 || !isOwnTermCommitted) return;
  broadcastHeartbeat(s, office);
  office.readRounds = [{ round: office.round, index: s.commit, readers: office.waitingReads }];
  office.waitingReads = NOTHING;
  releaseConfirmed(s, office);
}

function waitForRound(s: RaftState, office: Leadership, readers: readonly Reader[]): void {
  const waiting = office.readRounds.reduce((sum, round) => sum + round.readers.length, office.waitingReads.length);
  if (waiting + readers.length > s.options.pendingRequestsMax) {
    const error = new RaftError(
      "Overloaded",
      "refused",
      `${waiting} reads wait already (pendingRequestsMax); try again shortly.`,
    );
    return failReads(s, readers, error);
  }
  for (const reader of readers) office.waitingReads = added(office.waitingReads, reader);
}

function releaseConfirmed(s: RaftState, office: Leadership): void {
  const confirmed = answeredByQuorum(s, office);
  const done = office.readRounds.filter((round) => round.round <= confirmed);
  if (done.length === 0) return;
  const open = office.readRounds.filter((round) => round.round > confirmed);
  office.readRounds = open.length === 0 ? NOTHING : open;
  for (const { readers, index } of done) {
    const local = readers.filter((reader) => typeof reader === "number");
    if (local.length > 0) s.outbox.emit({ type: "ReadReady", requests: local, index });
    for (const reader of readers) {
      if (typeof reader !== "number")
        s.outbox.send(reader.replica, { type: "ReadIndexResponse", request: reader.request, confirmed: true, index });
    }
  }
}

const retry = (why: string) =>
  new RaftError("ReadTimeout", "refused", `The read could not be confirmed: ${why}; try again.`);
