import {
  bodyOf,
  type Checksum,
  type Envelope,
  type EnvelopeHead,
  type GroupId,
  MESSAGE_CODES,
} from "@hexraft/core/ports";
import { FRAME_HEAD_BYTES, FrameType, layHead } from "./frame.js";
import { type EncodedFrame, encodeMessage, tailOf, withTail } from "./message-frame.js";
import { packArray } from "./msgpack.js";
import { isPlain, layPlain, PLAIN_BYTES_MAX, SHORT_ARRAY } from "./plain-fields.js";
import { Recent } from "./recent.js";

/** Most groups whose names are kept as bytes for one peer; with more that are busy some are laid down anew. */
const NAMES_KEPT_MAX = 1_024;
/** Heads and envelopes are laid one behind the other into pieces of memory of this size. */
const PIECE_BYTES = 16 * 1024;
/** Code, seven names and numbers, body. */
const ENVELOPE_FIELDS = 9;

/** The part of an envelope between its code and its body, as bytes, and what it says. */
interface LaidNames {
  readonly head: EnvelopeHead;
  readonly bytes: Uint8Array;
}

/**
 * Lays down the messages for one peer. Who says it to whom is the same in each message of a group, and most of an envelope's bytes: it
 * is laid down once. A body of whole numbers and flags alone, which nearly all are, is put behind it here; any other goes through
 * msgpackr. The bytes are the same either way: no peer sees a difference.
 */
export class MessageWriter {
  private readonly names = new Recent<GroupId, LaidNames>(NAMES_KEPT_MAX);
  private piece = new Uint8Array(0);
  private used = 0;

  constructor(private readonly checksum: Checksum) {}

  /** A message's frame. Its blocks are laid down at most once in their life, and are not copied here. */
  encode(envelope: Envelope): EncodedFrame {
    const body = bodyOf(envelope.message);
    if (!isPlain(body)) return encodeMessage(envelope, this.checksum);
    const tail = tailOf(envelope.message, this.checksum);
    return withTail(this.lay(envelope, body, tail.sizeBytes), tail);
  }

  /** Groups whose names are kept. */
  get namesKept(): number {
    return this.names.size;
  }

  /** Some time has passed: groups that said nothing meanwhile are let go. */
  turn(): void {
    this.names.turn();
  }

  private lay(envelope: Envelope, body: readonly (number | boolean)[], tailBytes: number): Uint8Array {
    const names = this.namesOf(envelope);
    const begin = this.roomFor(FRAME_HEAD_BYTES + names.length + 3 + body.length * PLAIN_BYTES_MAX);
    const { piece } = this;
    let at = begin + FRAME_HEAD_BYTES;
    piece[at++] = SHORT_ARRAY | ENVELOPE_FIELDS;
    piece[at++] = MESSAGE_CODES[envelope.message.type];
    piece.set(names, at);
    at += names.length;
    piece[at++] = SHORT_ARRAY | body.length;
    for (const value of body) at = layPlain(piece, at, value);
    this.used = at;
    const head = piece.subarray(begin, at);
    layHead(head, FrameType.message, this.checksum, tailBytes);
    return head;
  }

  private namesOf(envelope: Envelope): Uint8Array {
    const known = this.names.get(envelope.group);
    if (known !== undefined && isSame(known.head, envelope)) return known.bytes;
    const { group, from, fromIncarnation, startNumber, recoveryNumber, to, toIncarnation } = envelope;
    const head = { group, from, fromIncarnation, startNumber, recoveryNumber, to, toIncarnation };
    // But for the first byte, which says that they are an array: they stand in a longer one.
    const bytes = packArray([group, from, fromIncarnation, startNumber, recoveryNumber, to, toIncarnation]).slice(1);
    this.names.set(group, { head, bytes });
    return bytes;
  }

  /** Where so many bytes may be laid down. What was laid down is never written to again: it may wait in a socket (T10). */
  private roomFor(bytes: number): number {
    if (this.used + bytes > this.piece.length) {
      this.piece = new Uint8Array(PIECE_BYTES);
      this.used = 0;
    }
    return this.used;
  }
}

/** Of one group, as names are kept by it. */
const isSame = (a: EnvelopeHead, b: EnvelopeHead): boolean =>
  a.startNumber === b.startNumber &&
  a.recoveryNumber === b.recoveryNumber &&
  a.to === b.to &&
  a.toIncarnation === b.toIncarnation &&
  a.from === b.from &&
  a.fromIncarnation === b.fromIncarnation;
