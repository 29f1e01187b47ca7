import type { SnapshotMeta } from "@hexraft/core/ports";

/** S02: how many snapshots are kept. */
export const SNAPSHOTS_KEPT = 2;

/** A snapshot on a memory disk. */
export interface StoredSnapshot {
  readonly meta: SnapshotMeta;
  readonly bytes: Uint8Array;
}

/** Snapshots as they stand on a disk: whole ones, newest first, and beginnings that a transfer may go on from. */
export class SnapshotImage {
  /** Newest first, at most {@link SNAPSHOTS_KEPT}. */
  whole: readonly StoredSnapshot[] = [];
  private readonly partials = new Map<string, Uint8Array>();

  /** Adds one, in place of one at the same index, and drops the third newest. */
  add(snapshot: StoredSnapshot): void {
    const others = this.whole.filter(({ meta }) => meta.id.index !== snapshot.meta.id.index);
    this.whole = [snapshot, ...others].toSorted((a, b) => b.meta.id.index - a.meta.id.index).slice(0, SNAPSHOTS_KEPT);
  }

  /** The whole one that `meta` names. */
  find(meta: SnapshotMeta): StoredSnapshot | undefined {
    return this.whole.find((stored) => keyOf(stored.meta) === keyOf(meta));
  }

  /** Takes what an earlier transfer of this snapshot left. */
  takePartial(meta: SnapshotMeta): Uint8Array {
    const key = keyOf(meta);
    const bytes = this.partials.get(key) ?? new Uint8Array(0);
    this.partials.delete(key);
    return bytes;
  }

  /** Keeps the beginning of this snapshot; only the newest beginning is kept. */
  keepPartial(meta: SnapshotMeta, bytes: Uint8Array): void {
    this.partials.clear();
    this.partials.set(keyOf(meta), bytes);
  }
}

const keyOf = ({ id, sizeBytes, checksum }: SnapshotMeta): string => `${id.index}.${id.term}.${sizeBytes}.${checksum}`;
