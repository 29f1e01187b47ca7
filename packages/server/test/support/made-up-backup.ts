import { crc32 } from "node:zlib";
import type { Backup } from "@hexraft/core";

const HEAD_BYTES = 232;
const CHUNK_BYTES = 256 * 1024;

/** A backup of a state of so many bytes, laid down as docs/FORMAT.md says, by other code than the product's. */
export function backupFile(stateBytes: number, groupId = "main", clusterId = "c".repeat(32)): Buffer {
  const stream = Buffer.alloc(stateBytes, "state ");
  const head = Buffer.alloc(HEAD_BYTES);
  head.write("HXBK", 0, "latin1");
  head.writeUInt16LE(1, 4);
  head.writeUInt32LE(CHUNK_BYTES, 8);
  head.writeUInt32LE(1, 12);
  [7, 2, 1_000, 1_700_000_000_000, stateBytes].forEach((n, i) => head.writeBigUInt64LE(BigInt(n), 16 + 8 * i));
  head.writeUInt32LE(crc32(stream), 56);
  for (const [at, name] of [
    [64, clusterId],
    [97, groupId],
    [162, "n1"],
  ] as const) {
    head.writeUInt8(name.length, at);
    head.write(name, at + 1, "latin1");
  }
  head.writeUInt32LE(crc32(head.subarray(0, 228)), 228);
  const parts = [head];
  let sum = 0;
  for (let at = 0; at < stateBytes; at += CHUNK_BYTES) {
    const chunk = stream.subarray(at, at + CHUNK_BYTES);
    sum = crc32(chunk, sum);
    const said = Buffer.alloc(4);
    said.writeUInt32LE(sum);
    parts.push(chunk, said);
  }
  return Buffer.concat(parts);
}

/** The same as a node gives it; `spoil` changes the bytes that leave, not what was announced of them. */
export function madeUpBackup(stateBytes: number, spoil: (file: Buffer) => Buffer = (file) => file): Backup {
  const file = backupFile(stateBytes);
  const about = { groupId: "main", id: { index: 7, term: 2 } } as Backup["about"];
  return { about, sizeBytes: file.length, bytes: inPieces(spoil(file)) };
}

async function* inPieces(file: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += 60_000) yield file.subarray(at, at + 60_000);
}
