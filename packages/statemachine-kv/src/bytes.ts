/** A key or value as callers may give it: bytes, or text that is taken as UTF-8. */
export type BytesLike = Uint8Array | string;

const utf8 = new TextEncoder();

/** The bytes: text becomes UTF-8; bytes stay the same array, uncopied. */
export const bytesOf = (source: BytesLike): Uint8Array => (typeof source === "string" ? utf8.encode(source) : source);

/** More arguments than this to one call may exceed the stack. */
const CALL_ARGUMENTS_MAX = 4_096;

/**
 * The key as the state holds it: a string with one character per byte. Such strings are compact, cannot be changed by
 * anyone, and compare in the order of their bytes.
 */
export function keyOfBytes(bytes: Uint8Array): string {
  if (bytes.length <= CALL_ARGUMENTS_MAX) return String.fromCharCode.apply(null, bytes as unknown as number[]);
  let key = "";
  for (let at = 0; at < bytes.length; at += CALL_ARGUMENTS_MAX)
    key += keyOfBytes(bytes.subarray(at, at + CALL_ARGUMENTS_MAX));
  return key;
}

/** The bytes of a key that {@link keyOfBytes} made. */
export function bytesOfKey(key: string): Uint8Array {
  const bytes = new Uint8Array(key.length);
  for (let i = 0; i < key.length; i++) bytes[i] = key.charCodeAt(i);
  return bytes;
}
