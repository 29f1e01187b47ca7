import { type Checksum, RaftError } from "@hexraft/core/ports";
import { BATCH_HEADER_BYTES, type BatchHeader, isZero } from "./batch.js";
import type { FileWindow } from "./file-window.js";
import type { PlacedOperation, SegmentId } from "./record.js";
import { intactOrLost } from "./record-reader.js";

/** A batch that is whole, but for blocks' bodies if any is lost (L03). */
export interface ScannedBatch {
  readonly placed: readonly PlacedOperation[];
  /** The number of the next record. */
  readonly sequence: number;
  readonly isLost: boolean;
}

/** The records of a batch, or why it is not whole; it counts as whole if its blocks' bodies alone are damaged (L03). */
export async function readBatch(
  window: FileWindow,
  head: BatchHeader,
  segment: SegmentId,
  sequence: number | undefined,
  checksum: Checksum,
): Promise<string | ScannedBatch> {
  if (head.length > window.size - head.offset) return `batch ${head.number} is longer than the file`;
  if (!window.holds(head.offset, head.length)) await window.fetch(head.offset, head.length);
  const end = head.offset + head.length;
  const placed: PlacedOperation[] = [];
  let offset = head.offset + BATCH_HEADER_BYTES;
  let next = sequence;
  let isLost = false;
  try {
    for (let i = 0; i < head.records; i++) {
      const record = intactOrLost(window, offset, segment, checksum);
      if (next !== undefined && record.sequence !== next) return `batch ${head.number} skips records`;
      next = record.sequence + 1;
      const { group, operation } = record;
      placed.push(record.isLost ? { group, operation, offset, isLost: true } : { group, operation, offset });
      isLost ||= record.isLost;
      offset += record.length;
    }
  } catch (error) {
    if (error instanceof RaftError) return `batch ${head.number} is not whole: ${error.message}`;
    throw error;
  }
  // No checksum covers it. A file that is used again holds old bytes where a write was torn in here, and readers would take
  // them for a record.
  if (offset > end || !isZero(window.bytes, offset - window.from, end - offset))
    return `batch ${head.number} is not whole: its padding is missing`;
  return { placed, sequence: next ?? 1, isLost };
}
