import { type Checksum, RaftError } from "@hexraft/core/ports";
import { pieceOf } from "../format/bytes.js";
import { BATCH_HEADER_BYTES, type BatchHeader, isZero, readBatchHeader } from "../log/batch.js";
import { FileWindow } from "../log/file-window.js";
import { intactOrLost, type ReadRecord } from "../log/record-reader.js";
import type { Segment } from "../log/segment.js";
import type { Chain } from "../log/segment-footer.js";
import { SEGMENT_HEADER_BYTES } from "../log/segment-header.js";
import { inspectTail } from "../log/segment-scan.js";

/** A record as it stands in a segment. */
export interface FoundRecord extends ReadRecord {
  readonly offset: number;
  /** L03: it is a block's, and that is damaged. */
  readonly isLost: boolean;
}

/** Who takes in what is read. */
export interface ScanSink {
  /** A record, in the order of the log. */
  record(found: FoundRecord, segment: Segment): void;
  /** G03: bytes that were durable are not whole here: records may be missing from now on. */
  gap(segment: Segment, offset: number, length: number, reason: string): void;
}

/** The chain of batches of a shared log: number and checksum of the latest one. */
export type SharedChain = Omit<Chain, "sequence">;

/** Where a scan of one segment came to its end. */
export interface SegmentEnd {
  /** `undefined` if no batch of the segment could be read. */
  readonly chain: SharedChain | undefined;
  /** Where the last whole batch begins. */
  readonly lastBatchAt: number;
  /** Left bytes of unfinished writes reach up to here. */
  readonly tornUpTo: number;
  /** Why the first batch that is not whole is not; empty if there is none. */
  readonly reason: string;
}

/**
 * L02, G03: reads the batches of one segment of a shared log, to its end. A batch that was durable and is not whole is a gap: it is
 * told of, and reading goes on behind it, where each group's numbers show whether it lost anything. What is not whole above
 * the highest seal of the last segment is a torn tail.
 *
 * @param chain - where the log stood before; `undefined` if that is not known.
 * @param follower - the first batch of the next segment; `null` if this is the last one, `undefined` if it cannot be read.
 * @param durableTo - the segment was durable up to here, says the mark.
 */
export async function scanSharedSegment(
  segment: Segment,
  chain: SharedChain | undefined,
  follower: BatchHeader | null | undefined,
  sink: ScanSink,
  checksum: Checksum,
  durableTo: number,
): Promise<SegmentEnd> {
  const window = new FileWindow(segment.handle, segment.handle.size());
  const isLast = follower === null;
  let known = chain;
  let lastBatchAt = segment.end;
  for (;;) {
    let found = await wholeBatch(window, segment, known, checksum);
    if (isLast && typeof found !== "string" && found.records.some((record) => record.isLost)) {
      // Was it durable? A write that did not end looks the same, and is cut.
      const sealedUpTo = Math.max(durableTo, (await inspectTail(window, segment, segment.end, checksum)).sealedUpTo);
      const { length, number } = found.head;
      if (sealedUpTo < segment.end + length) found = `batch ${number} is not whole: its blocks are not`;
    }
    if (typeof found !== "string") {
      for (const record of found.records) sink.record(record, segment);
      lastBatchAt = segment.end;
      segment.end += found.head.length;
      known = { number: found.head.number, checksum: found.head.checksum };
      continue;
    }
    // The foot of a segment is the first batch of the next one.
    if (!isLast && follower !== undefined && known !== undefined && follows(follower, known))
      return { chain: known, lastBatchAt, tornUpTo: segment.end, reason: "" };
    const tail = isLast ? await inspectTail(window, segment, segment.end, checksum) : undefined;
    if (tail !== undefined && tail.sealedUpTo <= segment.end) {
      const reason = tail.leftUpTo > segment.end ? found || "a write did not reach the disk whole" : "";
      return { chain: known, lastBatchAt, tornUpTo: Math.max(segment.end, tail.leftUpTo), reason };
    }
    const behind = await nextBatchAt(window, segment, checksum);
    sink.gap(segment, segment.end, (behind ?? window.size) - segment.end, found || "a batch is missing");
    if (behind === undefined) return { chain: undefined, lastBatchAt, tornUpTo: segment.end, reason: found };
    segment.end = behind;
    known = undefined;
  }
}

/** The first batch header of a segment, if it is intact. */
export function firstBatchOf(segment: Segment, checksum: Checksum): BatchHeader | undefined {
  const bytes = new Uint8Array(BATCH_HEADER_BYTES);
  const read = segment.handle.read(bytes, SEGMENT_HEADER_BYTES);
  const piece = pieceOf(bytes.subarray(0, read), SEGMENT_HEADER_BYTES);
  return readBatchHeader(piece, SEGMENT_HEADER_BYTES, segment, checksum);
}

const follows = (head: BatchHeader, chain: SharedChain): boolean =>
  head.number === chain.number + 1 && head.previous === chain.checksum;

/** The batch where the segment ends so far, or why there is none that is whole, but for blocks' bodies (L03), and continues the log. */
async function wholeBatch(
  window: FileWindow,
  segment: Segment,
  known: SharedChain | undefined,
  checksum: Checksum,
): Promise<string | { readonly head: BatchHeader; readonly records: readonly FoundRecord[] }> {
  const at = segment.end;
  if (!window.holds(at, BATCH_HEADER_BYTES)) await window.fetch(at, BATCH_HEADER_BYTES);
  const head = readBatchHeader(window, at, segment, checksum);
  if (head === undefined) return "";
  if (known !== undefined && !follows(head, known)) return `batch ${head.number} does not continue the log`;
  if (head.length > window.size - at) return `batch ${head.number} is longer than the file`;
  if (!window.holds(at, head.length)) await window.fetch(at, head.length);
  const records: FoundRecord[] = [];
  const end = at + head.length;
  let offset = at + BATCH_HEADER_BYTES;
  try {
    for (let i = 0; i < head.records; i++) {
      const record = intactOrLost(window, offset, segment, checksum, true);
      const { group, operation, sequence, length, isLost } = record;
      records.push({ group, operation, sequence, length, isLost, offset });
      offset += length;
    }
  } catch (error) {
    if (error instanceof RaftError) return `batch ${head.number} is not whole: ${error.message}`;
    throw error;
  }
  if (offset > end || !isZero(window.bytes, offset - window.from, end - offset))
    return `batch ${head.number} is not whole: its padding is missing`;
  return { head, records };
}

/** Where the next intact batch header stands behind the place that cannot be read. */
async function nextBatchAt(window: FileWindow, segment: Segment, checksum: Checksum): Promise<number | undefined> {
  for (let at = segment.end + BATCH_HEADER_BYTES; at < window.size; at += BATCH_HEADER_BYTES) {
    if (!window.holds(at, BATCH_HEADER_BYTES)) await window.fetch(at, BATCH_HEADER_BYTES);
    if (readBatchHeader(window, at, segment, checksum) !== undefined) return at;
  }
  return undefined;
}
