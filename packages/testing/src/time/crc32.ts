import type { Checksum } from "@hexraft/core/ports";

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});
/** What a byte does when one, two or three others come behind it. */
const TABLE_1 = followed(TABLE);
const TABLE_2 = followed(TABLE_1);
const TABLE_3 = followed(TABLE_2);

function followed(table: Int32Array): Int32Array {
  return table.map((value) => (value >>> 8) ^ (TABLE[value & 0xff] as number));
}

/** CRC-32 (IEEE) from tables, four bytes a step: runs anywhere, and is faster than a native call for up to some 60 bytes. */
export const crc32: Required<Checksum> = {
  crc32(bytes, previous = 0) {
    return crc32.crc32Part(bytes, 0, bytes.length, previous);
  },

  crc32Part(bytes, from, to, previous = 0) {
    const whole = to - ((to - from) & 3);
    let value = ~previous;
    let at = from;
    for (; at < whole; at += 4) {
      value ^=
        (bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24);
      value =
        (TABLE_3[value & 0xff] as number) ^
        (TABLE_2[(value >>> 8) & 0xff] as number) ^
        (TABLE_1[(value >>> 16) & 0xff] as number) ^
        (TABLE[value >>> 24] as number);
    }
    for (; at < to; at++) value = (value >>> 8) ^ (TABLE[(value ^ (bytes[at] as number)) & 0xff] as number);
    return ~value >>> 0;
  },
};
