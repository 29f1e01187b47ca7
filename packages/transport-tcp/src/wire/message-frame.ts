import {
  badMessage,
  blockBytes,
  blocksOf,
  type Checksum,
  type Envelope,
  fromArray,
  type LogBlock,
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

/** A message's frame. Its blocks are laid down at most once in their life, and are not copied here. */
export function encodeMessage(envelope: Envelope, checksum: Checksum): EncodedFrame {
  const { message } = envelope;
  const blocks = blocksOf(message).map((block) => blockBytes(block, checksum));
  const tailBytes = blocks.reduce((sum, bytes) => sum + bytes.length, 0);
  const head = encodeFrame(FrameType.message, toArray(envelope), checksum, tailBytes);
  return { parts: [head, ...blocks], sizeBytes: head.length + tailBytes };
}

/**
 * The message of a frame, every element and every block's checksum verified: what arrives damaged is never handed on.
 *
 * Who owns the memory: blocks are views of the bytes received, and live as long as they are kept. Where such a view would
 * keep a chunk of the socket alive that is much larger, they are copied out of it, once.
 *
 * @throws RaftError `BadMessage`, or `Damaged` for a block.
 */
export function decodeMessage(frame: Frame, checksum: Checksum): Envelope {
  const { tail } = frame;
  const isPinning = tail.buffer.byteLength > PIN_FACTOR_MAX * tail.length;
  const bytes = isPinning && tail.length > 0 ? tail.slice() : tail;
  const blocks: LogBlock[] = [];
  for (let at = 0; at < bytes.length; at += (blocks.at(-1) as LogBlock).sizeBytes)
    blocks.push(openBlock(bytes, at, checksum));
  const envelope = fromArray(frame.fields, blocks);
  for (const block of blocks) verifyBlock(block, checksum);
  return envelope;
}

/** The fields of a frame that has no tail. */
export function withoutTail(frame: Frame): unknown {
  if (frame.tail.length > 0) throw badMessage(`a frame of type ${frame.type} has ${frame.tail.length} bytes too many`);
  return frame.fields;
}
