import type { LogIndex } from "../log-id.js";
import type { Incarnation, NodeId } from "../node-id.js";

/** M09: a committed configuration without the receiver exists. */
export interface Removed {
  /** Discriminator. */
  readonly type: "Removed";
  /** Index of that configuration. */
  readonly configurationIndex: LogIndex;
  /** Whom it removed. */
  readonly id: NodeId;
  /** Which incarnation of it. */
  readonly incarnation: Incarnation;
}
