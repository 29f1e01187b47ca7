import type { Term } from "./log-id.js";
import type { RecoveryNumber, ReplicaId } from "./node-id.js";

/** What a replica must never forget, whatever crashes (§5.2): durable before anything that reveals it (E02). */
export interface HardState {
  /** The latest term it has seen. */
  readonly term: Term;
  /** Whom it voted for in that term, itself included; `null` while its vote is free. */
  readonly vote: ReplicaId | null;
  /** M11: raised by an unsafe recovery. */
  readonly recoveryNumber: RecoveryNumber;
  /** M09: index of the configuration that removed this incarnation; 0 while it belongs. */
  readonly removedAt: number;
}

/** E01: the hard state of a replica that has never run. */
export const FRESH_HARD_STATE: HardState = { term: 0, vote: null, recoveryNumber: 0, removedAt: 0 };
