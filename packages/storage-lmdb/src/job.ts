import type { ClusterId, LogWrite } from "@hexraft/core/ports";

/** A write that was asked for and is not durable yet. */
export interface Job {
  readonly write: LogWrite;
  /** M13: the cluster to adopt. */
  readonly clusterId?: ClusterId;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** A transaction takes as many writes as fit; one that is larger alone has one of its own. */
const TRANSACTION_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Takes the jobs of the next transaction from the queue. What removes blocks looks at those that are there, so it must come
 * first: only appends may follow it.
 */
export function takeJobs(queue: Job[]): readonly Job[] {
  let count = 0;
  let bytes = 0;
  for (const { write } of queue) {
    for (const block of write.blocks ?? []) bytes += block.sizeBytes;
    const removes = write.resetTo !== undefined || write.truncateFrom !== undefined || write.compactTo !== undefined;
    if (count > 0 && (removes || bytes > TRANSACTION_BYTES_MAX)) break;
    count++;
  }
  return queue.splice(0, count);
}
