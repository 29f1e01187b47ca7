import type { Envelope } from "../../model/message.js";
import type { NodeId, StartNumber } from "../../model/node-id.js";

/** A message came (E26 judges it). */
export interface MessageReceived {
  /** Discriminator. */
  readonly type: "MessageReceived";
  /** The message, with who says it to whom. */
  readonly envelope: Envelope;
}

/** Messages can be exchanged with a peer from now on. */
export interface PeerUp {
  /** Discriminator. */
  readonly type: "PeerUp";
  /** The node. */
  readonly id: NodeId;
  /** Its run. */
  readonly startNumber: StartNumber;
}

/** The connection to a peer ended: messages under way may be lost (R09). */
export interface PeerDown {
  /** Discriminator. */
  readonly type: "PeerDown";
  /** The node. */
  readonly id: NodeId;
}
