import type { Checksum } from "@hexraft/core/ports";
import { BATCH_HEADER_BYTES, type BatchHeader, readBatchHeader } from "../log/batch.js";
import { readBatch } from "../log/batch-reader.js";
import { FileWindow } from "../log/file-window.js";
import type { PlacedOperation } from "../log/record.js";
import type { Segment } from "../log/segment.js";

/** A batch that is whole. */
export interface WholeBatch {
  readonly head: BatchHeader;
  readonly placed: readonly PlacedOperation[];
}

/** Bytes between whole batches, or behind the last one. */
export interface Hole {
  readonly offset: number;
  readonly end: number;
  readonly what: string;
  /** Bytes of this segment's own are in it: a head of a batch that is not whole. */
  readonly isTorn: boolean;
}

/**
 * Every whole batch of a segment up to `end`, whatever is wrong between them, and the holes: batches begin at multiples of 64
 * bytes and name their place, so that they are found again behind a hole.
 */
export async function* walkSegment(
  segment: Segment,
  begin: number,
  end: number,
  checksum: Checksum,
): AsyncGenerator<WholeBatch | Hole> {
  const window = new FileWindow(segment.handle, Math.min(end, segment.handle.size()));
  let hole: Hole | undefined;
  let at = begin;
  while (at < window.size) {
    if (!window.holds(at, BATCH_HEADER_BYTES)) await window.fetch(at, BATCH_HEADER_BYTES);
    const head = readBatchHeader(window, at, segment, checksum);
    const read =
      head === undefined ? "no batch begins there" : await readBatch(window, head, segment, undefined, checksum);
    const lost = typeof read === "string" ? undefined : read.placed.find(({ isLost }) => isLost);
    const whole = lost === undefined ? read : `a block in it is damaged at ${lost.offset}`;
    if (head === undefined || typeof whole === "string") {
      const what = typeof whole === "string" ? whole : "no batch begins there";
      hole = hole ?? { offset: at, end: at, what, isTorn: head !== undefined };
      at += BATCH_HEADER_BYTES;
      continue;
    }
    if (hole !== undefined) yield { ...hole, end: at };
    hole = undefined;
    yield { head, placed: whole.placed };
    at += head.length;
  }
  if (hole !== undefined) yield { ...hole, end };
  else if (at < end) yield { offset: at, end, what: "the file is cut short", isTorn: false };
}
