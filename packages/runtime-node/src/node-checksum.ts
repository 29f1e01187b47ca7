import { crc32 as nativeCrc32 } from "node:zlib";
import type { Checksum } from "@hexraft/core/ports";

/** Below this many bytes the call into zlib (130–160 ns) costs more than the tables do. */
const NATIVE_FROM_BYTES = 128;

const byte = (bytes: Uint8Array, at: number): number => bytes[at] as number;
const entry = (table: Int32Array, at: number): number => table[at] as number;

/** Eight tables of 256: `TABLES[k * 256 + b]` is the effect of byte `b` seen k bytes before the end of an eight-byte step. */
const TABLES = makeTables();

/** CRC-32 of zlib; short inputs, such as record headers, go through slicing-by-8 in JavaScript. */
export class NodeChecksum implements Checksum {
  crc32(bytes: Uint8Array, previous = 0): number {
    return bytes.length < NATIVE_FROM_BYTES
      ? slicingBy8(bytes, 0, bytes.length, previous)
      : nativeCrc32(bytes, previous);
  }

  crc32Part(bytes: Uint8Array, from: number, to: number, previous = 0): number {
    return to - from < NATIVE_FROM_BYTES
      ? slicingBy8(bytes, from, to, previous)
      : nativeCrc32(bytes.subarray(from, to), previous);
  }
}

/** Same result as zlib's of those bytes, however many. */
export function slicingBy8(bytes: Uint8Array, from: number, to: number, previous: number): number {
  const t = TABLES;
  let crc = ~previous;
  let at = from;
  for (const end = to - 7; at < end; at += 8) {
    crc ^= byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24);
    crc =
      entry(t, 0x700 | (crc & 0xff)) ^
      entry(t, 0x600 | ((crc >>> 8) & 0xff)) ^
      entry(t, 0x500 | ((crc >>> 16) & 0xff)) ^
      entry(t, 0x400 | (crc >>> 24)) ^
      entry(t, 0x300 | byte(bytes, at + 4)) ^
      entry(t, 0x200 | byte(bytes, at + 5)) ^
      entry(t, 0x100 | byte(bytes, at + 6)) ^
      entry(t, byte(bytes, at + 7));
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ entry(t, (crc ^ byte(bytes, at)) & 0xff);
  return ~crc >>> 0;
}

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let b = 0; b < 256; b++) {
    let crc = b;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    tables[b] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const before = entry(tables, i - 256);
    tables[i] = (before >>> 8) ^ entry(tables, before & 0xff);
  }
  return tables;
}
