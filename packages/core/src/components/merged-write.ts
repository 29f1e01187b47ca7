import type { LogBlock } from "../model/log-block.js";
import type { Millis } from "../model/log-id.js";
import type { LogWrite } from "../ports/log-storage.js";
import type { AfterPersist, Persist } from "../protocol/effect.js";

/** A merged write grows no larger than this, so that the callers of its first entry do not wait for a flood behind them. Bytes. */
export const MERGED_WRITE_BYTES_MAX = 4 * 1024 * 1024;

type Draft = { -readonly [Field in keyof LogWrite]: LogWrite[Field] };

/** One storage write, and the Persists that it carries out. */
export interface MergedWrite {
  readonly write: Draft;
  readonly then: AfterPersist[];
  bytes: number;
  blocks: LogBlock[] | undefined;
  /** A barrier alone needs no storage. */
  hasContent: boolean;
  lastNumber: number;
  /** When the storage was given it; monotonic, ms; 0 before. */
  beganMs: Millis;
}

/** What takes effect before the appended blocks begins a write of its own; the newest hard state and hint are enough. */
export function mayJoin(merged: MergedWrite, order: Persist): boolean {
  const reorders = order.resetTo !== undefined || order.truncateFrom !== undefined || order.compactTo !== undefined;
  return !reorders && merged.bytes < MERGED_WRITE_BYTES_MAX;
}

/** The write of one order, so far. */
export function beginWrite(order: Persist): MergedWrite {
  const merged: MergedWrite = {
    write: {},
    then: [],
    bytes: 0,
    blocks: undefined,
    hasContent: false,
    lastNumber: 0,
    beganMs: 0,
  };
  if (order.resetTo !== undefined) merged.write.resetTo = order.resetTo;
  if (order.truncateFrom !== undefined) merged.write.truncateFrom = order.truncateFrom;
  if (order.compactTo !== undefined) merged.write.compactTo = order.compactTo;
  merged.hasContent = Object.keys(merged.write).length > 0;
  joinWrite(merged, order);
  return merged;
}

/** One more order in it: what each says is said when all of it is durable. */
export function joinWrite(merged: MergedWrite, order: Persist): void {
  const { write } = merged;
  if (order.hardState !== undefined) {
    write.hardState = order.hardState;
    merged.hasContent = true;
  }
  if (order.commitHint !== undefined) write.commitHint = order.commitHint;
  if (order.blocks !== undefined && order.blocks.length > 0) {
    if (merged.blocks === undefined) write.blocks = merged.blocks = [];
    for (const block of order.blocks) {
      merged.blocks.push(block);
      merged.bytes += block.sizeBytes;
    }
    merged.hasContent = true;
  }
  for (const saying of order.then) merged.then.push(saying);
  merged.lastNumber = order.number;
}
