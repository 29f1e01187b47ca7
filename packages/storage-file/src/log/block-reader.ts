import { type Checksum, type LogBlock, type LogIndex, RaftError, verifyBlock } from "@hexraft/core/ports";
import { alignUp, viewOf } from "../format/bytes.js";
import { damaged, messageOf } from "../format/faults.js";
import { BATCH_HEADER_BYTES, readBatchHeader } from "./batch.js";
import { FileWindow } from "./file-window.js";
import { RECORD_HEADER_BYTES, RecordKind, readRecord } from "./record.js";
import type { Segment } from "./segment.js";

/** Bounds of one fetch: less is not worth a call, more holds memory for too long. */
const FETCH_BYTES_MIN = 64 * 1024;
const FETCH_BYTES_MAX = 1024 * 1024;

/** What is asked of one segment. */
export interface Range {
  readonly from: LogIndex;
  /** Last entry that this segment holds and no later one overrides. */
  readonly to: LogIndex;
  readonly bytesMax: number;
}

/**
 * Blocks of one segment from `range.from` on, as many as fit and at least one; checked against damage end to end. Void entries,
 * which a later record of the segment took back, are passed over.
 */
export async function readBlocks(segment: Segment, range: Range, checksum: Checksum): Promise<LogBlock[]> {
  const fetch = Math.min(FETCH_BYTES_MAX, Math.max(FETCH_BYTES_MIN, range.bytesMax));
  // Where it ends now: a batch that is appended while this waits for the disk is none of its business, and not in its window.
  const { end } = segment;
  const window = new FileWindow(segment.handle, end, fetch);
  const blocks: LogBlock[] = [];
  let wanted = range.from;
  let taken = 0;
  let at = segment.placeOf(wanted);
  /** Where zeros began that fill up a batch, right before this place. */
  let filler: number | undefined;
  while (at < end && wanted <= range.to) {
    const offset = at;
    const head = window.peek(at, BATCH_HEADER_BYTES) ?? (await window.at(at, BATCH_HEADER_BYTES));
    const { kind, length } = measure(head, window.size, segment, at, filler ?? at, checksum);
    at += length;
    filler = kind === "filler" ? offset : undefined;
    if (kind !== "record") continue;
    const bytes = window.peek(offset, length) ?? (await window.at(offset, length));
    const block = blockIn(bytes, segment, offset, checksum);
    if (block === undefined) continue;
    const last = Math.min(segment.validTo(offset, block.last), range.to);
    if (last < wanted || block.first > wanted) continue;
    verify(segment, offset, block, checksum);
    const part = block.slice(wanted, last);
    if (blocks.length > 0 && taken + part.sizeBytes > range.bytesMax) break;
    blocks.push(part);
    taken += part.sizeBytes;
    wanted = last + 1;
  }
  if (blocks.length === 0 && range.from <= range.to)
    throw damaged(segment.path, `entry ${range.from} is not where it should be`, at, 1);
  return blocks;
}

/**
 * What begins at `at`: a record, or a batch header or the zeros that fill up a batch, to be passed over; and how long it is. Behind
 * zeros only a batch may begin: in the middle of one they are no filler, but a block that was lost. `since`: where they began.
 */
function measure(
  head: Uint8Array,
  size: number,
  segment: Segment,
  at: number,
  since: number,
  checksum: Checksum,
): { readonly kind: "batch" | "filler" | "record"; readonly length: number } {
  const place = { segment: segment.number, generation: segment.generation, offset: at };
  if (readBatchHeader(head, 0, place, checksum) !== undefined) return { kind: "batch", length: BATCH_HEADER_BYTES };
  const filler = alignUp(at, BATCH_HEADER_BYTES) - at;
  if (filler > 0 && head.subarray(0, filler).every((byte) => byte === 0)) return { kind: "filler", length: filler };
  const length = head.length < RECORD_HEADER_BYTES ? 0 : RECORD_HEADER_BYTES + viewOf(head).getUint32(4, true);
  if (length === 0 || length > size - at || since < at)
    throw damaged(segment.path, "no batch and no record begins there", since, at + head.length - since);
  return { kind: "record", length };
}

/** The block that a record holds, if it is one. */
function blockIn(bytes: Uint8Array, segment: Segment, at: number, checksum: Checksum): LogBlock | undefined {
  const place = { segment: segment.number, generation: segment.generation, offset: at };
  try {
    const { operation } = readRecord(bytes, 0, place, checksum, false);
    return operation.kind === RecordKind.block ? operation.block : undefined;
  } catch (error) {
    if (error instanceof RaftError) throw damaged(segment.path, error.message, at, bytes.length);
    throw error;
  }
}

function verify(segment: Segment, offset: number, block: LogBlock, checksum: Checksum): void {
  try {
    verifyBlock(block, checksum);
  } catch (error) {
    throw damaged(segment.path, messageOf(error), offset, RECORD_HEADER_BYTES + block.sizeBytes);
  }
}
