import type { FieldReader } from "../field-reader.js";
import type { LogBlock } from "../log-block.js";
import type { Message, MessageType } from "../message.js";

/** How one kind of message stands in an array. */
export interface Layout<M extends Message> {
  /** The message's number on the wire, for ever. */
  readonly code: number;
  /** T09: the version of the protocol that it came with; absent: the first. */
  readonly since?: number;
  /** Its body. */
  readonly write: (message: M) => unknown[];
  /**
   * The message of such a body; `blocks` came beside it. Written as one literal wherever it is said often: what is spread into another
   * object has no shape that it shares with its like, and every step that looks at it pays for that.
   */
  readonly read: (fields: FieldReader, blocks: readonly LogBlock[]) => M;
}

/** The layouts of these messages. */
export type Layouts<T extends MessageType> = { readonly [K in T]: Layout<Extract<Message, { type: K }>> };
