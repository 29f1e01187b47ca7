import {
  badMessage,
  blockBytes,
  blocksOf,
  type Checksum,
  type Envelope,
  fromArray,
  type LogBlock,
  type Message,
  openBlock,
  toArray,
  verifyBlock,
} from "@hexraft/core/ports";
import { encodeFrame, type Frame, FrameType } from "./frame.js";

/** A frame ready to be written: its parts one after another. */
export interface EncodedFrame {
  /** Head and envelope first, then the tail, verbatim. */
  readonly parts: readonly Uint8Array[];
  /** Bytes of all parts. */
  readonly sizeBytes: number;
}

/** A chunk that is kept for a view of it must not be more than this many times as long as the view. */
const PIN_FACTOR_MAX = 2;

const NO_BLOCKS: readonly LogBlock[] = [];

/** A message's frame. Its blocks are laid down at most once in their life, and are not copied here. */
export function encodeMessage(envelope: Envelope, checksum: Checksum): EncodedFrame {
  const tail = tailOf(envelope.message, checksum);
  return withTail(encodeFrame(FrameType.message, toArray(envelope), checksum, tail.sizeBytes), tail);
}

/** The blocks of a message, laid down. */
export function tailOf(message: Message, checksum: Checksum): EncodedFrame {
  const blocks = blocksOf(message);
  if (blocks.length === 0) return NO_TAIL;
  const parts = blocks.map((block) => blockBytes(block, checksum));
  return { parts, sizeBytes: parts.reduce((sum, bytes) => sum + bytes.length, 0) };
}

const NO_TAIL: EncodedFrame = { parts: [], sizeBytes: 0 };

/** A frame of its head, with the envelope, and its tail. */
export const withTail = (head: Uint8Array, { parts, sizeBytes }: EncodedFrame): EncodedFrame => ({
  parts: parts.length === 0 ? [head] : [head, ...parts],
  sizeBytes: head.length + sizeBytes,
});

/**
 * The message of a frame, every element and every block's checksum verified: what arrives damaged is never handed on.
 *
 * Who owns the memory: blocks are views of the bytes received, and live as long as they are kept. Where such a view would
 * keep a chunk of the socket alive that is much larger, they are copied out of it, once.
 *
 * @throws RaftError `BadMessage`, or `Damaged` for a block.
 */
export const decodeMessage = (frame: Frame, checksum: Checksum): Envelope =>
  messageIn(frame, checksum, (blocks) => fromArray(frame.fields, blocks));

/** The same for whoever reads the envelope in another way. */
export function messageIn(
  { tail }: Frame,
  checksum: Checksum,
  read: (blocks: readonly LogBlock[]) => Envelope,
): Envelope {
  if (tail.length === 0) return read(NO_BLOCKS);
  const isPinning = tail.buffer.byteLength > PIN_FACTOR_MAX * tail.length;
  const bytes = isPinning ? tail.slice() : tail;
  const blocks: LogBlock[] = [];
  for (let at = 0; at < bytes.length; at += (blocks.at(-1) as LogBlock).sizeBytes)
    blocks.push(openBlock(bytes, at, checksum));
  const envelope = read(blocks);
  for (const block of blocks) verifyBlock(block, checksum);
  return envelope;
}

/** The fields of a frame that has no tail. */
export function withoutTail(frame: Frame): unknown {
  if (frame.tail.length > 0) throw badMessage(`a frame of type ${frame.type} has ${frame.tail.length} bytes too many`);
  return frame.fields;
}
