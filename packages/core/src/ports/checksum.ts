import { token } from "./token.js";

/**
 * CRC-32 (IEEE 802.3, reflected, as in zlib): an implementation, not a choice; it is in files and on the wire.
 * `crc32(ascii "123456789") === 0xCBF43926`.
 */
export interface Checksum {
  /** The checksum of `bytes`, going on from `previous` (default 0). An unsigned 32-bit number. */
  crc32(bytes: Uint8Array, previous?: number): number;
  /**
   * The same of the bytes `from` to `to`, without a view of them: most of what is summed is a header, and to make a view of one takes
   * longer than to sum it. Absent in an implementation that wants a view anyway.
   */
  crc32Part?(bytes: Uint8Array, from: number, to: number, previous?: number): number;
}
/** DI token of the port. */
export const Checksum = token<Checksum>("Checksum");

/** The checksum of the bytes `from` to `to`, going on from `previous`, as cheaply as the implementation can. */
export const crc32Of = (checksum: Checksum, bytes: Uint8Array, from: number, to: number, previous = 0): number =>
  checksum.crc32Part === undefined
    ? checksum.crc32(bytes.subarray(from, to), previous)
    : checksum.crc32Part(bytes, from, to, previous);
