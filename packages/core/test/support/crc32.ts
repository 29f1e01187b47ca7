import type { Checksum } from "../../src/ports/checksum.js";

/** CRC-32 bit by bit, from its definition. */
export const checksum: Checksum = {
  crc32(bytes, previous = 0) {
    let crc = ~previous;
    for (const byte of bytes) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    return ~crc >>> 0;
  },
};
