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
  /** Its body again; `blocks` came beside it. */
  readonly read: (fields: FieldReader, blocks: readonly LogBlock[]) => Omit<M, "type">;
}

/** The layouts of these messages. */
export type Layouts<T extends MessageType> = { readonly [K in T]: Layout<Extract<Message, { type: K }>> };
