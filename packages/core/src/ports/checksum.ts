import { token } from "./token.js";

/**
 * CRC-32 (IEEE 802.3, reflected, as in zlib): an implementation, not a choice; it is in files and on the wire.
 * `crc32(ascii "123456789") === 0xCBF43926`.
 */
export interface Checksum {
  /** The checksum of `bytes`, going on from `previous` (default 0). An unsigned 32-bit number. */
  crc32(bytes: Uint8Array, previous?: number): number;
}
/** DI token of the port. */
export const Checksum = token<Checksum>("Checksum");
