import type { ConfigurationEntry } from "./configuration.js";
import type { LogId } from "./log-id.js";

/** S01: what a snapshot stands for. Its stream holds the session table and the state machine's bytes. */
export interface SnapshotMeta {
  /** The last entry it includes. */
  readonly id: LogId;
  /** The newest configuration at or below that entry, with its own place; joint or not. */
  readonly configuration: ConfigurationEntry;
  /** C03 log time of the last entry, ms. */
  readonly logTimeMs: number;
  /** F05: format of the state machine's bytes, as it reported when opened. Whole number ≥ 1. */
  readonly formatVersion: number;
  /** Bytes of the stream. Known once saved. */
  readonly sizeBytes: number;
  /** CRC-32 over the whole stream. Known once saved. */
  readonly checksum: number;
}
