import type { Configuration } from "../../model/configuration.js";
import type { LogIndex } from "../../model/log-id.js";
import type { NodeId } from "../../model/node-id.js";

/** An operator wants other members (M03). Answered by ChangeAnswered. */
export interface ChangeRequested {
  /** Discriminator. */
  readonly type: "ChangeRequested";
  /** Number of the request. */
  readonly request: number;
  /** The members wanted. */
  readonly target: Configuration;
  /** M14: index of the configuration that it was planned for; `null`: whichever is in force. */
  readonly expected: LogIndex | null;
}

/** An operator called the change of members off (M16). Answered by ChangeAnswered, as is the change itself. */
export interface ChangeCancelled {
  /** Discriminator. */
  readonly type: "ChangeCancelled";
  /** Number of the request. */
  readonly request: number;
  /** Number of the request that began the change; `null`: whichever it is. */
  readonly change: number | null;
}

/** An operator, or `stop`, wants another leader (E21). Answered by TransferAnswered. */
export interface TransferRequested {
  /** Discriminator. */
  readonly type: "TransferRequested";
  /** Number of the request. */
  readonly request: number;
  /** Whom; `null`: the best one (E25). */
  readonly to: NodeId | null;
  /** E25: the node is about to stop, and cannot wait for a change of members to end. */
  readonly isStopping: boolean;
}

/** An operator wants this node to stand for election now. Answered by TransferAnswered once it does. */
export interface ElectionRequested {
  /** Discriminator. */
  readonly type: "ElectionRequested";
  /** Number of the request. */
  readonly request: number;
}
