/** What a hash is made of, and where it is put: two halves of 32 bits, i32 each. */
export interface Hashed {
  readonly key: string;
  readonly sequence: number;
  readonly deadlineMs: number;
  hashHigh: number;
  hashLow: number;
}

/**
 * Words of longer values are read on this desk: the engine knows where it lies and how long it is, and of a value neither; so a word
 * costs two thirds. A DataView says little-endian on every machine.
 */
const desk = new Uint8Array(4_096);
const deskView = new DataView(desk.buffer);
/** Shorter ones are not worth being carried there. Bytes. */
const DESK_BYTES_MIN = 256;

/** O06: gives the record the hash of all that it says, this value included. */
export function hashRecord(record: Hashed, value: Uint8Array): void {
  const { key, sequence, deadlineMs } = record;
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
  const carried = whole < DESK_BYTES_MIN ? 0 : whole;
  for (let from = 0; from < carried; from += desk.length) {
    const part = value.subarray(from, Math.min(carried, from + desk.length));
    desk.set(part);
    for (let i = 0; i < part.length; i += 4) {
      const word = deskView.getInt32(i, true);
      high = mixHigh(high, word);
      low = mixLow(low, word);
    }
  }
  for (let i = carried; i < whole; i += 4) {
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
  record.hashHigh = finish(high ^ low);
  record.hashLow = finish(mixLow(low, high));
}

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
