import type { SnapshotMeta } from "../../src/model/snapshot-meta.js";

/** The bytes of a snapshot on their way, from an offset on; what they say is the entries that it stands for. */
export interface Bytes {
  readonly from: string;
  readonly to: string;
  readonly transfer: number;
  readonly meta: SnapshotMeta;
  readonly offset: number;
  readonly rest: readonly string[];
}

/** What a sink says of a whole snapshot when it is durable: it may come after its transfer was given up. */
export interface Verdict {
  readonly to: string;
  /** The life of the process that will hear it. */
  readonly startNumber: number;
  readonly transfer: number;
  readonly meta: SnapshotMeta;
}
