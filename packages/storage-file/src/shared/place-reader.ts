import {
  blockBytes,
  type Checksum,
  type LogBlock,
  type LogIndex,
  openBlock,
  RaftError,
  verifyBlock,
} from "@hexraft/core/ports";
import { damaged, messageOf } from "../format/faults.js";
import { FileWindow } from "../log/file-window.js";
import { RECORD_HEADER_BYTES } from "../log/record.js";
import { readRecord } from "../log/record-reader.js";
import type { Place } from "./group-log.js";

/** Bytes fetched at once: blocks of one group often stand behind one another. */
const FETCH_BYTES = 64 * 1024;

/** A window that is kept for a view of it must not be more than this many times as long as the view. */
const PIN_FACTOR_MAX = 2;

/** The blocks at these places from entry `from` on, as many as fit and at least one; checked against damage end to end. */
export async function readPlaces(
  places: readonly Place[],
  from: LogIndex,
  bytesMax: number,
  checksum: Checksum,
): Promise<LogBlock[]> {
  const blocks: LogBlock[] = [];
  let left = bytesMax;
  let window: FileWindow | undefined;
  let windowOf: Place["segment"] | undefined;
  for (const place of places) {
    if (blocks.length > 0 && left <= 0) break;
    const { segment } = place;
    if (window === undefined || windowOf !== segment) window = new FileWindow(segment.handle, segment.end, FETCH_BYTES);
    windowOf = segment;
    const source = window;
    const whole = await segment.reading(() => readPlace(source, place, checksum));
    const block = whole.slice(Math.max(place.first, from), place.last);
    if (blocks.length > 0 && block.sizeBytes > left) break;
    blocks.push(block);
    left -= block.sizeBytes;
  }
  return blocks;
}

/** Who keeps a block shall not keep the whole window with it: one that is much smaller is copied out of it, once. */
function unpinned(block: LogBlock, checksum: Checksum): LogBlock {
  const bytes = blockBytes(block, checksum);
  return bytes.buffer.byteLength <= PIN_FACTOR_MAX * bytes.length ? block : openBlock(bytes.slice(), 0, checksum);
}

async function readPlace(window: FileWindow, place: Place, checksum: Checksum): Promise<LogBlock> {
  const { segment, offset, bytes } = place;
  const length = RECORD_HEADER_BYTES + bytes;
  try {
    if (!window.holds(offset, length)) await window.fetch(offset, length);
    const { operation } = readRecord(window, offset, segment, checksum, false, true);
    if (!("block" in operation)) throw damaged(segment.path, "no block is there", offset, length);
    verifyBlock(operation.block, checksum);
    return unpinned(operation.block, checksum);
  } catch (error) {
    if (error instanceof RaftError && error.details["file"] !== undefined) throw error;
    throw damaged(segment.path, messageOf(error), offset, length);
  }
}
