/*
 * The CRC-32 of a whole, out of those of its parts: bytes that follow multiply what came before by x⁸ each, modulo CRC-32's polynomial, so
 * the sum of two parts is known from their sums and the length of the second (zlib: crc32_combine). A snapshot's file has sums of
 * its chunks and one of all of it; without this its bytes would be summed twice wherever they pass.
 *
 * Polynomials are reflected, as in CRC-32 itself: the highest bit is x⁰.
 */
const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;
const BYTE = 0x00800000;

/** The checksum of `before` and, right behind it, of `bytes` bytes whose own checksum is `next`. */
export function joinedChecksum(before: number, next: number, bytes: number): number {
  return (product(power(bytes), before) ^ next) >>> 0;
}

/** x to the 8 × bytes. */
function power(bytes: number): number {
  let result = ONE;
  let square = BYTE;
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = product(result, square);
    square = product(square, square);
  }
  return result;
}

function product(a: number, b: number): number {
  let sum = 0;
  let term = b;
  for (let left = a | 0; left !== 0; left <<= 1) {
    if (left < 0) sum ^= term;
    term = term & 1 ? (term >>> 1) ^ POLYNOMIAL : term >>> 1;
  }
  return sum;
}
