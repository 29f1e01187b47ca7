import { type Checksum, type LogBlock, type LogHole, type LogIndex, RaftError } from "@hexraft/core/ports";
import { alignUp } from "../format/bytes.js";
import { BATCH_HEADER_BYTES, readBatchHeader } from "./batch.js";
import type { Range } from "./block-reader.js";
import { FileWindow } from "./file-window.js";
import { RECORD_HEADER_BYTES, RecordKind, readLostBlock, readRecord } from "./record.js";
import type { Segment } from "./segment.js";
import { SEGMENT_HEADER_BYTES } from "./segment-header.js";
import { placeAt } from "./segment-scan.js";

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
 * @param pace - waits between pieces of {@link SURVEY_BYTES}, for who is in no hurry.
 */
export async function* partsOf(
  segment: Segment,
  checksum: Checksum,
  pace?: (bytes: number) => Promise<void>,
): AsyncGenerator<Part> {
  const { end } = segment;
  const window = new FileWindow(segment.handle, end, SURVEY_BYTES);
  let paced = SEGMENT_HEADER_BYTES;
  let at = SEGMENT_HEADER_BYTES;
  while (at < end) {
    if (pace !== undefined && at - paced >= SURVEY_BYTES) {
      await pace(at - paced);
      paced = at;
    }
    const head = await window.at(at, BATCH_HEADER_BYTES);
    const place = placeAt(segment, at);
    const filler = alignUp(at, BATCH_HEADER_BYTES) - at;
    if (readBatchHeader(head, 0, place, checksum) !== undefined) at += BATCH_HEADER_BYTES;
    else if (filler > 0 && head.subarray(0, filler).every((byte) => byte === 0)) at += filler;
    else {
      const record = await recordAt(window, at, place, checksum);
      if (record === undefined || record.block === undefined) {
        const behind = record === undefined ? await nextBatch(window, segment, at, checksum) : at + record.length;
        yield { offset: at, end: behind };
        at = behind;
      } else {
        const last = record.block === "none" ? 0 : segment.validTo(at, record.block.last);
        if (record.block !== "none" && last >= record.block.first)
          yield { block: record.block.slice(record.block.first, last) };
        at += record.length;
      }
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
  for await (const part of partsOf(segment, checksum, pace)) {
    if ("block" in part) {
      missingTo(Math.min(part.block.first - 1, high));
      wanted = Math.max(wanted, part.block.last + 1);
    } else {
      wrong.push(part);
      place = part;
    }
  }
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
  for await (const part of partsOf(segment, checksum)) {
    if (!("block" in part) || part.block.last < wanted) continue;
    const last = Math.min(part.block.last, to);
    if (part.block.first > wanted || wanted > last || (blocks.length > 0 && part.block.sizeBytes > left)) break;
    const block = part.block.slice(wanted, last);
    blocks.push(block);
    left -= block.sizeBytes;
    wanted = last + 1;
  }
  return blocks;
}

/** The record there: its block if it is an intact one, `undefined` if it is a damaged one; nothing at all if the record itself is wrong. */
async function recordAt(
  window: FileWindow,
  at: number,
  place: ReturnType<typeof placeAt>,
  checksum: Checksum,
): Promise<{ readonly length: number; readonly block: LogBlock | "none" | undefined } | undefined> {
  const head = await window.at(at, RECORD_HEADER_BYTES);
  if (head.length < RECORD_HEADER_BYTES) return undefined;
  const length = RECORD_HEADER_BYTES + new DataView(head.buffer, head.byteOffset, head.length).getUint32(4, true);
  if (length > window.size - at) return undefined;
  const bytes = await window.at(at, length);
  try {
    const { operation } = readRecord(bytes, 0, place, checksum, true);
    return { length, block: operation.kind === RecordKind.block ? operation.block : "none" };
  } catch (error) {
    if (!(error instanceof RaftError)) throw error;
  }
  try {
    return { length: readLostBlock(bytes, 0, place, checksum).length, block: undefined };
  } catch (error) {
    if (error instanceof RaftError) return undefined;
    throw error;
  }
}

/** Where the next intact batch begins, or the segment's batches end. */
async function nextBatch(window: FileWindow, segment: Segment, from: number, checksum: Checksum): Promise<number> {
  let at = alignUp(from + 1, BATCH_HEADER_BYTES);
  while (at < window.size) {
    const head = await window.at(at, BATCH_HEADER_BYTES);
    if (readBatchHeader(head, 0, placeAt(segment, at), checksum) !== undefined) return at;
    at += BATCH_HEADER_BYTES;
  }
  return window.size;
}
