import { badMessage, type Checksum, RaftError } from "@hexraft/core/ports";
import type { MsgpackLimits } from "./check-msgpack.js";
import { LENGTH_BYTES } from "./framer.js";
import { packArray, unpackArray } from "./msgpack.js";

/*
 * A frame between two nodes (format 1, little-endian; docs/WIRE.md has the whole picture):
 *
 *    0  u32 length of all that follows
 *    4  u32 CRC-32 of bytes 8 … end of the envelope
 *    8  u8 version 1      9  u8 type      10  u16 flags, 0
 *   12  u32 length of the envelope
 *   16  envelope: one msgpack array
 *    …  tail up to the end: blocks, or a piece of a snapshot; verbatim, with checksums of their own
 */

/** What a frame is. The numbers never change meaning. */
export const FrameType = {
  /** The dialer says who it is and what it wants: the first frame of a connection. */
  hello: 1,
  /** The listener says who it is, and lets it in. */
  welcome: 2,
  /** Either side closes the connection, and says why (T02). */
  reject: 3,
  /** An envelope of `core/model/message-layout.ts`, and its blocks as the tail. */
  message: 4,
  /** Are you there? */
  ping: 5,
  /** I am. */
  pong: 6,
  /** A piece of a snapshot, as the tail. */
  snapshotPiece: 7,
  /** All pieces were sent. */
  snapshotEnd: 8,
  /** All pieces were taken. */
  snapshotTaken: 9,
} as const;
/** One of the values of {@link FrameType}. */
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

/** The format spoken here. */
export const FRAME_VERSION = 1;
/** Bytes before the envelope, the length included. */
export const FRAME_HEAD_BYTES = 16;
/** What lies between the length and the envelope. */
const HEAD_REST_BYTES = FRAME_HEAD_BYTES - LENGTH_BYTES;
/** No message and no handshake nests deeper, or holds more. */
const ENVELOPE_LIMITS: MsgpackLimits = { depthMax: 3, elementsMax: 4_096 };

/** A frame that came, opened. */
export interface Frame {
  /** A type of {@link FrameType}; an unknown one is the receiver's to refuse. */
  readonly type: number;
  /** The envelope as it came: a view of the bytes received. */
  readonly envelope: Uint8Array;
  /** The envelope, unpacked and not yet checked. Of a message it is unpacked when it is asked for. @throws RaftError `BadMessage`. */
  readonly fields: unknown;
  /** What stood behind the envelope: a view of the bytes received. */
  readonly tail: Uint8Array;
}

/** Nearly all messages are read without it (`message-reader.ts`). */
class MessageFrame implements Frame {
  readonly type = FrameType.message;

  constructor(
    readonly envelope: Uint8Array,
    readonly tail: Uint8Array,
  ) {}

  get fields(): unknown {
    return unpackArray(this.envelope, ENVELOPE_LIMITS);
  }
}

/** Everything of a frame up to its tail, whose `tailBytes` are written right behind it. */
export function encodeFrame(
  type: FrameType,
  fields: readonly unknown[],
  checksum: Checksum,
  tailBytes = 0,
): Uint8Array {
  const envelope = packArray(fields);
  const head = new Uint8Array(FRAME_HEAD_BYTES + envelope.length);
  head.set(envelope, FRAME_HEAD_BYTES);
  layHead(head, type, checksum, tailBytes);
  return head;
}

/** Lays down what stands before the envelope, which is there already: `frame` is all of it but the tail, and zeros where the head comes. */
export function layHead(frame: Uint8Array, type: FrameType, checksum: Checksum, tailBytes: number): void {
  setU32(frame, 0, frame.length - LENGTH_BYTES + tailBytes);
  frame[8] = FRAME_VERSION;
  frame[9] = type;
  setU32(frame, 12, frame.length - FRAME_HEAD_BYTES);
  setU32(frame, 4, checksum.crc32(frame.subarray(8)));
}

/** Without a DataView, which would be one object more for each message. */
function setU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

function u32(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
  return (low | ((bytes[at + 3] as number) << 24)) >>> 0;
}

/**
 * Opens what a Framer handed out: everything behind the length.
 *
 * @throws RaftError `BadMessage` for a wrong checksum, length or structure, `FormatUnknown` for another version.
 */
export function openFrame(bytes: Uint8Array, checksum: Checksum): Frame {
  if (bytes.length < HEAD_REST_BYTES) throw badMessage(`a frame of ${bytes.length} bytes has no room for its head`);
  const version = bytes[4];
  if (version !== FRAME_VERSION)
    throw new RaftError(
      "FormatUnknown",
      "refused",
      `a frame has version ${version}; this node speaks ${FRAME_VERSION}`,
    );
  if (bytes[6] !== 0 || bytes[7] !== 0) throw badMessage("a frame has unknown flags");
  const end = HEAD_REST_BYTES + u32(bytes, 8);
  if (end > bytes.length) throw badMessage("a frame's envelope is longer than the frame");
  if (checksum.crc32(bytes.subarray(4, end)) !== u32(bytes, 0)) throw badMessage("a frame's checksum is wrong");
  const envelope = bytes.subarray(HEAD_REST_BYTES, end);
  const tail = bytes.subarray(end);
  const type = bytes[5] as number;
  if (type === FrameType.message) return new MessageFrame(envelope, tail);
  return { type, envelope, fields: unpackArray(envelope, ENVELOPE_LIMITS), tail };
}
