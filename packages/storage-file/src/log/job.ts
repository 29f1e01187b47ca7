import type { LogIndex } from "@hexraft/core/ports";
import type { GroupOperation } from "./record.js";

/** Most bytes that are merged into one batch; a larger single write is a batch of its own. */
const BATCH_BYTES_MAX = 16 * 1024 * 1024;

/** A write that waits for its batch. */
export interface Job {
  readonly operations: readonly GroupOperation[];
  readonly bytes: number;
  readonly compactTo: LogIndex;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Takes as many out of the queue as make one batch, at least one. */
export function takeJobs(queue: Job[]): Job[] {
  let bytes = 0;
  let count = 0;
  for (const job of queue) {
    if (count > 0 && bytes + job.bytes > BATCH_BYTES_MAX) break;
    bytes += job.bytes;
    count++;
  }
  return queue.splice(0, count);
}
