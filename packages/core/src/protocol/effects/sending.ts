import type { Message } from "../../model/message.js";
import type { Incarnation, NodeId } from "../../model/node-id.js";
import type { OwnBallotPersisted } from "../event.js";

/** Says a message to a peer. It may leave at once. */
export interface Send {
  /** Discriminator. */
  readonly type: "Send";
  /** The peer. */
  readonly to: NodeId;
  /** The peer's incarnation, as its configuration names it. */
  readonly toIncarnation: Incarnation;
  /** What is said. */
  readonly message: Message;
}

/** Hands an event back to the protocol. */
export interface Deliver {
  /** Discriminator. */
  readonly type: "Deliver";
  /** The event. */
  readonly event: OwnBallotPersisted;
}

/** What may be said only once a write is durable (E02). */
export type AfterPersist = Send | Deliver;
