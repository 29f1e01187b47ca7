import { RaftError } from "../model/errors.js";
import { EntryType, type LogBlock } from "../model/log-block.js";
import type { LogIndex } from "../model/log-id.js";
import { CommandBatch } from "../ports/state-machine.js";

/** One call of the state machine is no larger than this. */
export interface ApplyBounds {
  /** Entries; one block always goes. */
  readonly batchEntriesMax: number;
  /** Bytes; one block always goes. */
  readonly batchBytesMax: number;
}

/** What one call of the state machine gets. */
export interface NextBatch {
  readonly batch: CommandBatch;
  /** The blocks it looks at. */
  readonly taken: readonly LogBlock[];
  /** The block that holds its last entry. */
  readonly lastBlock: LogBlock;
}

/** F05: whether it is a gate: one is always alone in its block, as it was proposed. */
export const isGate = (block: LogBlock): boolean =>
  block.count === 1 && block.typeAt(block.first) === EntryType.versionGate;

/**
 * One call's worth of entries from `from` on, at most up to `upTo`: whole blocks as far as the bounds allow (R14). A gate is
 * alone (F05): what comes behind it may be written in another format.
 *
 * @throws RaftError `Damaged` if the blocks do not hold `from`.
 */
export function nextBatch(
  blocks: readonly LogBlock[],
  from: LogIndex,
  upTo: LogIndex,
  { batchEntriesMax, batchBytesMax }: ApplyBounds,
): NextBatch {
  let begin = 0;
  while (begin < blocks.length && (blocks[begin] as LogBlock).last < from) begin++;
  const first = blocks[begin];
  if (first === undefined || first.first > from)
    throw new RaftError("Damaged", "refused", `The log has a gap: entry ${from} is missing.`, { index: from });
  let end = begin + 1;
  let entries = first.last - from + 1;
  let bytes = first.sizeBytes;
  for (; end < blocks.length && !isGate(first); end++) {
    const block = blocks[end] as LogBlock;
    if (block.first > upTo || isGate(block)) break;
    entries += block.count;
    bytes += block.sizeBytes;
    if (entries > batchEntriesMax || bytes > batchBytesMax) break;
  }
  const taken = begin === 0 && end === blocks.length ? blocks : blocks.slice(begin, end);
  const lastBlock = blocks[end - 1] as LogBlock;
  const batch = new CommandBatch(taken, from, Math.min(lastBlock.last, upTo));
  return { batch, taken, lastBlock };
}
