import { invariant } from "../model/errors.js";
import type { InstallSnapshot, InstallSnapshotResponse } from "../model/message.js";
import { type ReplicaId, sameReplica } from "../model/node-id.js";
import { updateBook } from "./address-book.js";
import { advanceCommit } from "./ballot-box.js";
import type { SnapshotReceived, SnapshotReceiveFailed, SnapshotSinkOpened } from "./event.js";
import type { Install } from "./state/install.js";
import type { RaftState } from "./state.js";
import { becomeFollower, restartElectionWait } from "./term.js";
import { isUnreadable, opened } from "./version-gate.js";

/*
 * A follower is given a snapshot (§7). Rules S04, S05, R14.
 *
 * All of it is verified before anything changes, and what it means is decided in one step, against the state of that
 * instant: by then the log may have caught up. The order is: file durable, log reset durable, state loaded, acknowledged.
 */

/** An offer of the leader of this term. */
export function onInstallSnapshot(s: RaftState, leader: ReplicaId, message: InstallSnapshot): void {
  const { transfer, meta } = message;
  const running = s.install;
  if (running !== undefined && running.phase !== "receiving") {
    // The bytes are here already and are being installed; the newest offer is the one to answer.
    if (meta.id.index <= running.meta.id.index) Object.assign(running, { from: leader, transfer });
    return;
  }
  if (!isNeeded(s, meta)) return answer(s, leader, transfer, "done");
  if (isUnreadable(s, message)) return answer(s, leader, transfer, "failed");
  if (running !== undefined) {
    const isSameNumber = running.transfer === transfer;
    if (isSameNumber && sameReplica(running.from, leader)) return s.drop("snapshot offer seen before");
    s.outbox.emit({ type: "CancelSnapshot", transfer: running.transfer });
    s.install = undefined;
    // Two leaders may number alike, and the last word of the old transfer may be under way: this one has to be numbered anew.
    if (isSameNumber) return answer(s, leader, transfer, "failed");
  }
  s.install = { from: leader, transfer, meta, phase: "receiving", write: 0 };
  s.outbox.emit({ type: "ReceiveSnapshot", from: leader.id, fromIncarnation: leader.incarnation, transfer, meta });
}

/** The bytes may come. */
export function onSinkOpened(s: RaftState, { transfer, offset }: SnapshotSinkOpened): void {
  const install = receiving(s, transfer);
  if (install !== undefined) answer(s, install.from, transfer, "send", offset);
}

/** The bytes do not come, or are wrong: the leader may begin anew. */
export function onReceiveFailed(s: RaftState, { transfer }: SnapshotReceiveFailed): void {
  const install = receiving(s, transfer);
  if (install === undefined) return;
  s.install = undefined;
  answer(s, install.from, transfer, "failed");
}

/** S05: everything is verified and beside the log; decided now, in one step. */
export function onSnapshotReceived(s: RaftState, { transfer, meta }: SnapshotReceived): void {
  const install = receiving(s, transfer);
  if (install === undefined) return;
  if (!isNeeded(s, meta)) {
    s.install = undefined;
    return answer(s, install.from, transfer, "done");
  }
  // M12: what a witness keeps of it is less than what was offered.
  install.meta = meta;
  if (s.log.holds(meta.id) && meta.id.index <= s.log.durable) {
    if (s.restoring > 0) return rebuildState(s, install);
    // The log has caught up meanwhile: the snapshot only proves that entries up to its index are committed.
    advanceCommit(s, meta.id.index);
    s.verified = Math.max(s.verified, meta.id.index);
    s.install = undefined;
    return answer(s, install.from, transfer, "done");
  }
  // E19: it was asking for votes with the log that goes now; what restores a snapshot does not campaign.
  if (s.role !== "follower") becomeFollower(s, null, "its log is being replaced by a snapshot");
  const wasVoter = s.isVoter;
  install.phase = "persisting";
  install.write = s.outbox.persistReset(meta.id);
  s.log.resetTo(meta.id, meta.logTimeMs, s.commit);
  s.configurations.resetTo(meta.configuration);
  s.commit = meta.id.index;
  s.verified = meta.id.index;
  updateBook(s);
  if (!wasVoter && s.isVoter) restartElectionWait(s);
}

/** S05, S11: not at or below what is committed here, unless the state behind that cannot be rebuilt. */
function isNeeded(s: RaftState, { id }: Install["meta"]): boolean {
  return id.index > s.commit || (s.restoring > 0 && id.index > s.restoring);
}

/** S11: the log is whole, and goes on from the snapshot: only the state is replaced. */
function rebuildState(s: RaftState, install: Install): void {
  const { meta } = install;
  install.phase = "loading";
  s.configurations.standOn(meta.configuration);
  updateBook(s);
  if (meta.id.index > s.commit) advanceCommit(s, meta.id.index);
  s.verified = Math.max(s.verified, meta.id.index);
  s.applySent = meta.id.index;
  s.outbox.emit({ type: "LoadSnapshot", meta });
}

/** The log begins after the snapshot, durably: now the state follows, in its turn. */
export function loadWhenReset(s: RaftState, persistedUpTo: number): void {
  const install = s.install;
  if (install === undefined || install.phase !== "persisting" || install.write > persistedUpTo) return;
  install.phase = "loading";
  s.applySent = install.meta.id.index;
  s.outbox.emit({ type: "LoadSnapshot", meta: install.meta });
}

/** The state is the snapshot's: acknowledged only now. */
export function onSnapshotLoaded(s: RaftState, index: number): void {
  const install = s.install;
  invariant(
    install?.phase === "loading" && install.meta.id.index === index,
    "S05 a snapshot is loaded once its log was reset",
    { index },
  );
  s.install = undefined;
  s.restoring = 0;
  opened(s, install.meta.formatVersion);
  s.previousSnapshot = s.snapshot;
  s.snapshot = install.meta;
  s.log.bytesSinceSnapshot = 0;
  s.applied = Math.max(s.applied, index);
  s.outbox.emit({
    type: "Notify",
    notice: { kind: "snapshot", stage: "installed", id: install.meta.id, peer: install.from.id },
  });
  answer(s, install.from, install.transfer, "done");
}

function receiving(s: RaftState, transfer: number): Install | undefined {
  const install = s.install;
  return install?.phase === "receiving" && install.transfer === transfer ? install : undefined;
}

function answer(
  s: RaftState,
  to: ReplicaId,
  transfer: number,
  status: InstallSnapshotResponse["status"],
  offset = 0,
): void {
  const match = status === "done" ? Math.min(s.commit, s.held) : 0;
  s.outbox.send(to, { type: "InstallSnapshotResponse", term: s.term, transfer, status, offset, match });
}
