import type { LogIndex } from "../model/log-id.js";
import type { SnapshotMeta } from "../model/snapshot-meta.js";
import { isLogKeptFor, wouldPushOut } from "./snapshot-sending.js";
import type { RaftState } from "./state.js";

/*
 * When a node saves a snapshot of its own, and what the log may forget then (§7). Rules S03, S07, S10.
 *
 * Each node decides for itself: what is applied is committed, so no agreement is needed.
 */

/** S07: on demand; joined with one under way; not while another one's is being installed. */
export function takeSnapshot(s: RaftState): void {
  if (s.takingSnapshot || s.install !== undefined || s.faulted !== "") return;
  if (s.restoring > 0) return;
  s.takingSnapshot = true;
  s.outbox.emit({ type: "TakeSnapshot" });
}

/** S07: by growth of the log. */
export function snapshotIfGrown(s: RaftState): void {
  const { snapshotEveryEntries, snapshotEveryBytes } = s.options;
  const entries = s.applied - Math.max(s.snapshot?.id.index ?? 0, s.snapshotFailedAt);
  const hasGrown = entries >= snapshotEveryEntries || (s.log.bytesSinceSnapshot >= snapshotEveryBytes && entries > 0);
  if (hasGrown && !wouldPushOut(s)) takeSnapshot(s);
}

/** S07: by interval, if anything was applied since. */
export function snapshotTimerFired(s: RaftState): void {
  if (s.applied > (s.snapshot?.id.index ?? 0) && !wouldPushOut(s)) takeSnapshot(s);
  s.arm("snapshot", s.options.snapshotIntervalMs);
}

/** It could not be saved: tried again only when the log has grown as much once more, for a full disk stays full. */
export function onSnapshotSaveFailed(s: RaftState, reason: string): void {
  s.takingSnapshot = false;
  s.snapshotFailedAt = s.applied;
  s.log.bytesSinceSnapshot = 0;
  s.outbox.emit({ type: "Notify", notice: { kind: "error", reason: `snapshot not saved: ${reason}` } });
}

/** A snapshot of ours is durable: the log may forget what the one before it covers (S03). */
export function onSnapshotSaved(s: RaftState, meta: SnapshotMeta): void {
  s.takingSnapshot = false;
  if (meta.id.index <= (s.snapshot?.id.index ?? 0)) return;
  s.previousSnapshot = s.snapshot;
  s.snapshot = meta;
  s.log.bytesSinceSnapshot = 0;
  s.outbox.emit({ type: "Notify", notice: { kind: "snapshot", stage: "saved", id: meta.id, peer: null } });
  compact(s);
}

/**
 * S03: up to the *previous* snapshot at most, so that a damaged newest one can be replaced by it and the log; less a
 * margin, so that a follower that is a little behind needs no snapshot; and not past what a peer that is being sent a
 * snapshot needs after it (S10), up to a bound: or each transfer would end in the next one.
 */
function compact(s: RaftState): void {
  const previous = s.previousSnapshot;
  if (previous === null) return;
  let upTo: LogIndex = previous.id.index - s.options.compactionMarginEntries;
  for (const peer of s.leadership?.peers.values() ?? [])
    if (peer.offer !== undefined && isLogKeptFor(s, peer)) upTo = Math.min(upTo, peer.offer.meta.id.index);
  const term = s.log.termAt(upTo);
  if (upTo <= s.log.base.index || term === undefined) return;
  const base = { index: upTo, term };
  s.log.compactTo(base);
  s.configurations.compactTo(upTo);
  s.outbox.persistCompaction(base);
}
