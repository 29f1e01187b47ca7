import { type Checksum, RaftError } from "@hexraft/core/ports";
import { damaged } from "../format/faults.js";
import { BATCH_HEADER_BYTES, type BatchHeader, readBatchHeader } from "./batch.js";
import { FileWindow } from "./file-window.js";
import type { LogState } from "./log-state.js";
import { type PlacedOperation, RecordKind, readLostBlock, readRecord } from "./record.js";
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
    const place = placeAt(segment, segment.end);
    const head = readBatchHeader(await window.at(segment.end, BATCH_HEADER_BYTES), 0, place, checksum);
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
    const announced = whole.placed.filter(({ isLost }) => isLost);
    if (announced.length > 0) {
      // Was it durable? A write that did not end looks the same, and is cut.
      const sealedUpTo = Math.max(durableTo, (await inspectTail(window, segment, checksum)).sealedUpTo);
      reason = `batch ${head.number} is not whole: its blocks are not`;
      if (sealedUpTo < segment.end + head.length) break;
      lost.push(...announced);
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

/** The records of a batch, or why it is not whole; it counts as whole if its blocks' bodies alone are damaged (L03). */
export async function readBatch(
  window: FileWindow,
  head: BatchHeader,
  segment: Segment,
  sequence: number | undefined,
  checksum: Checksum,
): Promise<string | { readonly placed: readonly PlacedOperation[]; readonly sequence: number }> {
  if (head.length > window.size - head.offset) return `batch ${head.number} is longer than the file`;
  const bytes = await window.at(head.offset, head.length);
  const placed: PlacedOperation[] = [];
  let at = BATCH_HEADER_BYTES;
  let next = sequence;
  try {
    for (let i = 0; i < head.records; i++) {
      const offset = head.offset + at;
      const record = readOrLost(bytes, at, placeAt(segment, offset), checksum);
      if (next !== undefined && record.sequence !== next) return `batch ${head.number} skips records`;
      next = record.sequence + 1;
      const { group, operation, isLost } = record;
      placed.push(isLost ? { group, operation, offset, isLost } : { group, operation, offset });
      at += record.length;
    }
  } catch (error) {
    if (error instanceof RaftError) return `batch ${head.number} is not whole: ${error.message}`;
    throw error;
  }
  // No checksum covers it. A file that is used again holds old bytes where a write was torn in here, and readers would take
  // them for a record.
  if (bytes.subarray(at).some((byte) => byte !== 0)) return `batch ${head.number} is not whole: its padding is missing`;
  return { placed, sequence: next ?? 1 };
}

function readOrLost(bytes: Uint8Array, at: number, place: ReturnType<typeof placeAt>, checksum: Checksum) {
  try {
    return { ...readRecord(bytes, at, place, checksum, true), isLost: false };
  } catch (error) {
    if (!(error instanceof RaftError)) throw error;
    const { block, ...rest } = readLostBlock(bytes, at, place, checksum);
    return { ...rest, operation: { kind: RecordKind.block, block }, isLost: true };
  }
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
      const head = readBatchHeader(bytes, i, placeAt(segment, at + i), checksum);
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

/** Where something at this offset of a segment belongs. */
export const placeAt = ({ number, generation }: Segment, offset: number) => ({ segment: number, generation, offset });
