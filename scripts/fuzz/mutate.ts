import type { Pick } from "./target.js";

/** Longest input, bytes: what matters is said in less. */
export const INPUT_BYTES_MAX = 16 * 1024;

const BYTES = [0x00, 0x01, 0x7f, 0x80, 0x81, 0x91, 0xc0, 0xc1, 0xc6, 0xcb, 0xcf, 0xd3, 0xdb, 0xdd, 0xdf, 0xff] as const;
const WORDS = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1] as const;

type Mutation = (input: Uint8Array, pick: Pick, other: Uint8Array) => Uint8Array;

const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** Another stretch in the place of `length` bytes at `at`. */
const spliced = (input: Uint8Array, at: number, length: number, by: Uint8Array): Uint8Array =>
  joined(input.subarray(0, at), by, input.subarray(at + length));

function overwritten(input: Uint8Array, at: number, width: number, value: number): Uint8Array {
  const copy = input.slice();
  let rest = value;
  for (let i = 0; i < width && at + i < copy.length; i++) {
    copy[at + i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return copy;
}

const MUTATIONS: readonly Mutation[] = [
  (input, pick) => {
    const at = pick.below(input.length);
    return overwritten(input, at, 1, (input[at] as number) ^ (1 << pick.below(8)));
  },
  (input, pick) => overwritten(input, pick.below(input.length), 1, pick.of(BYTES)),
  (input, pick) => overwritten(input, pick.below(input.length), 4, pick.of(WORDS)),
  (input, pick) => overwritten(input, pick.below(input.length), 8, 2 ** pick.below(64)),
  (input, pick) => input.slice(0, pick.below(input.length + 1)),
  (input, pick) => {
    const at = pick.below(input.length);
    return spliced(input, at, 1 + pick.below(Math.min(64, input.length - at)), new Uint8Array(0));
  },
  (input, pick) => {
    const at = pick.below(input.length);
    const again = input.subarray(at, at + 1 + pick.below(64));
    return spliced(input, at, 0, again);
  },
  (input, pick) => spliced(input, pick.below(input.length), 0, new Uint8Array(1 + pick.below(40)).fill(pick.of(BYTES))),
  (input, pick) => {
    const copy = input.slice();
    const at = pick.below(input.length);
    return copy.fill(0, at, at + 512);
  },
  (input, pick, other) => {
    const [at, from] = [pick.below(input.length + 1), pick.below(other.length + 1)];
    return joined(input.subarray(0, at), other.subarray(from));
  },
  (input, pick, other) => {
    const from = pick.below(other.length + 1);
    return spliced(input, pick.below(input.length), pick.below(32), other.subarray(from, from + pick.below(128)));
  },
];

/** The input with a few changes to its bytes; `other` lends parts. */
export function mutated(input: Uint8Array, pick: Pick, other: Uint8Array): Uint8Array {
  let changed = input;
  for (let left = 1 + pick.below(3); left > 0; left--) {
    if (changed.length === 0) changed = other;
    if (changed.length > 0) changed = pick.of(MUTATIONS)(changed, pick, other);
  }
  return changed.subarray(0, INPUT_BYTES_MAX);
}
