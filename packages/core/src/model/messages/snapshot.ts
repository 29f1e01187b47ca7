import type { LogIndex, Term } from "../log-id.js";
import type { SnapshotMeta } from "../snapshot-meta.js";

/** S04: the leader offers its newest snapshot; the bytes follow on a stream once the offer is accepted. */
export interface InstallSnapshot {
  /** Discriminator. */
  readonly type: "InstallSnapshot";
  /** The term. */
  readonly term: Term;
  /** Names this transfer; drawn anew for each (R19). */
  readonly transfer: number;
  /** What is offered. */
  readonly meta: SnapshotMeta;
}

/** Answer to {@link InstallSnapshot}, once at its beginning and once at its end. */
export interface InstallSnapshotResponse {
  /** Discriminator. */
  readonly type: "InstallSnapshotResponse";
  /** The term. */
  readonly term: Term;
  /** The transfer answered. */
  readonly transfer: number;
  /** `send`: stream it from `offset`. `done`: installed, or not needed; `match` says how far. `failed`: give this one up. */
  readonly status: "send" | "done" | "failed";
  /** `send`: bytes already held from an earlier, broken transfer of the same snapshot. */
  readonly offset: number;
  /** `done`: the receiver's durable commit index (S05). */
  readonly match: LogIndex;
}
