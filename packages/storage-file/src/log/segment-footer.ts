import type { Checksum, FileHandle, LogIndex, TermRun } from "@hexraft/core/ports";
import { getU64, setU64, viewOf } from "../format/bytes.js";
import { layHardState, readHardState } from "./hard-state-record.js";
import type { LogState } from "./log-state.js";
import type { Cut, Sample, Segment } from "./segment.js";

/*
 * Foot of a closed segment (L02, L09): what recovery would learn by reading the segment. It ends where the file ends:
 *
 *   body:    u64 end of the batches, u64 last batch's number, u32 its checksum, u32 0, u64 next group sequence number,
 *            u64 low, u64 base index, u64 base term, u64 last index, u64 last term, u64 commit hint, hard state (107),
 *            then four lists, each u32 count and pairs of u64 (single u64 for the configurations):
 *            cuts (offset, from), samples (index, offset), runs (first, term), configuration indices
 *   trailer: u32 magic "HXFT"  u32 body length  u64 segment  u32 generation  u32 checksum of the body
 *            u32 0             u32 checksum of the trailer's bytes 0–27
 */
const MAGIC = 0x54465848;
const TRAILER_BYTES = 32;
const FIXED_BYTES = 88 + 107;

/** The chain of batches, as it stands after the last one. */
export interface Chain {
  /** Number of the last batch, 0 if there was none. */
  readonly number: number;
  /** Its checksum, which the next one repeats. */
  readonly checksum: number;
  /** Group sequence number of the next record. */
  readonly sequence: number;
}

/** A foot as a value. */
export interface Footer {
  readonly end: number;
  readonly low: LogIndex;
  readonly chain: Chain;
  readonly cuts: Cut[];
  readonly samples: Sample[];
  /** Brings the state from before this segment to after it. */
  advance(state: LogState): void;
}

/** Lays down the foot of a segment that ends with `state` and `chain`. */
export function layFooter(segment: Segment, state: LogState, chain: Chain, checksum: Checksum): Uint8Array {
  const runs = runsFrom(state, segment.low);
  const configurations = state.configurationIndices.filter((index) => index >= segment.low);
  const pairs: readonly (readonly (readonly [number, number])[])[] = [
    segment.cuts.map(({ offset, from }) => [offset, from] as const),
    segment.samples.map(({ index, offset }) => [index, offset] as const),
    runs.map(({ first, term }) => [first, term] as const),
  ];
  const lists = pairs.reduce((size, list) => size + 4 + 16 * list.length, 4 + 8 * configurations.length);
  const length = FIXED_BYTES + lists;
  const bytes = new Uint8Array(length + TRAILER_BYTES);
  const view = viewOf(bytes);
  setU64(view, 0, segment.end);
  setU64(view, 8, chain.number);
  view.setUint32(16, chain.checksum, true);
  setU64(view, 24, chain.sequence);
  const marks = [segment.low, state.base.index, state.base.term, state.last.index, state.last.term, state.commitHint];
  marks.forEach((value, i) => setU64(view, 32 + 8 * i, value));
  layHardState(view, 88, state.hardState);
  let at = FIXED_BYTES;
  for (const list of pairs) {
    view.setUint32(at, list.length, true);
    at += 4;
    for (const [a, b] of list) {
      setU64(view, at, a);
      setU64(view, at + 8, b);
      at += 16;
    }
  }
  view.setUint32(at, configurations.length, true);
  configurations.forEach((index, i) => setU64(view, at + 4 + 8 * i, index));
  view.setUint32(length, MAGIC, true);
  view.setUint32(length + 4, length, true);
  setU64(view, length + 8, segment.number);
  view.setUint32(length + 16, segment.generation, true);
  view.setUint32(length + 20, checksum.crc32(bytes.subarray(0, length)), true);
  view.setUint32(length + 28, checksum.crc32(bytes.subarray(length, length + 28)), true);
  return bytes;
}

