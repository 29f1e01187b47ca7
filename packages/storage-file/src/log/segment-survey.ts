import { type Checksum, type LogBlock, type LogHole, type LogIndex, RaftError } from "@hexraft/core/ports";
import { alignUp } from "../format/bytes.js";
import { BATCH_HEADER_BYTES, passedOver, readBatchHeader } from "./batch.js";
import type { Range } from "./block-reader.js";
import { FileWindow } from "./file-window.js";
import { RECORD_HEADER_BYTES } from "./record.js";
import { readBlockAt, readLostBlock } from "./record-reader.js";
import type { Segment } from "./segment.js";
import { SEGMENT_HEADER_BYTES } from "./segment-header.js";

/** Bytes that are read at once, and after which whoever wants to may wait. */
export const SURVEY_BYTES = 256 * 1024;

/** Bytes of a segment that are wrong. */
export interface WrongBytes {
  readonly offset: number;
  readonly end: number;
}

/** A part of a segment: a block that is intact, as far as no later record of the segment took it back, or bytes that are wrong. */
export type Part = { readonly block: LogBlock } | WrongBytes;

/**
 * L03: every intact block of a segment, in order, whatever is wrong between them. A block's record says how long it is, even if the
 * block itself is damaged; behind anything else the next batch is looked for, at multiples of 64 bytes.
 *
 * @param visit - takes a part; false: it wants no more.
 * @param pace - waits between pieces of {@link SURVEY_BYTES}, for who is in no hurry.
 */
export async function visitParts(
  segment: Segment,
  checksum: Checksum,
  visit: (part: Part) => boolean,
  pace?: (bytes: number) => Promise<void>,
): Promise<void> {
  const { end } = segment;
  const window = new FileWindow(segment.handle, end, SURVEY_BYTES);
  let paced = SEGMENT_HEADER_BYTES;
  let at = SEGMENT_HEADER_BYTES;
  let goesOn = true;
  while (at < end && goesOn) {
    if (pace !== undefined && at - paced >= SURVEY_BYTES) {
      await pace(at - paced);
      paced = at;
    }
    if (!window.holds(at, BATCH_HEADER_BYTES)) await window.fetch(at, BATCH_HEADER_BYTES);
    const passed = passedOver(window, at, segment, checksum);
    if (passed > 0) {
      at += passed;
      continue;
    }
    const length = recordLength(window, at);
    if (length > 0 && !window.holds(at, length)) await window.fetch(at, length);
    const found = length > 0 ? recordAt(window, at, segment, checksum) : "wrong";
    if (found === "wrong" || found === "lost") {
      const behind = found === "lost" ? at + length : await nextBatch(window, segment, at, checksum);
      goesOn = visit({ offset: at, end: behind });
      at = behind;
    } else {
      const last = found === undefined ? 0 : segment.validTo(at, found.last);
      if (found !== undefined && last >= found.first) goesOn = visit({ block: found.slice(found.first, last) });
      at += length;
    }
  }
}

/** What is wrong with a segment. */
export interface Survey {
  /** Entries that it held and no longer shows; ascending. */
  readonly holes: readonly LogHole[];
  /** Bytes that are wrong, though none of the entries that count may have been in them. */
  readonly wrong: readonly WrongBytes[];
}

/** Looks for entries `low` to `high`, all of which the segment held. */
export async function surveySegment(
  segment: Segment,
  low: LogIndex,
  high: LogIndex,
  checksum: Checksum,
  pace?: (bytes: number) => Promise<void>,
): Promise<Survey> {
  const holes: LogHole[] = [];
  const wrong: WrongBytes[] = [];
  let wanted = low;
  let place: WrongBytes = { offset: SEGMENT_HEADER_BYTES, end: segment.end };
  const missingTo = (last: LogIndex): void => {
    const { offset, end } = place;
    if (wanted <= last) holes.push({ first: wanted, last, file: segment.path, offset, length: end - offset });
  };
  const visit = (part: Part): boolean => {
    if ("block" in part) {
      missingTo(Math.min(part.block.first - 1, high));
      wanted = Math.max(wanted, part.block.last + 1);
    } else {
      wrong.push(part);
      place = part;
    }
    return true;
  };
  await visitParts(segment, checksum, visit, pace);
  missingTo(high);
  return { holes, wrong };
}

/** L03: entries of a segment that lost others: what is wrong is passed over. Slower than a read that knows where to begin. */
export async function readAround(
  segment: Segment,
  { from, to, bytesMax }: Range,
  checksum: Checksum,
): Promise<readonly LogBlock[]> {
  const blocks: LogBlock[] = [];
  let left = bytesMax;
  let wanted = from;
  await visitParts(segment, checksum, (part) => {
    if (!("block" in part) || part.block.last < wanted) return true;
    const last = Math.min(part.block.last, to);
    if (part.block.first > wanted || wanted > last || (blocks.length > 0 && part.block.sizeBytes > left)) return false;
    const block = part.block.slice(wanted, last);
    blocks.push(block);
    left -= block.sizeBytes;
    wanted = last + 1;
    return true;
  });
  return blocks;
}

/** How long the record there says it is; 0 if it cannot be. */
function recordLength(window: FileWindow, at: number): number {
  if (window.size - at < RECORD_HEADER_BYTES) return 0;
  const length = RECORD_HEADER_BYTES + window.view.getUint32(at - window.from + 4, true);
  return length > window.size - at ? 0 : length;
}

/** The block of the record there, `undefined` if it is another record; or that the block is lost, or the record itself wrong. */
function recordAt(
  window: FileWindow,
  at: number,
  segment: Segment,
  checksum: Checksum,
): LogBlock | undefined | "lost" | "wrong" {
  try {
    return readBlockAt(window, at, segment, checksum, true);
  } catch (error) {
    if (!(error instanceof RaftError)) throw error;
  }
  try {
    readLostBlock(window, at, segment, checksum);
    return "lost";
  } catch (error) {
    if (error instanceof RaftError) return "wrong";
    throw error;
  }
}

/** Where the next intact batch begins, or the segment's batches end. */
async function nextBatch(window: FileWindow, segment: Segment, from: number, checksum: Checksum): Promise<number> {
  for (let at = alignUp(from + 1, BATCH_HEADER_BYTES); at < window.size; at += BATCH_HEADER_BYTES) {
    if (!window.holds(at, BATCH_HEADER_BYTES)) await window.fetch(at, BATCH_HEADER_BYTES);
    if (readBatchHeader(window, at, segment, checksum) !== undefined) return at;
  }
  return window.size;
}
