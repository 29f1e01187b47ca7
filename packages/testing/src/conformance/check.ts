import { type ErrorCode, RaftError } from "@hexraft/core/ports";
import { Difference } from "./broken-law.js";

/** Throws unless `condition` holds. */
export function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Difference(what, true, false);
}

/** Throws unless both are equal, arrays and plain objects field by field, bytes by content. */
export function same(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [canonical(actual), canonical(expected)];
  if (a !== b) throw new Difference(`${what}: got ${shortened(a)}, expected ${shortened(b)}`, b, a);
}

/** Throws unless the call rejects with a RaftError of this code. */
export async function refuses(call: () => Promise<unknown>, code: ErrorCode, what: string): Promise<void> {
  const found = await call().then(
    () => "no error",
    (reason: unknown) => (reason instanceof RaftError ? reason.code : String(reason)),
  );
  if (found !== code) throw new Difference(`${what}: expected RaftError ${code}, got ${found}`, code, found);
}

/** Throws unless the call rejects. */
export async function rejects(call: () => Promise<unknown>, what: string): Promise<void> {
  const failed = await call().then(
    () => false,
    () => true,
  );
  check(failed, `${what}: it resolved`);
}

/** What a promise has come to by now. */
export function watch(promise: Promise<unknown>): { readonly state: "pending" | "resolved" | "rejected" } {
  const seen: { state: "pending" | "resolved" | "rejected" } = { state: "pending" };
  const look = async () => {
    try {
      await promise;
      seen.state = "resolved";
    } catch {
      seen.state = "rejected";
    }
  };
  void look();
  return seen;
}

/** The bytes of all chunks, one after another. */
export async function gathered(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk.slice());
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** `bytes` in pieces of `size`. */
export async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

/** The same chunks in memory that is only lent: whoever asks for more finds all but the last so many bytes overwritten. */
export async function* lent(chunks: AsyncIterable<Uint8Array>, heldBytesMax: number): AsyncGenerator<Uint8Array> {
  const out: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    const copy = chunk.slice();
    out.push(copy);
    bytes += copy.length;
    yield copy;
    for (let [first] = out; first !== undefined && bytes - first.length >= heldBytesMax; [first] = out) {
      bytes -= first.length;
      first.fill(0xff);
      out.shift();
    }
  }
}

/** `length` bytes that differ for different seeds, and from place to place. */
export function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let value = (seed * 2_654_435_761 + 1) >>> 0;
  for (let i = 0; i < length; i++) {
    value = (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = value >>> 24;
  }
  return bytes;
}

/** Text that is equal for equal values: fields in order of their names, bytes as hexadecimal digits. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) => {
    if (typeof field === "bigint") return `integer:${field}`;
    if (field instanceof Map || field instanceof Set) return [...field];
    if (field instanceof Uint8Array) return `bytes:${Array.from(field, (byte) => byte.toString(16)).join(".")}`;
    if (field === null || typeof field !== "object" || Array.isArray(field)) return field;
    return Object.fromEntries(Object.entries(field).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}

const shortened = (text: string | undefined): string =>
  text === undefined ? "undefined" : text.length <= 400 ? text : `${text.slice(0, 400)}…`;
