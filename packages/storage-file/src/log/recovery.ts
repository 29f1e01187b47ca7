import { type Checksum, type LogHole, RaftError } from "@hexraft/core/ports";
import { damaged } from "../format/faults.js";
import { writeFully } from "../format/small-file.js";
import type { DurablePlace } from "./log-mark.js";
import { LogState } from "./log-state.js";
import { RECORD_HEADER_BYTES, RecordKind } from "./record.js";
import type { Segment } from "./segment.js";
import type { SegmentFiles } from "./segment-files.js";
import { type Chain, type Footer, footBytes, readFooter } from "./segment-footer.js";
import { type LogOwner, SEGMENT_HEADER_BYTES } from "./segment-header.js";
import { type Scan, scanSegment } from "./segment-scan.js";

/** A log as it was found. Nothing was changed yet. */
export interface RecoveredLog {
  readonly state: LogState;
  readonly chain: Chain;
  /** Closed ones first, then the active one. */
  readonly segments: Segment[];
  /** The one after the active one, if it was made already. */
  readonly next: Segment | undefined;
  /** Segments of before a gap: their removal was under way. */
  readonly leftovers: readonly number[];
  /** The torn tail to cut from the active segment. */
  readonly scan: Scan;
}

/** Reads a log that has segments. Closed ones are proved by their feet, the last one is read to its end (L02). */
export async function recoverLog(
  files: SegmentFiles,
  numbers: readonly number[],
  owner: LogOwner,
  checksum: Checksum,
  mark?: DurablePlace,
): Promise<RecoveredLog> {
  const present = withoutGap(numbers);
  const segments = present.map((number) => files.openExisting(number, owner));
  try {
    return await recoverSegments(files, numbers, segments, checksum, mark);
  } catch (error) {
    for (const segment of segments) segment.close();
    throw error;
  }
}

async function recoverSegments(
  files: SegmentFiles,
  numbers: readonly number[],
  segments: Segment[],
  checksum: Checksum,
  mark: DurablePlace | undefined,
): Promise<RecoveredLog> {
  const state = new LogState();
  const feet = segments.map((segment) => readFooter(segment, segment.handle, checksum));
  const newest = segments.at(-1) as Segment;
  if (feet.at(-1) !== undefined)
    throw missing(files.path(newest.number + 1), `segment ${newest.number} is closed, and the one after it is missing`);
  const before = segments.at(-2);
  let next: Segment | undefined;
  if (before !== undefined && feet.at(-2) === undefined) {
    // Its foot is durable before anything is written behind it: without one, the newest segment must still be untouched.
    const untouched = await scanSegment(newest, new LogState(), undefined, checksum);
    if (untouched.batches > 0) throw withoutFoot(before);
    next = newest;
    segments.pop();
    feet.pop();
  }
  const active = segments.at(-1) as Segment;
  let chain: Chain | undefined = segments[0]?.number === 1 ? { number: 0, checksum: 0, sequence: 1 } : undefined;
  for (const [i, segment] of segments.slice(0, -1).entries()) {
    const foot = feet[i];
    if (foot === undefined) throw withoutFoot(segment);
    takeFoot(segment, foot);
    foot.advance(state);
    chain = foot.chain;
  }
  const durableTo = mark?.segment === active.number ? mark.end : 0;
  const scan = await scanSegment(active, state, chain, checksum, durableTo);
  checkComplete(files, segments, state);
  return {
    state,
    chain: scan.chain,
    segments,
    next,
    leftovers: numbers.filter((number) => number < (segments[0] as Segment).number),
    scan,
  };
}

/** L03: the entries that count and were in what is damaged of the active segment. */
export function holesOf({ scan, segments, state }: Pick<RecoveredLog, "scan" | "segments" | "state">): LogHole[] {
  const active = segments.at(-1) as Segment;
  const lost = scan.lost.flatMap(({ operation, offset }) => {
    if (operation.kind !== RecordKind.block) return [];
    const { first, last, sizeBytes } = operation.block;
    return [{ first, last, file: active.path, offset, length: RECORD_HEADER_BYTES + sizeBytes }];
  });
  return [...lost, ...scan.holes].flatMap((hole) => {
    const first = Math.max(hole.first, state.base.index + 1);
    const last = Math.min(active.validTo(hole.offset, hole.last), state.last.index);
    return first <= last ? [{ ...hole, first, last }] : [];
  });
}

