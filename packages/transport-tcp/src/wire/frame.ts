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
  /** The envelope, unpacked and not yet checked. */
  readonly fields: unknown;
  /** What stood behind the envelope: a view of the bytes received. */
  readonly tail: Uint8Array;
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
  const view = new DataView(head.buffer);
  view.setUint32(0, HEAD_REST_BYTES + envelope.length + tailBytes, true);
  view.setUint8(8, FRAME_VERSION);
  view.setUint8(9, type);
  view.setUint32(12, envelope.length, true);
  head.set(envelope, FRAME_HEAD_BYTES);
  view.setUint32(4, checksum.crc32(head.subarray(8)), true);
  return head;
}

/**
 * Opens what a Framer handed out: everything behind the length.
 *
 * @throws RaftError `BadMessage` for a wrong checksum, length or structure, `FormatUnknown` for another version.
 */
export function openFrame(bytes: Uint8Array, checksum: Checksum): Frame {
  if (bytes.length < HEAD_REST_BYTES) throw badMessage(`a frame of ${bytes.length} bytes has no room for its head`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = view.getUint8(4);
  if (version !== FRAME_VERSION)
    throw new RaftError(
      "FormatUnknown",
      "refused",
      `a frame has version ${version}; this node speaks ${FRAME_VERSION}`,
    );
  if (view.getUint16(6, true) !== 0) throw badMessage("a frame has unknown flags");
  const end = HEAD_REST_BYTES + view.getUint32(8, true);
  if (end > bytes.length) throw badMessage("a frame's envelope is longer than the frame");
  if (checksum.crc32(bytes.subarray(4, end)) !== view.getUint32(0, true))
    throw badMessage("a frame's checksum is wrong");
  return {
    type: view.getUint8(5),
    fields: unpackArray(bytes.subarray(HEAD_REST_BYTES, end), ENVELOPE_LIMITS),
    tail: bytes.subarray(end),
  };
}
