import { LENGTH_BYTES } from "@hexraft/transport-tcp";
import { BODY_AT, type FrameKind, HEAD_BYTES, malformed } from "./door-frames.js";

/*
 * Requests and answers on their way between a client and a node: records laid out by hand, all of one turn in one frame,
 * because their number is the load.
 */

/** What a request wants; part of the wire format. */
export const RequestKind = {
  /** Do this. */
  command: 0,
  /** Answer this from the newest acknowledged state (Q01). */
  linearizableRead: 1,
  /** Answer this from the node's own state, possibly stale (Q06). */
  localRead: 2,
  /** C03: register the session of this nonce; the bytes are the nonce. */
  openSession: 3,
  /** C03: do this once under its session's number; the bytes are those of `layOutInSession`. */
  sessionCommand: 4,
  /** Answer this under the leader's lease (Q05). */
  leaseRead: 5,
  /** Answer this from a state of bounded age (Q08). */
  boundedRead: 6,
  /** Answer this from a state that holds an index (Q08). */
  indexRead: 7,
  /** An operator wants something done, once. */
  adminChange: 8,
  /** An operator asks. */
  adminQuestion: 9,
} as const;
/** One of the values of {@link RequestKind}. */
export type RequestKind = (typeof RequestKind)[keyof typeof RequestKind];

/** How a request ended; part of the wire format. */
export const AnswerKind = {
  /** Done; here is the result. */
  ok: 0,
  /** Certainly not done. */
  refused: 1,
  /** Done or not, nobody can tell. */
  unknown: 2,
} as const;
/** One of the values of {@link AnswerKind}. */
export type AnswerKind = (typeof AnswerKind)[keyof typeof AnswerKind];

/** One request: `u32 number | u8 kind | u32 length | bytes`. */
export interface DoorRequest {
  /** The client's own; comes back in the answer. */
  readonly number: number;
  /** What it wants. */
  readonly kind: RequestKind;
  /** An encoded command or query. */
  readonly bytes: Uint8Array;
}

/** One answer, laid out likewise. */
export interface DoorAnswer {
  /** The request's. */
  readonly number: number;
  /** How it ended. */
  readonly kind: AnswerKind;
  /** The encoded result or answer if ok, else `layOutError`'s. */
  readonly bytes: Uint8Array;
}

/** Largest encoded command or query, bytes. */
export const REQUEST_BYTES_MAX = 16 * 1024 * 1024;
/** Largest encoded result or answer, bytes. */
export const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** A frame is closed when it has grown over this, so that no turn makes one that the other side refuses. Bytes. */
const FRAME_BYTES_SOFT = 1024 * 1024;
const RECORD_HEAD_BYTES = 9;

/** Lays out requests or answers, in as few frames as the soft limit allows, in one buffer. */
export function layOutRecords(
  kind: typeof FrameKind.requests | typeof FrameKind.answers,
  records: readonly (DoorRequest | DoorAnswer)[],
): Buffer {
  const ends: number[] = [];
  let bytes = 0;
  let frameBytes = 0;
  for (let i = 0; i < records.length; i++) {
    frameBytes += RECORD_HEAD_BYTES + (records[i] as DoorRequest).bytes.length;
    if (frameBytes < FRAME_BYTES_SOFT && i < records.length - 1) continue;
    ends.push(i + 1);
    bytes += HEAD_BYTES + frameBytes;
    frameBytes = 0;
  }
  const out = Buffer.allocUnsafe(bytes);
  let at = 0;
  let next = 0;
  for (const end of ends) {
    const head = at;
    at += HEAD_BYTES;
    for (; next < end; next++) {
      const record = records[next] as DoorRequest;
      out.writeUInt32LE(record.number, at);
      out[at + 4] = record.kind;
      out.writeUInt32LE(record.bytes.length, at + 5);
      out.set(record.bytes, at + RECORD_HEAD_BYTES);
      at += RECORD_HEAD_BYTES + record.bytes.length;
    }
    out.writeUInt32LE(at - head - LENGTH_BYTES, head);
    out[head + LENGTH_BYTES] = kind;
  }
  return out;
}

/** Reads the records of a frame; their bytes are views into it. @throws RaftError `BadMessage` */
export function eachRecord(frame: Uint8Array, visit: (number: number, kind: number, bytes: Uint8Array) => void): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  let at = BODY_AT;
  while (at < frame.length) {
    const begin = at + RECORD_HEAD_BYTES;
    if (begin > frame.length) throw malformed("a record is cut off");
    const end = begin + view.getUint32(at + 5, true);
    if (end > frame.length) throw malformed("a record reaches beyond its frame");
    visit(view.getUint32(at, true), view.getUint8(at + 4), frame.subarray(begin, end));
    at = end;
  }
}
