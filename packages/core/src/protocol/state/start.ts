import type { ReplicaId, StartNumber } from "../../model/node-id.js";

/** T11: the newest run of a replica that was heard of. */
export interface Start {
  /** Who. All that is kept of its messages means it by this. */
  readonly replica: ReplicaId;
  readonly startNumber: StartNumber;
}
