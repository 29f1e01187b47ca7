import type { NodeId } from "../../model/node-id.js";
import type { SnapshotMeta } from "../../model/snapshot-meta.js";

/** Somebody wants a snapshot now (S07). */
export interface SnapshotRequested {
  /** Discriminator. */
  readonly type: "SnapshotRequested";
}

/** A local snapshot is durable. */
export interface SnapshotSaved {
  /** Discriminator. */
  readonly type: "SnapshotSaved";
  /** The snapshot. */
  readonly meta: SnapshotMeta;
}

/** A local snapshot could not be saved; the node goes on. */
export interface SnapshotSaveFailed {
  /** Discriminator. */
  readonly type: "SnapshotSaveFailed";
  /** Words for a person. */
  readonly reason: string;
}

/** The receiving end of a transfer is ready for bytes from `offset` on. */
export interface SnapshotSinkOpened {
  /** Discriminator. */
  readonly type: "SnapshotSinkOpened";
  /** Number of the transfer (S04). */
  readonly transfer: number;
  /** First byte that is wanted. */
  readonly offset: number;
}

/** All bytes of a transfer came, were verified, and are durable beside the log (S05). */
export interface SnapshotReceived {
  /** Discriminator. */
  readonly type: "SnapshotReceived";
  /** Number of the transfer (S04). */
  readonly transfer: number;
  /** The snapshot. */
  readonly meta: SnapshotMeta;
}

/** A transfer broke off, or its bytes were wrong. */
export interface SnapshotReceiveFailed {
  /** Discriminator. */
  readonly type: "SnapshotReceiveFailed";
  /** Number of the transfer (S04). */
  readonly transfer: number;
  /** Words for a person. */
  readonly reason: string;
}

/** The state machine was replaced by a snapshot's state. */
export interface SnapshotLoaded {
  /** Discriminator. */
  readonly type: "SnapshotLoaded";
  /** The snapshot. */
  readonly meta: SnapshotMeta;
}

/** Our end of a transfer is over; the peer's answer decides what it achieved. */
export interface SnapshotSent {
  /** Discriminator. */
  readonly type: "SnapshotSent";
  /** The peer. */
  readonly to: NodeId;
  /** Number of the transfer (S04). */
  readonly transfer: number;
  /** Whether the receiver took the last byte. */
  readonly ok: boolean;
}
