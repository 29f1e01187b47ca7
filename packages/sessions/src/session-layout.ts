import { RaftError } from "@hexraft/core/ports";
import { NONCE_BYTES } from "./session-command.js";
import type { SessionOptions } from "./session-options.js";

/*
 * What the session layer writes into log entries and answers, formats 1 and 2; numbers are little-endian, 64-bit ones hold whole
 * numbers below 2^53. Bytes that do not begin with the mark are the state machine's own, so that an entry of a time before
 * sessions means what it meant; its bytes that do begin with the mark are escaped.
 *
 *   command    f5 00 | the state machine's command, which begins with the mark
 *              f5 01 | nonce, 16 bytes | u32 ttlMs | u32 sessionsMax | u32 resultBytesMax
 *              f5 02 | u64 session | u64 sequence | u64 lowest unanswered | the state machine's command
 *              f5 03 | as f5 01; format 2: the session's number follows from its nonce, too, and not from its index alone
 *   result     f5 00 | the state machine's result, which begins with the mark
 *              f5 01 | u64 session | u32 ttlMs
 *              f5 02 | u8 refusal | the reason, UTF-8
 */
export const SESSION_MARK = 0xf5;

export const EntryKind = { escaped: 0, openByIndex: 1, inSession: 2, openByNonce: 3 } as const;
export const ResultKind = { escaped: 0, opened: 1, refused: 2 } as const;

/** Bytes before an escaped command or result. */
export const ESCAPE_BYTES = 2;
/** Bytes before a command in its session. */
export const IN_SESSION_BYTES = 26;
const OPEN_BYTES = ESCAPE_BYTES + NONCE_BYTES + 12;

export function escaped(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== SESSION_MARK) return bytes;
  const out = new Uint8Array(ESCAPE_BYTES + bytes.length);
  out[0] = SESSION_MARK;
  out.set(bytes, ESCAPE_BYTES);
  return out;
}

export function layOutOpenSession(
  kind: typeof EntryKind.openByIndex | typeof EntryKind.openByNonce,
  nonce: Uint8Array,
  { ttlMs, sessionsMax, resultBytesMax }: SessionOptions,
): Uint8Array {
  const out = new Uint8Array(OPEN_BYTES);
  const view = new DataView(out.buffer);
  out[0] = SESSION_MARK;
  out[1] = kind;
  out.set(nonce, ESCAPE_BYTES);
  for (const [i, value] of [ttlMs, sessionsMax, resultBytesMax].entries())
    view.setUint32(ESCAPE_BYTES + NONCE_BYTES + 4 * i, value, true);
  return out;
}

/** Reads it again. @throws RaftError `BadCommand`. */
export function readOpenSession(bytes: Uint8Array): { readonly nonce: Uint8Array; readonly options: SessionOptions } {
  if (bytes.length !== OPEN_BYTES) throw badCommand(`a registration of ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [ttlMs, sessionsMax, resultBytesMax] = [18, 22, 26].map((at) => view.getUint32(at, true)) as [
    number,
    number,
    number,
  ];
  return { nonce: bytes.slice(ESCAPE_BYTES, 18), options: { ttlMs, sessionsMax, resultBytesMax } };
}

/** A command's bytes in their session. @throws RaftError `BadCommand` for numbers that cannot be. */
export function layOutInSession(
  session: number,
  sequence: number,
  lowestUnanswered: number,
  command: Uint8Array,
): Uint8Array {
  checkNumbers(session, sequence, lowestUnanswered);
  const out = new Uint8Array(IN_SESSION_BYTES + command.length);
  out[0] = SESSION_MARK;
  out[1] = EntryKind.inSession;
  putU64(out, 2, session);
  putU64(out, 10, sequence);
  putU64(out, 18, lowestUnanswered);
  out.set(command, IN_SESSION_BYTES);
  return out;
}

/** A command in its session, in parts. */
interface SaidInSession {
  readonly session: number;
  readonly sequence: number;
  readonly lowestUnanswered: number;
  /** The state machine's own: a view. */
  readonly command: Uint8Array;
}

/** Takes a command in its session apart. @throws RaftError `BadCommand`. */
export function readInSession(bytes: Uint8Array): SaidInSession {
  if (bytes.length < IN_SESSION_BYTES || bytes[0] !== SESSION_MARK || bytes[1] !== EntryKind.inSession)
    throw badCommand("bytes that are no command in a session");
  const session = u64At(bytes, 2);
  const sequence = u64At(bytes, 10);
  const lowestUnanswered = u64At(bytes, 18);
  checkNumbers(session, sequence, lowestUnanswered);
  return { session, sequence, lowestUnanswered, command: bytes.subarray(IN_SESSION_BYTES) };
}

function checkNumbers(session: number, sequence: number, lowest: number): void {
  const whole = Number.isSafeInteger(session) && Number.isSafeInteger(sequence) && Number.isSafeInteger(lowest);
  if (!whole || session < 1 || lowest < 1 || sequence < lowest)
    throw badCommand(`session ${session}, sequence number ${sequence}, lowest unanswered ${lowest}`);
}

export function u64At(bytes: Uint8Array, at: number): number {
  return u32At(bytes, at + 4) * 2 ** 32 + u32At(bytes, at);
}

export function u32At(bytes: Uint8Array, at: number): number {
  const [a, b, c, d] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]] as [number, number, number, number];
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
}

export function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

export function putU64(bytes: Uint8Array, at: number, value: number): void {
  putU32(bytes, at, value >>> 0);
  putU32(bytes, at + 4, Math.floor(value / 2 ** 32));
}

export function badCommand(what: string): RaftError {
  return new RaftError("BadCommand", "refused", `No such session command: ${what}.`);
}

/** A newer version wrote this. */
export function unknownKind(what: string, kind: number | undefined): RaftError {
  const advice = "a newer version wrote it; run that one";
  return new RaftError(
    "FormatUnknown",
    "refused",
    `A ${what} of the session layer has the unknown kind ${kind}; ${advice}.`,
  );
}
