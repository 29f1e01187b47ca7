/*
 * Short msgpack arrays of flags and whole numbers below 2³², as the bodies of nearly all messages are: laid down and read without
 * msgpackr, to the very bytes that it would have made of them.
 */

/** First byte of a short array, without its length. */
export const SHORT_ARRAY = 0x90;
/** Most elements of a short array. */
const SHORT_ARRAY_MAX = 15;
/** Most bytes of a flag or a number. */
export const PLAIN_BYTES_MAX = 5;

/** Whether {@link layPlain} can lay all of them down, as a short array. */
export function isPlain(fields: readonly unknown[]): fields is readonly (number | boolean)[] {
  if (fields.length > SHORT_ARRAY_MAX) return false;
  for (const field of fields)
    if (typeof field === "number" ? field >>> 0 !== field : typeof field !== "boolean") return false;
  return true;
}

/** Lays one down at `at`; returns where the next one comes. */
export function layPlain(bytes: Uint8Array, at: number, value: number | boolean): number {
  if (typeof value === "boolean") {
    bytes[at] = value ? 0xc3 : 0xc2;
    return at + 1;
  }
  if (value < 0x80) {
    bytes[at] = value;
    return at + 1;
  }
  if (value < 0x100) {
    bytes[at] = 0xcc;
    bytes[at + 1] = value;
    return at + 2;
  }
  if (value < 0x10000) {
    bytes[at] = 0xcd;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value;
    return at + 3;
  }
  bytes[at] = 0xce;
  bytes[at + 1] = value >>> 24;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 8;
  bytes[at + 4] = value;
  return at + 5;
}

/** Reads the short array that is all of `bytes` from `at` on; `undefined` if it is anything else than plain, right or wrong. */
export function readPlain(bytes: Uint8Array, at: number): (number | boolean)[] | undefined {
  const first = bytes[at] ?? 0;
  if ((first & 0xf0) !== SHORT_ARRAY) return undefined;
  const count = first & 0x0f;
  const fields: (number | boolean)[] = [];
  let next = at + 1;
  for (let i = 0; i < count; i++) {
    // Beyond the end there are bytes of no value: what is missing shows in `next`.
    const code = bytes[next++] ?? 0xc1;
    if (code < 0x80) fields.push(code);
    else if (code === 0xc2 || code === 0xc3) fields.push(code === 0xc3);
    else if (code >= 0xcc && code <= 0xce) {
      let value = 0;
      for (let left = 1 << (code - 0xcc); left > 0; left--) value = ((value << 8) | (bytes[next++] ?? 0)) >>> 0;
      fields.push(value);
    } else return undefined;
  }
  return next === bytes.length ? fields : undefined;
}
