import type { ReplicaId, StartNumber } from "../../model/node-id.js";

/** T11: the newest run of a replica that was heard of. */
export interface Start extends ReplicaId {
  readonly startNumber: StartNumber;
}
