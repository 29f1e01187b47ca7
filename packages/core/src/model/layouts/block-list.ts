import { badMessage } from "../field-reader.js";
import type { LogBlock } from "../log-block.js";
import type { LogId, Term } from "../log-id.js";
import type { MessageType } from "../message.js";

/** Bytes of all these blocks. */
export const sizeOf = (blocks: readonly LogBlock[]): number => blocks.reduce((sum, block) => sum + block.sizeBytes, 0);

/**
 * §5.3: what follows prev follows it without a gap, terms never fall, and no entry is younger than its leader. A leader
 * that breaks this would put a log into its followers that no leader can ever have had.
 */
export function checkBlocks(
  type: MessageType,
  term: Term,
  prev: LogId,
  blocks: readonly LogBlock[],
  count: number,
  sizeBytes: number,
): void {
  if (blocks.length !== count) throw badMessage(`${type} announces ${count} blocks, and ${blocks.length} came`);
  let index = prev.index;
  let before = prev.term;
  let bytes = 0;
  for (const block of blocks) {
    if (block.first !== index + 1)
      throw badMessage(`a block begins at ${block.first}, and the one before ends at ${index}`);
    if (block.term < before) throw badMessage(`a block of term ${block.term} follows term ${before}`);
    index = block.last;
    before = block.term;
    bytes += block.sizeBytes;
  }
  if (before > term) throw badMessage(`${type} of term ${term} holds an entry of term ${before}`);
  if (bytes !== sizeBytes) throw badMessage(`${type} announces ${sizeBytes} bytes of blocks, and ${bytes} came`);
}
