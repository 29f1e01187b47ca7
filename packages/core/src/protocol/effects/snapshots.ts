import type { Incarnation, NodeId } from "../../model/node-id.js";
import type { SnapshotMeta } from "../../model/snapshot-meta.js";

/** Saves a snapshot at the applied index of the moment; comes back as SnapshotSaved or SnapshotSaveFailed. */
export interface TakeSnapshot {
  /** Discriminator. */
  readonly type: "TakeSnapshot";
}

/** Streams a snapshot to a peer that asked for its bytes; comes back as SnapshotSent. */
export interface SendSnapshot {
  /** Discriminator. */
  readonly type: "SendSnapshot";
  /** The peer. */
  readonly to: NodeId;
  /** The peer's incarnation, as its configuration names it. */
  readonly toIncarnation: Incarnation;
  /** Number of the transfer (S04). */
  readonly transfer: number;
  /** The snapshot. */
  readonly meta: SnapshotMeta;
  /** First byte that is wanted. */
  readonly offset: number;
}

/** Stops one of our transfers, sent or received. */
export interface CancelSnapshot {
  /** Discriminator. */
  readonly type: "CancelSnapshot";
  /** Number of the transfer (S04). */
  readonly transfer: number;
}

/** Opens a sink for a transfer; comes back as SnapshotSinkOpened, then SnapshotReceived, or SnapshotReceiveFailed. */
export interface ReceiveSnapshot {
  /** Discriminator. */
  readonly type: "ReceiveSnapshot";
  /** Who sends it. */
  readonly from: NodeId;
  /** The sender's incarnation. */
  readonly fromIncarnation: Incarnation;
  /** Number of the transfer (S04). */
  readonly transfer: number;
  /** The snapshot. */
  readonly meta: SnapshotMeta;
}

/** Replaces the state machine's state, in its turn (S05); comes back as SnapshotLoaded. */
export interface LoadSnapshot {
  /** Discriminator. */
  readonly type: "LoadSnapshot";
  /** The snapshot. */
  readonly meta: SnapshotMeta;
}
