import type { ReplicaId } from "../../model/node-id.js";
import type { SnapshotMeta } from "../../model/snapshot-meta.js";

/** S05: a snapshot on its way in. */
export interface Install {
  from: ReplicaId;
  /** Number of the transfer (S04). */
  transfer: number;
  /** The snapshot: as it was offered, then as it was received. */
  meta: SnapshotMeta;
  phase: "receiving" | "persisting" | "loading";
  /** persisting: the write that resets the log. */
  write: number;
}
