import { type Checksum, RaftError } from "@hexraft/core/ports";
import { damaged } from "../format/faults.js";
import { BATCH_HEADER_BYTES, type BatchHeader, isZero, readBatchHeader } from "./batch.js";
import { FileWindow } from "./file-window.js";
import type { LogState } from "./log-state.js";
import type { PlacedOperation, SegmentId } from "./record.js";
import { intactOrLost } from "./record-reader.js";
import type { Segment } from "./segment.js";
import type { Chain } from "./segment-footer.js";

/** What the end of a log was found to be. */
export interface Scan {
  readonly chain: Chain;
  /** Whole batches in the segment. */
  readonly batches: number;
  /** Where the last of them begins; `segment.end` if there is none. */
  readonly lastBatchAt: number;
  /** A torn tail begins at `segment.end` and has left bytes up to here; equal to `segment.end` if there is none. */
  readonly tornUpTo: number;
  /** Why the first batch that is not whole is not; empty if there is no torn tail. */
  readonly reason: string;
  /** L03: blocks that were durable, and whose bodies are damaged. */
  readonly lost: readonly PlacedOperation[];
}

/**
 * L02: reads a segment that has no foot, to its very end. Whole batches that chain are taken into `state` and `segment`. What
 * follows is a torn tail if nothing above it says that it was durable; else it is damage, which is never cut.
 *
 * @param chain - where the log stood before this segment; `undefined` if that is not known, as the segments before are gone.
 * @param durableTo - the segment was durable up to here, says the mark.
 */
export async function scanSegment(
  segment: Segment,
  state: LogState,
  chain: Chain | undefined,
  checksum: Checksum,
  durableTo = 0,
): Promise<Scan> {
  const window = new FileWindow(segment.handle, segment.handle.size());
  let known = chain;
  let batches = 0;
  let reason = "";
  let lastBatchAt = segment.end;
  const lost: PlacedOperation[] = [];
  for (;;) {
    if (!window.holds(segment.end, BATCH_HEADER_BYTES)) await window.fetch(segment.end, BATCH_HEADER_BYTES);
    const head = readBatchHeader(window, segment.end, segment, checksum);
    if (head === undefined) break;
    if (known !== undefined && (head.number !== known.number + 1 || head.previous !== known.checksum)) {
      reason = `batch ${head.number} does not continue the log`;
      break;
    }
    const whole = await readBatch(window, head, segment, known?.sequence, checksum);
    if (typeof whole === "string") {
      reason = whole;
      break;
    }
    if (whole.isLost) {
      // Was it durable? A write that did not end looks the same, and is cut.
      const sealedUpTo = Math.max(durableTo, (await inspectTail(window, segment, checksum)).sealedUpTo);
      reason = `batch ${head.number} is not whole: its blocks are not`;
      if (sealedUpTo < segment.end + head.length) break;
      lost.push(...whole.placed.filter(({ isLost }) => isLost));
    }
    for (const { operation, isLost } of whole.placed) state.apply(operation, isLost);
    segment.note(whole.placed);
    lastBatchAt = segment.end;
    segment.end += head.length;
    known = { number: head.number, checksum: head.checksum, sequence: whole.sequence };
    batches++;
  }
  const tail = await inspectTail(window, segment, checksum);
  if (tail.sealedUpTo > segment.end)
    throw damaged(
      segment.path,
      `${reason || "a batch is missing"}, although a later one says that it was durable; the newest vote may have been in it (L12)`,
      segment.end,
      tail.sealedUpTo - segment.end,
    );
  return {
    chain: known ?? { number: 0, checksum: 0, sequence: 1 },
    batches,
    lastBatchAt,
    tornUpTo: Math.max(segment.end, tail.leftUpTo),
    reason: tail.leftUpTo > segment.end ? reason || "a write did not reach the disk whole" : "",
    lost,
  };
}

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

/**
 * Looks at everything behind the last whole batch: the highest seal that an intact header there states, and how far bytes of
 * an unfinished write may reach. A file that was used before is full of old bytes, so there only what names this segment counts.
 */
export async function inspectTail(
  window: FileWindow,
  segment: Segment,
  checksum: Checksum,
): Promise<{ readonly sealedUpTo: number; readonly leftUpTo: number }> {
  let sealedUpTo = 0;
  let leftUpTo = 0;
  const step = 1024 * 1024;
  for (let at = segment.end; at < window.size; at += step) {
    const bytes = await window.at(at, step);
    if (segment.generation === 1) {
      const used = lastUsed(bytes);
      if (used > 0) leftUpTo = at + used;
      else continue;
    }
    for (let i = 0; i < bytes.length; i += BATCH_HEADER_BYTES) {
      const head = readBatchHeader(window, at + i, segment, checksum);
      if (head === undefined) continue;
      sealedUpTo = Math.max(sealedUpTo, head.sealedUpTo);
      leftUpTo = Math.max(leftUpTo, at + i + BATCH_HEADER_BYTES);
    }
  }
  return { sealedUpTo, leftUpTo };
}

/** How many bytes there are up to the last one that is not zero. */
function lastUsed(bytes: Uint8Array): number {
  let used = bytes.length;
  while (used > 0 && bytes[used - 1] === 0) used--;
  return used;
}
