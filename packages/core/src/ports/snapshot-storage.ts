import type { SnapshotMeta } from "../model/snapshot-meta.js";
import { token } from "./token.js";

/**
 * Keeps snapshots, the newest two (S02). A snapshot either is there whole, with a right checksum, or is not there.
 * Proved by the SnapshotStorage laws of `@hexraft/testing/conformance`.
 */
export interface SnapshotStorage {
  /** Opens it, removes what a crash left half done, and lists what is there, newest first. Called once, first. */
  open(): Promise<readonly SnapshotMeta[]>;
  /**
   * Begins to save a snapshot. Of two under way at once neither disturbs the other (F-S10).
   * `meta.sizeBytes` and `meta.checksum` are ignored for `kind: 'local'` and demanded for `kind: 'received'`, where
   * the sink goes on at the offset that an earlier, broken transfer of the same snapshot reached.
   */
  begin(meta: SnapshotMeta, kind: "local" | "received"): Promise<SnapshotSink>;
  /**
   * The bytes of a snapshot listed or committed, from `offset` on, in chunks of at most 1 MiB. A chunk belongs to the caller.
   * Its whole checksum is verified by the time the last chunk is handed out; a wrong one throws RaftError `Damaged` (S09).
   *
   * @param heldBytesMax - if given, the caller looks at no more than the last so many bytes of what it took once it asks for more,
   * and what stood before them may be overwritten: a storage that fills the same memory again spares the collector a gigabyte.
   */
  read(meta: SnapshotMeta, offset: number, heldBytesMax?: number): AsyncIterable<Uint8Array>;
  /** Gives everything back. Idempotent. */
  close(): Promise<void>;
  /** Facts for an operator (O01). */
  describe(): Readonly<Record<string, unknown>>;
}
/** DI token of the port. */
export const SnapshotStorage = token<SnapshotStorage>("SnapshotStorage");

/** Takes the bytes of one snapshot. After `commit` or `abort` it is spent. */
export interface SnapshotSink {
  /** Bytes it already holds: 0, or where a broken transfer of the same snapshot ended. */
  readonly offset: number;
  /** Takes the next bytes; resolves when more may come (flow control). The bytes are the caller's again afterwards. */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Makes it durable under its final name and drops the third newest. Resolves with the true size and checksum.
   *
   * @throws RaftError `Damaged` if a received one does not match its meta; it is removed then.
   */
  commit(): Promise<SnapshotMeta>;
  /** Gives it up. `keepPartial`: what a received one holds may be resumed by a later `begin`. */
  abort(keepPartial: boolean): Promise<void>;
}