/**
 * What was read may so far be in the host's cache alone: it is made durable before anything rests on it. A sync is not enough
 * where an earlier one failed: the host then shows bytes that it will never write, and calls their pages clean. What no later
 * batch proves to be durable is the last batch, or the last foot, and that is written once more.
 */
export async function settleWhatWasRead(segments: readonly Segment[], scan: Scan): Promise<void> {
  const active = segments.at(-1) as Segment;
  const before = segments.at(-2);
  if (before !== undefined && scan.batches === 0) {
    const size = before.handle.size();
    writeAgain(before, size - footBytes(before.handle), size);
  }
  await before?.handle.datasync();
  writeAgain(active, scan.lastBatchAt, active.end);
}

function writeAgain({ handle }: Segment, from: number, to: number): void {
  const bytes = new Uint8Array(to - from);
  handle.read(bytes, from);
  if (bytes.length > 0) writeFully(handle, [bytes], from);
}

/**
 * Cuts the torn tail, durably, before anything is appended (L02); says what was cut. Where there is none an earlier start may have cut it, in
 * the host's cache alone: after the next power cut it would be back, and the segment's foot not where the file ends.
 */
export async function cutTornTail(segment: Segment, scan: Pick<Scan, "tornUpTo" | "reason">): Promise<string> {
  const { handle } = segment;
  const length = scan.tornUpTo - segment.end;
  if (length > 0 && segment.generation === 1) handle.truncate(segment.end);
  else {
    if (length > 0) writeFully(handle, [new Uint8Array(length)], segment.end);
    // A cut that changes nothing might be none to the host: the file grows by a byte, and loses it.
    const size = handle.size();
    handle.truncate(size + 1);
    handle.truncate(size);
  }
  await handle.datasync();
  if (length === 0) return "";
  return `${segment.path}: ${length} bytes of an unfinished write were cut at offset ${segment.end} (${scan.reason})`;
}

/** The highest numbers, as far down as they are consecutive: oldest segments are removed first, but in no certain order until that is durable. */
export function withoutGap(numbers: readonly number[]): readonly number[] {
  let from = numbers.length - 1;
  while (from > 0 && numbers[from - 1] === (numbers[from] as number) - 1) from--;
  return numbers.slice(from);
}

function takeFoot(segment: Segment, foot: Footer): void {
  segment.end = foot.end;
  segment.low = foot.low;
  segment.cuts = foot.cuts;
  segment.samples = foot.samples;
  segment.closed = true;
}

/** Every entry above the base must be in a segment that is there. */
function checkComplete(files: SegmentFiles, segments: readonly Segment[], state: LogState): void {
  const first = segments[0] as Segment;
  const elsewhere = segments.reduce((low, segment) => Math.min(low, segment.low), Number.MAX_SAFE_INTEGER) - 1;
  const isMissing = first.low === Number.MAX_SAFE_INTEGER ? first.number > 1 : elsewhere > state.base.index;
  if (isMissing)
    throw missing(
      files.path(first.number - 1),
      `entries from ${state.base.index + 1} on were in it or before it, and it is missing`,
    );
}

/** Only its foot tells where a closed segment ends: without one all that is there is in doubt, and that there is no more. */
function withoutFoot({ path, handle }: Segment): RaftError {
  const length = handle.size() + 1 - SEGMENT_HEADER_BYTES;
  return damaged(path, "it is closed and its foot is missing or wrong", SEGMENT_HEADER_BYTES, length);
}

function missing(file: string, what: string): RaftError {
  return new RaftError(
    "Damaged",
    "refused",
    `${file}: ${what}. Keep the directory for inspection, and let this node rejoin with an empty one.`,
    { file, offset: 0, length: 0 },
  );
}
