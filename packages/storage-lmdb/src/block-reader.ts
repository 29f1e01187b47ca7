import { type Checksum, type LogBlock, type LogIndex, openBlock, RaftError, verifyBlock } from "@hexraft/core/ports";
import type { Database } from "./database.js";
import { damaged } from "./faults.js";

/** Blocks of the log in order, from the one that holds `from` on. */
export function* readBlocks(
  database: Database,
  range: { readonly from: LogIndex; readonly to: LogIndex },
  path: string,
  checksum: Checksum,
): Generator<LogBlock, void> {
  let { from } = range;
  let stored = database.blockAt(from);
  while (from <= range.to) {
    if (stored === undefined) throw damaged(path, `entry ${from} is missing`, { index: from });
    const block = openStored(stored, from, path, checksum);
    yield block.first < from ? block.slice(from, block.last) : block;
    from = block.last + 1;
    const bytes = from <= range.to ? database.blockFrom(from) : undefined;
    stored = bytes === undefined ? undefined : { first: from, bytes };
  }
}

/**
 * The block of those bytes, whole and in its place.
 *
 * @throws RaftError `Damaged` if a checksum is wrong, or if it does not begin where it is filed or does not hold `index`.
 */
export function openStored(
  { first, bytes }: { readonly first: LogIndex; readonly bytes: Uint8Array },
  index: LogIndex,
  path: string,
  checksum: Checksum,
): LogBlock {
  try {
    const block = openBlock(bytes, 0, checksum);
    verifyBlock(block, checksum);
    if (block.first === first && block.last >= index) return block;
  } catch (error) {
    if (!(error instanceof RaftError)) throw error;
    throw damaged(path, `the block of entry ${index}: ${error.message}`, { index, first });
  }
  throw damaged(path, `entry ${index} is not in the block filed under ${first}`, { index, first });
}

/** As much of the beginning of a block as fits, its first entry at least (R10). */
export function fitting(block: LogBlock, bytesMax: number): LogBlock {
  let to = block.first;
  while (to < block.last && block.sizeUpTo(to + 1) <= bytesMax) to++;
  return block.slice(block.first, to);
}
