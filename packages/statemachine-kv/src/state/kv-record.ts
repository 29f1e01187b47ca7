import { type HeldValue, handOut, holdInstead, holds } from "./held-value.js";

/** The deadline of a record that never expires. */
export const NO_DEADLINE = 0;

/**
 * One key with its value. Carries a 64-bit hash of all it says, in two halves; a state's hash is the sum of them, and so
 * does not depend on any order and costs nothing to keep.
 */
export class KvRecord {
  /** Its value; {@link write} may change an array in its place. */
  value: HeldValue = "";
  /** Log time from which on it is gone, ms; {@link NO_DEADLINE}: never. */
  deadlineMs = NO_DEADLINE;
  /** Bytes of key and value; kept here, so that nobody has to visit the old value to forget it. */
  sizeBytes = 0;
  /** Upper half of its hash, i32: such a number lies in the record, a u32 would be an object of its own. */
  hashHigh = 0;
  /** Lower half of its hash, i32. */
  hashLow = 0;

  constructor(
    /** One character per byte. */
    readonly key: string,
    value: Uint8Array,
    /** Given when the key came into being, kept until it is removed, never given twice; ≥ 1. Scan cursors are made of these. */
    readonly sequence: number,
    deadlineMs: number,
    /** The era of its key space in which it was made: since then no snapshot has taken hold of it, so it may change. */
    readonly era = 0,
  ) {
    this.write(value, deadlineMs);
  }

  /** Replaces what it holds. Never call it once a snapshot may share it. */
  write(value: Uint8Array, deadlineMs: number): void {
    this.value = holdInstead(this.value, value);
    this.deadlineMs = deadlineMs;
    const { key, sequence } = this;
    this.sizeBytes = key.length + value.length;
    let high = mixHigh(mixHigh(0x9747b28c, sequence | 0), (sequence / 2 ** 32) | 0);
    let low = mixLow(mixLow(0x1b873593, deadlineMs | 0), (deadlineMs / 2 ** 32) | 0);
    for (let i = 0; i < key.length; i++) {
      const word = key.charCodeAt(i);
      high = mixHigh(high, word);
      low = mixLow(low, word);
    }
    // Lengths stand between key and value, so that moving a byte from one to the other shows.
    high = mixHigh(high, key.length);
    low = mixLow(low, value.length);
    const whole = value.length & ~3;
    for (let i = 0; i < whole; i += 4) {
      const word =
        (value[i] as number) |
        ((value[i + 1] as number) << 8) |
        ((value[i + 2] as number) << 16) |
        ((value[i + 3] as number) << 24);
      high = mixHigh(high, word);
      low = mixLow(low, word);
    }
    for (let i = whole; i < value.length; i++) {
      const word = value[i] as number;
      high = mixHigh(high, word);
      low = mixLow(low, word);
    }
    // Each half ends with a word of the other, so that both depend on all fields.
    this.hashHigh = finish(high ^ low);
    this.hashLow = finish(mixLow(low, high));
  }

  /** A copy of its value. */
  bytes(): Uint8Array {
    return handOut(this.value);
  }

  /** Whether that is its value. */
  holds(value: Uint8Array): boolean {
    return holds(this.value, value);
  }

  /** Whether it is gone at this log time. */
  isExpired(logTimeMs: number): boolean {
    return this.deadlineMs !== NO_DEADLINE && this.deadlineMs <= logTimeMs;
  }
}

/** The value of a record, for a caller. */
export const handedOut = (record: KvRecord | undefined): Uint8Array | null => record?.bytes() ?? null;

// The steps and the final avalanche of MurmurHash3 (public domain), with two sets of constants.
function mixHigh(hash: number, word: number): number {
  const k = Math.imul(word, 0xcc9e2d51);
  const h = hash ^ Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function mixLow(hash: number, word: number): number {
  const k = Math.imul(word, 0x239b961b);
  const h = hash ^ Math.imul((k << 16) | (k >>> 16), 0xab0e9789);
  return (Math.imul((h << 19) | (h >>> 13), 5) + 0x561ccd1b) | 0;
}

function finish(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
