import type { Checksum } from "@hexraft/core/ports";

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

/** CRC-32 (IEEE) from a table: slow, and runs anywhere. */
export const crc32: Checksum = {
  crc32(bytes, previous = 0) {
    let value = ~previous >>> 0;
    for (let i = 0; i < bytes.length; i++) {
      value = (value >>> 8) ^ (TABLE[(value ^ (bytes[i] as number)) & 0xff] as number);
    }
    return ~value >>> 0;
  },
};
