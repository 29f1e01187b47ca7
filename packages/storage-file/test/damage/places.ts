import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BLOCK_HEADER_BYTES } from "@hexraft/core/ports";
import { pieceOf } from "../../src/format/bytes.js";
import { BATCH_HEADER_BYTES, readBatchHeader } from "../../src/log/batch.js";
import { RECORD_HEADER_BYTES, RecordKind } from "../../src/log/record.js";
import { readRecord } from "../../src/log/record-reader.js";
import { SEGMENT_HEADER_BYTES } from "../../src/log/segment-header.js";
import { checksum } from "../support/host.js";

/** Where a batch stands. */
export interface Place {
  readonly path: string;
  readonly at: number;
  readonly length: number;
  /** The entries in it; none if `last` is below `first`. */
  readonly first: number;
  readonly last: number;
}

/** Where the block of these entries stands in an intact segment of a shared log, its record included. */
export function sharedBlockAt(path: string, bytes: Uint8Array, first: number, last: number): number {
  const segment = { number: Number(/(\d+)\.seg$/.exec(path)?.[1]), generation: 1 };
  const piece = pieceOf(bytes, 0);
  for (let at = SEGMENT_HEADER_BYTES; ; ) {
    const head = readBatchHeader(piece, at, segment, checksum);
    if (head === undefined) throw new Error(`no block of entries ${first} to ${last} is in ${path}`);
    let record = at + BATCH_HEADER_BYTES;
    for (let i = 0; i < head.records; i++) {
      const { operation, length } = readRecord(piece, record, segment, checksum, true, true);
      if ("block" in operation && operation.block.first === first && operation.block.last === last) return record;
      record += length;
    }
    at += head.length;
  }
}

/** For the laws: turns over a bit of the block of these entries, in the first segment of a shared log: of the first entry's own head. */
export const sharedDamageIn =
  (directory: string) =>
  (first: number, last: number): void => {
    const file = join(directory, "log", `${"1".padStart(16, "0")}.seg`);
    const bytes = readFileSync(file);
    const at = sharedBlockAt(file, bytes, first, last) + RECORD_HEADER_BYTES + BLOCK_HEADER_BYTES;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    writeFileSync(file, bytes);
  };

/** The batches of an intact segment. */
export function batchesOf(path: string, bytes: Uint8Array): Place[] {
  const segment = { number: Number(/(\d+)\.seg$/.exec(path)?.[1]), generation: 1 };
  const piece = pieceOf(bytes, 0);
  const places: Place[] = [];
  for (let at = SEGMENT_HEADER_BYTES; ; ) {
    const head = readBatchHeader(piece, at, segment, checksum);
    if (head === undefined) return places;
    let first = Number.POSITIVE_INFINITY;
    let last = 0;
    let record = at + BATCH_HEADER_BYTES;
    for (let i = 0; i < head.records; i++) {
      const { operation, length } = readRecord(piece, record, segment, checksum, true);
      if (operation.kind === RecordKind.block) {
        first = Math.min(first, operation.block.first);
        last = operation.block.last;
      }
      record += length;
    }
    places.push({ path, at, length: head.length, first, last });
    at += head.length;
  }
}
