/** A key or value as callers may give it: bytes, or text that is taken as UTF-8. */
export type BytesLike = Uint8Array | string;

const utf8 = new TextEncoder();

/** The bytes: text becomes UTF-8; bytes stay the same array, uncopied. */
export const bytesOf = (source: BytesLike): Uint8Array => (typeof source === "string" ? utf8.encode(source) : source);

/** Most bytes that are copied to {@link tray} first. */
const TRAY_BYTES = 64;
/** A Buffer over somebody else's bytes costs twice what it costs to copy a few of them into one that is there. */
const tray = Buffer.alloc(TRAY_BYTES);

/**
 * Bytes as the state holds them: a string with one character per byte. Such strings are compact, cannot be changed by
 * anyone, compare in the order of their bytes, and cost the collector less than an array each.
 */
export function heldOf(bytes: Uint8Array, from = 0, to = bytes.length): string {
  const length = to - from;
  if (length > TRAY_BYTES) return Buffer.from(bytes.buffer, bytes.byteOffset + from, length).toString("latin1");
  for (let i = 0; i < length; i++) tray[i] = bytes[from + i] as number;
  return tray.toString("latin1", 0, length);
}

/** The bytes that {@link heldOf} was given, as an array of its own. */
export function bytesOfHeld(held: string): Uint8Array {
  const bytes = new Uint8Array(held.length);
  Buffer.from(bytes.buffer).write(held, "latin1");
  return bytes;
}
