import type { NodeId } from "../model/node-id.js";
import type { SparseSet } from "./sparse-set.js";

/** G02: what the replica of one group has to do with rest: a leader that has asked for the rest of its members, or a replica at rest. */
export type Rest =
  | {
      readonly phase: "offered";
      /** The round that the offer came with. */
      readonly round: number;
      /** Members that rest. */
      readonly confirmed: SparseSet<NodeId>;
    }
  | {
      readonly phase: "resting";
      /** The round that the offer came with. */
      readonly round: number;
    };
