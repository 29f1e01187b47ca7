import { RaftError, type SnapshotMeta, type SnapshotSink, type SnapshotStorage } from "@hexraft/core/ports";
import { crc32 } from "../time/crc32.js";
import type { MemoryDisk, Mount } from "./memory-disk.js";

/** Bytes of the chunks that `read` hands out. */
export const CHUNK_BYTES = 64 * 1024;

/** A SnapshotStorage over a {@link MemoryDisk}. */
export class MemorySnapshotStorage implements SnapshotStorage {
  private closed = false;

  /** A new life of `disk`, not opened yet. */
  constructor(private readonly disk: MemoryDisk) {}

  /** Lists what is there, newest first. */
  async open(): Promise<readonly SnapshotMeta[]> {
    return this.disk.snapshots.whole.map(({ meta }) => meta);
  }

  /** Begins to save one. */
  async begin(meta: SnapshotMeta, kind: "local" | "received"): Promise<SnapshotSink> {
    if (this.closed) throw spent("the memory snapshot storage was closed");
    const begun = kind === "received" ? this.disk.snapshots.takePartial(meta) : new Uint8Array(0);
    return new MemorySnapshotSink(this.disk, this.disk.currentMount, meta, kind, begun);
  }

  /** The bytes of one, copied, from `offset` on. */
  async *read(meta: SnapshotMeta, offset: number): AsyncIterable<Uint8Array> {
    const stored = this.disk.snapshots.find(meta);
    if (stored === undefined)
      throw new RaftError("Damaged", "refused", `no snapshot at index ${meta.id.index} on this memory disk`, { meta });
    if (crc32.crc32(stored.bytes) !== stored.meta.checksum)
      throw new RaftError("Damaged", "refused", `the snapshot at index ${meta.id.index} has a wrong checksum`, {
        meta,
      });
    for (let at = offset; at < stored.bytes.length; at += CHUNK_BYTES) yield stored.bytes.slice(at, at + CHUNK_BYTES);
  }

  /** Gives it back. */
  async close(): Promise<void> {
    this.closed = true;
  }

  /** What the disk holds. */
  describe(): Readonly<Record<string, unknown>> {
    return { kind: "memory", snapshots: this.disk.snapshots.whole.map(({ meta }) => meta.id) };
  }
}

class MemorySnapshotSink implements SnapshotSink {
  readonly offset: number;
  private readonly chunks: Uint8Array[];
  private done = false;

  constructor(
    private readonly disk: MemoryDisk,
    private readonly mount: Mount | undefined,
    private readonly meta: SnapshotMeta,
    private readonly kind: "local" | "received",
    begun: Uint8Array,
  ) {
    this.offset = begun.length;
    this.chunks = [begun];
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.whileAlive();
    if (this.done) throw spent("the snapshot was committed or aborted already");
    this.chunks.push(chunk.slice());
  }

  async commit(): Promise<SnapshotMeta> {
    await this.whileAlive();
    if (this.done) throw spent("the snapshot was committed or aborted already");
    this.done = true;
    const bytes = joined(this.chunks);
    const meta = { ...this.meta, sizeBytes: bytes.length, checksum: crc32.crc32(bytes) };
    const same = meta.sizeBytes === this.meta.sizeBytes && meta.checksum === this.meta.checksum;
    if (this.kind === "received" && !same)
      throw new RaftError(
        "Damaged",
        "refused",
        `the received snapshot at index ${meta.id.index} has ${meta.sizeBytes} bytes and checksum ${meta.checksum}; ` +
          `${this.meta.sizeBytes} and ${this.meta.checksum} were announced. It was removed: ask for it again`,
        { meta: this.meta },
      );
    this.disk.snapshots.add({ meta, bytes });
    return meta;
  }

  async abort(keepPartial: boolean): Promise<void> {
    await this.whileAlive();
    if (this.done) return;
    this.done = true;
    if (keepPartial && this.kind === "received") this.disk.snapshots.keepPartial(this.meta, joined(this.chunks));
  }

  private whileAlive(): Promise<void> {
    return this.mount === undefined || this.mount.alive ? Promise.resolve() : new Promise(() => {});
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

const spent = (message: string): RaftError => new RaftError("SnapshotFailed", "refused", message);
