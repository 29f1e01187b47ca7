import { blockBytes, type Checksum, type LogBlock, type LogIndex, openBlock, RaftError } from "@hexraft/core/ports";
import { codeOf } from "../format/faults.js";
import { FileWindow } from "../log/file-window.js";
import { RECORD_HEADER_BYTES } from "../log/record.js";
import { readRecord } from "../log/record-reader.js";
import type { Segment } from "../log/segment.js";
import type { Place } from "./group-log.js";

/** Bytes fetched at once: blocks of one group often stand behind one another. */
const FETCH_BYTES = 64 * 1024;

/** A window that is kept for a view of it must not be more than this many times as long as the view. */
const PIN_FACTOR_MAX = 2;

/** What was read of some places. */
export interface PlacesRead {
  readonly blocks: LogBlock[];
  /** L03: the first place whose block turned out to be damaged: nothing behind it was read. */
  readonly lost: Place | undefined;
}

/** The blocks at these places from entry `from` on, as many as fit and at least one; checked against damage end to end. */
export async function readPlaces(
  places: readonly Place[],
  from: LogIndex,
  bytesMax: number,
  checksum: Checksum,
): Promise<PlacesRead> {
  const blocks: LogBlock[] = [];
  let left = bytesMax;
  let latest: SegmentWindow | undefined;
  for (const place of places) {
    if (blocks.length > 0 && left <= 0) break;
    const { segment } = place;
    const before = latest?.segment === segment ? latest : undefined;
    const read = await segment.reading(() => readPlace(before, place, checksum));
    if (read === undefined) return { blocks, lost: place };
    latest = read;
    const block = read.block.slice(Math.max(place.first, from), place.last);
    if (blocks.length > 0 && block.sizeBytes > left) break;
    blocks.push(block);
    left -= block.sizeBytes;
  }
  return { blocks, lost: undefined };
}

/** Who keeps a block shall not keep the whole window with it: one that is much smaller is copied out of it, once. */
function unpinned(block: LogBlock, checksum: Checksum): LogBlock {
  const bytes = blockBytes(block, checksum);
  return bytes.buffer.byteLength <= PIN_FACTOR_MAX * bytes.length ? block : openBlock(bytes.slice(), 0, checksum);
}

interface SegmentWindow {
  readonly segment: Segment;
  readonly window: FileWindow;
}

/** `undefined` if the block is damaged, or the disk does not give it: its file may be gone, if it was copied forward meanwhile. */
async function readPlace(
  before: SegmentWindow | undefined,
  place: Place,
  checksum: Checksum,
): Promise<(SegmentWindow & { readonly block: LogBlock }) | undefined> {
  const { segment, offset, bytes, isLost } = place;
  const length = RECORD_HEADER_BYTES + bytes;
  if (isLost) return undefined;
  try {
    const window = before?.window ?? new FileWindow(segment.handle, segment.end, FETCH_BYTES);
    if (!window.holds(offset, length)) await window.fetch(offset, length);
    const { operation } = readRecord(window, offset, segment, checksum, true, true);
    return "block" in operation ? { segment, window, block: unpinned(operation.block, checksum) } : undefined;
  } catch (error) {
    if (error instanceof RaftError || codeOf(error) !== undefined) return undefined;
    throw error;
  }
}
