import { BATCH_HEADER_BYTES, readBatchHeader } from "../../src/log/batch.js";
import { RecordKind, readRecord } from "../../src/log/record.js";
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

/** The batches of an intact segment. */
export function batchesOf(path: string, bytes: Uint8Array): Place[] {
  const segment = Number(/(\d+)\.seg$/.exec(path)?.[1]);
  const places: Place[] = [];
  for (let at = SEGMENT_HEADER_BYTES; ; ) {
    const head = readBatchHeader(bytes, at, { segment, generation: 1, offset: at }, checksum);
    if (head === undefined) return places;
    let first = Number.POSITIVE_INFINITY;
    let last = 0;
    let record = at + BATCH_HEADER_BYTES;
    for (let i = 0; i < head.records; i++) {
      const { operation, length } = readRecord(
        bytes,
        record,
        { segment, generation: 1, offset: record },
        checksum,
        true,
      );
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
