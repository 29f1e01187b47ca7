import { RaftError } from "../../../src/model/errors.js";
import { FRESH_HARD_STATE, type HardState } from "../../../src/model/hard-state.js";
import { EntryType, type LogBlock } from "../../../src/model/log-block.js";
import { LOG_START, type LogId, type TermRun } from "../../../src/model/log-id.js";
import type { SnapshotMeta } from "../../../src/model/snapshot-meta.js";
import type { LogStorage, LogWrite, OpenedLog, OpenLog } from "../../../src/ports/log-storage.js";
import type { SnapshotSink, SnapshotStorage } from "../../../src/ports/snapshot-storage.js";

/** What one replica keeps, across the starts of a test. Small: one replica, no faults but those that a test asks for. */
export class SmallDisk {
  clusterId = "";
  identity: { directoryId: string; incarnation: string } | undefined;
  startNumber = 0;
  hardState: HardState = FRESH_HARD_STATE;
  commitHint = 0;
  base: LogId = LOG_START;
  blocks: LogBlock[] = [];
  snapshots: { meta: SnapshotMeta; bytes: Uint8Array[]; damaged: boolean }[] = [];
  /** The next write fails with this. */
  failNext: Error | undefined;
  /** Writes do not end until {@link SmallDisk.releaseWrites}. */
  holdWrites = false;
  /** Saving a snapshot does not begin before this. */
  holdSnapshots: Promise<void> | undefined;
  private held: (() => void)[] = [];
  /** Adapters that are open at the moment. */
  open = 0;

  get last(): LogId {
    return this.blocks.at(-1)?.lastId ?? this.base;
  }

  releaseWrites(): void {
    this.holdWrites = false;
    for (const release of this.held.splice(0)) release();
  }

  async whileHeld(): Promise<void> {
    if (this.holdWrites) await new Promise<void>((resolve) => this.held.push(resolve));
  }

  logStorage(): LogStorage {
    return new SmallLog(this);
  }

  snapshotStorage(): SnapshotStorage {
    return new SmallSnapshots(this);
  }
}

class SmallLog implements LogStorage {
  private isOpen = false;
  constructor(private readonly disk: SmallDisk) {}

  async open({ newDirectoryId, newIncarnation }: OpenLog): Promise<OpenedLog> {
    const { disk } = this;
    disk.open++;
    this.isOpen = true;
    disk.identity ??= { directoryId: newDirectoryId, incarnation: newIncarnation };
    const runs: TermRun[] = [];
    const configurationIndices: number[] = [];
    for (const block of disk.blocks) {
      if (runs.at(-1)?.term !== block.term) runs.push({ first: block.first, term: block.term });
      for (let index = block.first; index <= block.last; index++)
        if (block.typeAt(index) === EntryType.configuration) configurationIndices.push(index);
    }
    const { clusterId, hardState, commitHint, base, last } = disk;
    const startNumber = ++disk.startNumber;
    return {
      ...disk.identity,
      clusterId,
      startNumber,
      hardState,
      commitHint,
      base,
      last,
      runs,
      configurationIndices,
      cut: "",
    };
  }

  async adopt(clusterId: string): Promise<void> {
    this.disk.clusterId = clusterId;
  }

  async write(write: LogWrite): Promise<void> {
    const { disk } = this;
    await disk.whileHeld();
    if (disk.failNext !== undefined) throw disk.failNext;
    if (write.hardState !== undefined) disk.hardState = write.hardState;
    if (write.resetTo !== undefined) {
      disk.base = write.resetTo;
      disk.blocks = [];
    }
    const from = write.truncateFrom;
    if (from !== undefined)
      disk.blocks = disk.blocks
        .filter((block) => block.first < from)
        .map((block) => block.slice(block.first, Math.min(block.last, from - 1)));
    for (const block of write.blocks ?? []) disk.blocks.push(block);
    if (write.commitHint !== undefined) disk.commitHint = write.commitHint;
    const { compactTo } = write;
    if (compactTo !== undefined) {
      disk.blocks = disk.blocks
        .filter((block) => block.last > compactTo.index)
        .map((block) => block.slice(Math.max(block.first, compactTo.index + 1), block.last));
      disk.base = compactTo;
    }
  }

  async read(from: number, bytesMax: number): Promise<readonly LogBlock[]> {
    const found: LogBlock[] = [];
    let bytes = 0;
    for (const block of this.disk.blocks) {
      if (block.last < from) continue;
      bytes += block.sizeBytes;
      if (found.length > 0 && bytes > bytesMax) break;
      found.push(block.slice(Math.max(from, block.first), block.last));
    }
    if (found.length === 0) throw new Error(`entry ${from} is not there`);
    return found;
  }

  async close(): Promise<void> {
    if (this.isOpen) this.disk.open--;
    this.isOpen = false;
  }

  describe = () => ({ kind: "small" });
}

class SmallSnapshots implements SnapshotStorage {
  private isOpen = false;
  constructor(private readonly disk: SmallDisk) {}

  async open(): Promise<readonly SnapshotMeta[]> {
    this.disk.open++;
    this.isOpen = true;
    return this.disk.snapshots.map(({ meta }) => meta);
  }

  async begin(meta: SnapshotMeta): Promise<SnapshotSink> {
    const bytes: Uint8Array[] = [];
    await this.disk.holdSnapshots;
    return {
      offset: 0,
      write: async (chunk) => void bytes.push(chunk.slice()),
      commit: async () => {
        const sizeBytes = bytes.reduce((sum, chunk) => sum + chunk.length, 0);
        // The lone node's checksum is no more than this.
        const saved = { ...meta, sizeBytes, checksum: sizeBytes };
        const others = this.disk.snapshots.filter(({ meta: { id } }) => id.index !== meta.id.index);
        this.disk.snapshots = [{ meta: saved, bytes, damaged: false }, ...others].slice(0, 2);
        return saved;
      },
      abort: async () => {},
    };
  }

  async *read({ id }: SnapshotMeta): AsyncGenerator<Uint8Array> {
    const found = this.disk.snapshots.find(({ meta }) => meta.id.index === id.index);
    yield* found?.bytes ?? [];
    if (found?.damaged !== false)
      throw new RaftError("Damaged", "refused", `snapshot ${id.index} has a wrong checksum`);
  }

  async close(): Promise<void> {
    if (this.isOpen) this.disk.open--;
    this.isOpen = false;
  }

  describe = () => ({ kind: "small" });
}
