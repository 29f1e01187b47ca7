/** A key or value as callers may give it: bytes, or text that is taken as UTF-8. */
export type BytesLike = Uint8Array | string;

const utf8 = new TextEncoder();

/** The bytes: text becomes UTF-8; bytes stay the same array, uncopied. */
export const bytesOf = (source: BytesLike): Uint8Array => (typeof source === "string" ? utf8.encode(source) : source);

/**
 * Bytes as the state holds them: a string with one character per byte. Such strings are compact, cannot be changed by
 * anyone, compare in the order of their bytes, and cost the collector less than an array each.
 */
export const heldOf = (bytes: Uint8Array, from = 0, to = bytes.length): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("latin1");

/** The bytes that {@link heldOf} was given, as an array of its own. */
export function bytesOfHeld(held: string): Uint8Array {
  const bytes = new Uint8Array(held.length);
  Buffer.from(bytes.buffer).write(held, "latin1");
  return bytes;
}
