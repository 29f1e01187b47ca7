import { badMessage, FieldReader } from "./field-reader.js";
import { ELECTION_LAYOUTS } from "./layouts/election-layouts.js";
import { FORWARDING_LAYOUTS } from "./layouts/forwarding-layouts.js";
import type { Layout, Layouts } from "./layouts/layout.js";
import { REMOVAL_LAYOUTS } from "./layouts/removal-layouts.js";
import { REPAIR_LAYOUTS } from "./layouts/repair-layouts.js";
import { REPLICATION_LAYOUTS } from "./layouts/replication-layouts.js";
import { REST_LAYOUTS } from "./layouts/rest-layouts.js";
import { SNAPSHOT_LAYOUTS } from "./layouts/snapshot-layouts.js";
import type { LogBlock } from "./log-block.js";
import { blocksOf, type Envelope, type Message, type MessageType } from "./message.js";

/*
 * Messages as positional arrays, for every transport (format 1):
 *
 *   [code, group, from, fromIncarnation, startNumber, recoveryNumber, to, toIncarnation, body]
 *
 * `body` is a flat array as `layouts/` has it. Codes and positions never change meaning; both arrays grow at their tail
 * only (T09). Blocks travel beside the array: AppendEntries only says how many there are and of how many bytes together.
 * Nothing here trusts the other side: what `fromArray` hands out has been checked to the last element.
 */

const LAYOUTS: Layouts<MessageType> = {
  ...ELECTION_LAYOUTS,
  ...REPLICATION_LAYOUTS,
  ...SNAPSHOT_LAYOUTS,
  ...FORWARDING_LAYOUTS,
  ...REMOVAL_LAYOUTS,
  ...REPAIR_LAYOUTS,
  ...REST_LAYOUTS,
};

/** Number of every message on the wire: they never change. */
export const MESSAGE_CODES = Object.fromEntries(
  Object.entries(LAYOUTS).map(([type, { code }]) => [type, code]),
) as Readonly<Record<MessageType, number>>;

/** T09: the version of the protocol that a message came with: a peer that speaks an older one is not sent it. */
export const versionOf = (type: MessageType): number => LAYOUTS[type].since ?? 1;

const TYPE_OF_CODE = new Map(Object.entries(MESSAGE_CODES).map(([type, code]) => [code, type as MessageType]));

/** An envelope without what it says: the same for all that one replica says to another in one of its runs. */
export type EnvelopeHead = Omit<Envelope, "message">;

/** The envelope as an array of strings, whole numbers, flags, bytes and one nested array; its blocks are not in it. */
export function toArray(envelope: Envelope): unknown[] {
  const { group, from, fromIncarnation, startNumber, recoveryNumber, to, toIncarnation, message } = envelope;
  const head = [group, from, fromIncarnation, startNumber, recoveryNumber, to, toIncarnation];
  return [MESSAGE_CODES[message.type], ...head, bodyOf(message)];
}

/** The last element of {@link toArray}: what is said, without its blocks. */
export const bodyOf = (message: Message): unknown[] => (LAYOUTS[message.type] as Layout<Message>).write(message);

/**
 * The envelope again, out of an array that came from outside, and the blocks that came with it.
 *
 * @throws RaftError `BadMessage`, naming the element that breaks its rule.
 */
export function fromArray(array: unknown, blocks: readonly LogBlock[]): Envelope {
  const fields = new FieldReader(array, "an envelope");
  const type = typeOf(fields.count("code"));
  const group = fields.name("group");
  const from = fields.name("from");
  const fromIncarnation = fields.incarnation("sender's incarnation");
  const startNumber = fields.whole("start number", 1, Number.MAX_SAFE_INTEGER);
  const recoveryNumber = fields.count("recovery number");
  const to = fields.name("to");
  const toIncarnation = fields.incarnation("receiver's incarnation");
  const body = fields.nested("body");
  fields.end();
  if (from === to) throw badMessage(`${from} says it to itself`);
  const message = messageOf(type, body, blocks);
  return { group, from, fromIncarnation, startNumber, recoveryNumber, to, toIncarnation, message };
}

/**
 * The same for whoever knows the head already, as {@link fromArray} has read it before.
 *
 * @param code - of the message, on the wire.
 * @param body - the last element of the array.
 * @throws RaftError `BadMessage`, naming the element that breaks its rule.
 */
export function fromBody(head: EnvelopeHead, code: number, body: unknown, blocks: readonly LogBlock[]): Envelope {
  const { group, from, fromIncarnation, startNumber, recoveryNumber, to, toIncarnation } = head;
  const message = messageOf(typeOf(code), body, blocks);
  return { group, from, fromIncarnation, startNumber, recoveryNumber, to, toIncarnation, message };
}

function typeOf(code: number): MessageType {
  const type = TYPE_OF_CODE.get(code);
  if (type === undefined) throw badMessage("its code is unknown");
  return type;
}

function messageOf(type: MessageType, body: unknown, blocks: readonly LogBlock[]): Message {
  const fields = new FieldReader(body, `the body of ${type}`);
  const message = LAYOUTS[type].read(fields, blocks);
  if (blocks.length > blocksOf(message).length) throw badMessage(`${type} came with blocks`);
  fields.end();
  return message;
}
