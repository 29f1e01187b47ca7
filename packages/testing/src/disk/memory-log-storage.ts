import {
  blockBytes,
  type ClusterId,
  type LogBlock,
  type LogIndex,
  type LogStorage,
  type LogWrite,
  type OpenedLog,
  type OpenLog,
  openBlock,
  RaftError,
} from "@hexraft/core/ports";
import { crc32 } from "../time/crc32.js";
import { endsAfter, type LogEnds } from "./log-image.js";
import type { MemoryDisk, Mount } from "./memory-disk.js";

/** A LogStorage over a {@link MemoryDisk}: one life of it. */
export class MemoryLogStorage implements LogStorage {
  private mount: Mount | undefined;
  private ends: LogEnds = { base: { index: 0, term: 0 }, lastIndex: 0 };
  private closed = false;

  /** A new life of `disk`, not opened yet. */
  constructor(private readonly disk: MemoryDisk) {}

  /** Opens the disk; the start number goes up by one (T11). */
  async open(request: OpenLog): Promise<OpenedLog> {
    const { disk } = this;
    const { identity } = disk;
    for (const field of ["nodeId", "groupId"] as const) {
      if (identity !== undefined && identity[field] !== request[field])
        throw identityMismatch(field, identity[field], request[field]);
    }
    const mount = disk.mount();
    if (mount === undefined)
      throw new RaftError("DirectoryLocked", "refused", "the memory disk is open already: close or crash it first");
    this.mount = mount;
    mount.watcher = request.watcher;
    const { nodeId, groupId, newDirectoryId, newIncarnation } = request;
    const known = identity ?? { nodeId, groupId, directoryId: newDirectoryId, incarnation: newIncarnation };
    disk.identity = known;
    disk.startNumber++;
    const { image } = disk;
    this.ends = image.ends;
    return {
      clusterId: disk.clusterId,
      directoryId: known.directoryId,
      incarnation: known.incarnation,
      startNumber: disk.startNumber,
      hardState: image.hardState,
      commitHint: image.commitHint,
      base: image.base,
      last: image.last,
      runs: image.runs(),
      configurationIndices: image.configurationIndices(),
      ...(image.holes.length > 0 && { holes: image.holes }),
      cut: "",
    };
  }

  /** Writes down the cluster (M13). */
  async adopt(clusterId: ClusterId): Promise<void> {
    const refused = this.refusal();
    if (refused !== undefined) return refused;
    const { disk } = this;
    if (disk.clusterId !== "" && disk.clusterId !== clusterId)
      throw identityMismatch("clusterId", disk.clusterId, clusterId);
    await disk.writes.enqueue(() => {
      disk.clusterId = clusterId;
    });
  }

  /** Queues one write; resolves when it is on the disk. */
  write(write: LogWrite): Promise<void> {
    const refused = this.refusal();
    if (refused !== undefined) return refused;
    try {
      this.ends = endsAfter(this.ends, write);
    } catch (error) {
      return Promise.reject(error);
    }
    const { disk } = this;
    const kept = disk.encode && write.blocks !== undefined ? { ...write, blocks: write.blocks.map(recoded) } : write;
    return disk.writes.enqueue(() => disk.image.land(kept));
  }

  /** Blocks that resolved writes hold. */
  async read(from: LogIndex, bytesMax: number): Promise<readonly LogBlock[]> {
    return this.refusal() ?? this.disk.image.read(from, bytesMax);
  }

  /** L03: puts lost entries back, in the order of the writes. */
  repair(blocks: readonly LogBlock[]): Promise<void> {
    const { disk } = this;
    return this.refusal() ?? disk.writes.enqueue(() => disk.image.restore(blocks));
  }

  /** Waits for what is under way, and gives the disk back. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const { mount, disk } = this;
    if (mount === undefined || !mount.alive) return;
    // A dead disk rejects its last writes to their callers; giving it back succeeds all the same.
    await disk.writes.enqueue(() => {}).catch(() => {});
    if (mount.alive) disk.unmount();
  }

  /** What the disk holds. */
  describe(): Readonly<Record<string, unknown>> {
    const { image, writes, startNumber } = this.disk;
    return {
      kind: "memory",
      startNumber,
      base: image.base,
      last: image.last,
      blocks: image.blockCount,
      pendingWrites: writes.pending,
    };
  }

  private refusal(): Promise<never> | undefined {
    if (this.closed) return Promise.reject(new RaftError("Stopped", "refused", "the memory log was closed"));
    if (this.mount === undefined)
      return Promise.reject(new RaftError("NotStarted", "refused", "the memory log was not opened: call open first"));
    return this.mount.alive ? undefined : new Promise(() => {});
  }
}

const recoded = (block: LogBlock): LogBlock => openBlock(blockBytes(block, crc32).slice(), 0, crc32);

const identityMismatch = (field: string, held: string, asked: string): RaftError =>
  new RaftError(
    "IdentityMismatch",
    "refused",
    `the memory disk belongs to ${field} ${held}, not ${asked}: open the disk of ${asked}, or an empty one`,
    { field, held, asked },
  );
