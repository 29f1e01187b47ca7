import { type Checksum, type LogBlock, type LogIndex, RaftError, verifyBlock } from "@hexraft/core/ports";
import { damaged, messageOf } from "../format/faults.js";
import { BATCH_HEADER_BYTES, passedOver } from "./batch.js";
import { FileWindow } from "./file-window.js";
import { RECORD_HEADER_BYTES } from "./record.js";
import { readBlockAt } from "./record-reader.js";
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
  /** Where zeros began that fill up a batch, right before this place: behind them only a batch may begin. */
  let filler: number | undefined;
  while (at < end && wanted <= range.to) {
    if (!window.holds(at, BATCH_HEADER_BYTES)) await window.fetch(at, BATCH_HEADER_BYTES);
    const passed = passedOver(window, at, segment, checksum);
    if (passed > 0) {
      filler = passed < BATCH_HEADER_BYTES ? at : undefined;
      at += passed;
      continue;
    }
    const offset = at;
    const length = recordLength(window, segment, offset, filler);
    at += length;
    if (!window.holds(offset, length)) await window.fetch(offset, length);
    const block = blockIn(window, segment, offset, length, checksum);
    if (block === undefined) continue;
    const last = Math.min(segment.validTo(offset, block.last), range.to);
    if (last < wanted || block.first > wanted) continue;
    verify(segment, offset, block, checksum);
    segment.lastRead = { index: block.first, offset };
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

/** How long the record at `at` is. In the middle of a batch zeros are no filler, but a block that was lost. */
function recordLength(window: FileWindow, segment: Segment, at: number, filler: number | undefined): number {
  const here = Math.min(BATCH_HEADER_BYTES, window.size - at);
  const length =
    here < RECORD_HEADER_BYTES ? 0 : RECORD_HEADER_BYTES + window.view.getUint32(at - window.from + 4, true);
  const since = filler ?? at;
  if (length === 0 || length > window.size - at || since < at)
    throw damaged(segment.path, "no batch and no record begins there", since, at + here - since);
  return length;
}

/** The block that a record holds, if it is one. */
function blockIn(
  window: FileWindow,
  segment: Segment,
  at: number,
  length: number,
  checksum: Checksum,
): LogBlock | undefined {
  try {
    return readBlockAt(window, at, segment, checksum, false);
  } catch (error) {
    if (error instanceof RaftError) throw damaged(segment.path, error.message, at, length);
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
