import { type BackupAbout, backupBytesOf } from "../components/backup-layout.js";
import { backupBytes } from "../components/backup-stream.js";
import { noState, WitnessState } from "../components/witness-state.js";
import type { CallOptions } from "./call-options.js";
import type { Terms } from "./desk-memory.js";
import type { NodePorts } from "./node-ports.js";
import type { Replica } from "./replica.js";

/** Options of {@link Node.backup}. */
export interface BackupOptions extends CallOptions {
  /**
   * What must be in it: all that was acknowledged anywhere before the call (Q01), or whatever this node has applied. The
   * latter is for a node that cannot reach a quorum. Default `linearizable`. The deadline is that of asking the quorum.
   */
  readonly consistency?: "linearizable" | "local";
}

/** F08: a backup that can be taken. */
export interface Backup {
  /** What it holds. */
  readonly about: BackupAbout;
  /** How many bytes come. */
  readonly sizeBytes: number;
  /** The backup, to be read once, now: it comes out of a snapshot on disk, which is kept from the first byte on. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * F08: a snapshot of this replica that holds what was wanted, as a backup. The group goes on meanwhile: the snapshot is one
 * that would have been saved some time anyway (S01, S08), and a slow reader holds a file open, and nothing else.
 */
export async function takeBackup(
  { snapshotStorage, stateMachine, checksum, clock }: NodePorts,
  replica: Replica,
  origin: Pick<BackupAbout, "clusterId" | "groupId" | "nodeId">,
  terms: Terms,
  consistency: "linearizable" | "local",
): Promise<Backup> {
  if (stateMachine instanceof WitnessState) throw noState("back up");
  const wanted = consistency === "local" ? 0 : await replica.desk.reads.confirmedIndex(terms);
  let meta = await replica.snapshot();
  // One that was under way began too early; the next one begins now.
  while (meta.id.index < wanted) meta = await replica.snapshot();
  const about: BackupAbout = {
    ...origin,
    id: meta.id,
    logTimeMs: meta.logTimeMs,
    takenAtMs: clock.wall(),
    formatVersion: meta.formatVersion,
    streamBytes: meta.sizeBytes,
    streamChecksum: meta.checksum,
  };
  return {
    about,
    sizeBytes: backupBytesOf(about),
    bytes: backupBytes(about, snapshotStorage.read(meta, 0, 0), checksum),
  };
}