/** The foot of a file; `undefined` if it has none that is whole and this segment's own, as after a crash while it was written. */
export function readFooter(segment: Segment, handle: FileHandle, checksum: Checksum): Footer | undefined {
  const size = handle.size();
  const trailer = new Uint8Array(TRAILER_BYTES);
  if (size < TRAILER_BYTES || handle.read(trailer, size - TRAILER_BYTES) < TRAILER_BYTES) return undefined;
  const tail = viewOf(trailer);
  if (tail.getUint32(0, true) !== MAGIC || checksum.crc32(trailer.subarray(0, 28)) !== tail.getUint32(28, true))
    return undefined;
  if (getU64(tail, 8) !== segment.number || tail.getUint32(16, true) !== segment.generation) return undefined;
  const length = tail.getUint32(4, true);
  const at = size - TRAILER_BYTES - length;
  if (length < FIXED_BYTES || at < 0) return undefined;
  const body = new Uint8Array(length);
  if (handle.read(body, at) < length || checksum.crc32(body) !== tail.getUint32(20, true)) return undefined;
  const foot = footerOf(body);
  // Batches stand before it; whoever looked for them up to an end beyond the file would never come back.
  return foot === undefined || foot.end > at ? undefined : foot;
}

/** Bytes of the foot that {@link readFooter} found in this file. */
export function footBytes(handle: FileHandle): number {
  const trailer = new Uint8Array(TRAILER_BYTES);
  handle.read(trailer, handle.size() - TRAILER_BYTES);
  return TRAILER_BYTES + viewOf(trailer).getUint32(4, true);
}

function footerOf(body: Uint8Array): Footer | undefined {
  const view = viewOf(body);
  const marks = Array.from({ length: 6 }, (_, i) => getU64(view, 32 + 8 * i));
  const [low = 0, baseIndex = 0, baseTerm = 0, lastIndex = 0, lastTerm = 0, commitHint = 0] = marks;
  const hardState = readHardState(view, 88);
  let at = FIXED_BYTES;
  const list = <T>(width: number, item: (at: number) => T): T[] => {
    const count = view.getUint32(at, true);
    const from = at + 4;
    at = from + count * width;
    return Array.from({ length: count }, (_, i) => item(from + i * width));
  };
  const cuts = list(16, (i): Cut => ({ offset: getU64(view, i), from: getU64(view, i + 8) }));
  const samples = list(16, (i): Sample => ({ index: getU64(view, i), offset: getU64(view, i + 8) }));
  const runs = list(16, (i): TermRun => ({ first: getU64(view, i), term: getU64(view, i + 8) }));
  const configurations = list(8, (i): LogIndex => getU64(view, i));
  const { term, recoveryNumber, removedAt } = hardState;
  const numbers = [...marks, term, recoveryNumber, removedAt, ...configurations, ...runs.map(({ first }) => first)];
  // Counting on from a number beyond 2⁵³ comes back to itself: the records themselves have to say what the file holds.
  if (!numbers.every(Number.isSafeInteger)) return undefined;
  return {
    end: getU64(view, 0),
    low,
    chain: { number: getU64(view, 8), checksum: view.getUint32(16, true), sequence: getU64(view, 24) },
    cuts,
    samples,
    advance: (state) => {
      state.truncate(low);
      const base = { index: baseIndex, term: baseTerm };
      if (base.index < state.base.index) state.reset(base);
      else state.compact(base);
      const first = runs[0];
      // A run that goes on across the border is one run.
      const joins =
        first !== undefined && state.runs.at(-1)?.term === first.term && state.last.index === first.first - 1;
      state.runs.push(...(joins ? runs.slice(1) : runs));
      state.configurationIndices.push(...configurations);
      state.last = { index: lastIndex, term: lastTerm };
      state.commitHint = commitHint;
      state.hardState = hardState;
    },
  };
}

function runsFrom(state: LogState, low: LogIndex): TermRun[] {
  if (low > state.last.index) return [];
  const first = Math.max(low, state.base.index + 1);
  if (first > state.last.index) return [];
  return [{ first, term: state.termAt(first) }, ...state.runs.filter((run) => run.first > first)];
}
