import type { NodeId } from "../model/node-id.js";
import type { SparseSet } from "./sparse-set.js";

/** G02: what the replica of one group has to do with rest. */
export interface Rest {
  /** A leader that has asked for the rest of its members, or a replica at rest. */
  phase: "offered" | "resting";
  /** Leader: the round that the offer came with. */
  readonly round: number;
  /** Leader: members that rest. */
  readonly confirmed: SparseSet<NodeId>;
}
