import { blockBytes, type Checksum, type LogIndex, type LogWrite } from "@hexraft/core/ports";
import { type GroupOperation, type Operation, RecordKind } from "./record.js";

/** A write as records, and where the log ends after it. */
export interface WritePlan {
  readonly operations: readonly GroupOperation[];
  readonly last: LogIndex;
}

/**
 * The records of a write on a log that ends at `end`, in the order in which the parts of a write take effect. A block cut from
 * another one is verified here, before anything is taken in. What is compacted is not among them.
 */
export function planWrite(write: LogWrite, end: LogIndex, checksum: Checksum, group: number): WritePlan {
  const operations: Operation[] = [];
  let last = end;
  if (write.hardState !== undefined) operations.push({ kind: RecordKind.hardState, hardState: write.hardState });
  if (write.resetTo !== undefined) {
    operations.push({ kind: RecordKind.reset, id: write.resetTo });
    last = write.resetTo.index;
  }
  if (write.truncateFrom !== undefined && write.truncateFrom <= last) {
    operations.push({ kind: RecordKind.truncate, index: write.truncateFrom });
    last = write.truncateFrom - 1;
  }
  for (const block of write.blocks ?? []) {
    if (block.first !== last + 1) throw new Error(`a block begins at ${block.first}, but the log ends at ${last}`);
    blockBytes(block, checksum);
    operations.push({ kind: RecordKind.block, block });
    last = block.last;
  }
  if (write.commitHint !== undefined) operations.push({ kind: RecordKind.commitHint, index: write.commitHint });
  return { operations: operations.map((operation) => ({ group, operation })), last };
}
