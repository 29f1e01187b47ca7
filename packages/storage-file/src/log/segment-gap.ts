import type { Checksum } from "@hexraft/core/ports";
import { BATCH_HEADER_BYTES, type BatchHeader, readBatchHeader } from "./batch.js";
import { readBatch, type ScannedBatch } from "./batch-reader.js";
import type { FileWindow } from "./file-window.js";
import { LogState } from "./log-state.js";
import { type PlacedOperation, RecordKind } from "./record.js";
import type { Segment } from "./segment.js";

/*
 * What can still be known of a log across bytes that were durable and are wrong (L03, L12). They may have held anything: entries,
 * truncations, a vote. But now and then a batch says anew where the log stood: its base, its hard state and its end.
 */

/** A way across wrong bytes: behind them the log is known again. */
export interface Crossing {
  /** Where the wrong bytes end. */
  readonly end: number;
  /** Records of the batches between them and the one that says where the log stood; `undefined` if more is wrong there. */
  readonly between: readonly PlacedOperation[] | undefined;
  /** The batch that says it, and what it holds. */
  readonly head: BatchHeader;
  readonly batch: ScannedBatch;
  /** The log as it stood then, without its entries. */
  readonly standing: LogState;
}

/**
 * Looks for one behind wrong bytes that begin at `from`.
 *
 * @param after - number of the last batch before them.
 * @returns `undefined` if nothing says that they were durable, or nothing behind them where the log stood.
 */
export async function crossGap(
  window: FileWindow,
  segment: Segment,
  from: number,
  after: number,
  checksum: Checksum,
): Promise<Crossing | undefined> {
  const liveHeadAt = async (at: number): Promise<BatchHeader | undefined> => {
    if (!window.holds(at, BATCH_HEADER_BYTES)) await window.fetch(at, BATCH_HEADER_BYTES);
    const head = readBatchHeader(window, at, segment, checksum);
    return head !== undefined && head.number > after ? head : undefined;
  };
  let end = 0;
  let between: PlacedOperation[] | undefined = [];
  let previous: BatchHeader | undefined;
  // A batch that is wrong may bear payloads that look like others: its head, if that is intact, leads past them.
  let at = from + ((await liveHeadAt(from))?.length ?? BATCH_HEADER_BYTES);
  while (at < window.size) {
    const head = await liveHeadAt(at);
    const isProof = head !== undefined && head.sealedUpTo > from;
    const batch = isProof ? await readBatch(window, head, segment, undefined, checksum) : "";
    at += isProof ? head.length : BATCH_HEADER_BYTES;
    if (!isProof || typeof batch === "string" || batch.isLost) {
      if (end > 0) between = undefined;
      continue;
    }
    if (end === 0) end = head.offset;
    const follows =
      previous === undefined || (head.number === previous.number + 1 && head.previous === previous.checksum);
    if (!follows) between = undefined;
    const stands = batch.placed.findIndex(({ operation }) => operation.kind === RecordKind.tail);
    if (stands >= 0) {
      const standing = new LogState();
      for (const { operation } of batch.placed.slice(0, stands + 1)) standing.apply(operation);
      return { end, between, head, batch, standing };
    }
    between?.push(...batch.placed);
    previous = head;
  }
  return undefined;
}
