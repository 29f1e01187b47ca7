import { type Checksum, type FileHandle, type FileSystem, RaftError, type SnapshotMeta } from "@hexraft/core/ports";
import { damaged, messageOf } from "../format/faults.js";
import { writeFully } from "../format/small-file.js";
import { readFully } from "../log/file-window.js";
import type { LogOwner } from "../log/segment-header.js";
import { DraftRecord, type Held } from "./draft-record.js";
import { joinedChecksum } from "./joined-checksum.js";
import { CHUNK_BYTES, headerBytesOf, layHeader, layTrailer } from "./snapshot-file.js";

/**
 * What was written is made durable each so many bytes, so that the last sync does not hold up the log's. One sync is under way
 * while the next bytes come: as many again, and then they wait for it.
 */
const SYNC_EVERY_BYTES = 4 * 1024 * 1024;

/**
 * A snapshot on its way into a file: the stream first, header and trailer when its length and checksum are known. One that
 * comes from another node also says how far it is durable, and can be gone on with from there.
 */
export class SnapshotDraft {
  /** Bytes of the stream so far. */
  size = 0;
  private readonly headerBytes: number;
  private chunks: number[] = [];
  private whole = 0;
  private chunk = 0;
  /** What is durable, or will be by the sync under way. */
  private synced = 0;
  private sync: Promise<void> = Promise.resolve();
  private isClosed = false;
  private proof: Promise<void> = Promise.resolve();
  private rot: RaftError | undefined;

  private constructor(
    readonly path: string,
    private readonly meta: SnapshotMeta,
    private readonly handle: FileHandle,
    private readonly checksum: Checksum,
    private readonly record: DraftRecord | undefined,
  ) {
    this.headerBytes = headerBytesOf(meta);
  }

  /** Begins a file; if it is `resumable`, goes on with what a broken transfer of these very bytes left. */
  static async open(
    path: string,
    meta: SnapshotMeta,
    files: FileSystem,
    checksum: Checksum,
    resumable: boolean,
  ): Promise<SnapshotDraft> {
    const handle = files.open(path, { create: true });
    try {
      const sumsAt = headerBytesOf(meta) + meta.sizeBytes;
      const record = resumable ? new DraftRecord(handle, sumsAt, checksum) : undefined;
      const draft = new SnapshotDraft(path, meta, handle, checksum, record);
      if (record !== undefined) draft.takeUp(await record.read(meta.sizeBytes));
      return draft;
    } catch (error) {
      handle.close();
      throw error;
    }
  }

  /** Takes the next bytes. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.rot !== undefined) throw this.rot;
    writeFully(this.handle, [bytes], this.headerBytes + this.size);
    this.count(bytes);
    if (this.size - this.synced < SYNC_EVERY_BYTES) return;
    await this.sync;
    this.sync = this.makeDurable();
    this.sync.catch(() => {}); // whoever waits for it next is told
  }

  /** What it holds now is durable when it resolves, and the next transfer goes on behind it. */
  async keep(): Promise<void> {
    await this.sync;
    this.sync = this.makeDurable();
    await this.sync;
  }

  /** What it amounts to. */
  total(): SnapshotMeta {
    return { ...this.meta, sizeBytes: this.size, checksum: this.whole };
  }

  /**
   * Completes the file; durable under its present name when it resolves.
   *
   * @throws RaftError `Damaged` if what an earlier transfer left is not what was received then (S05).
   */
  async finish(owner: LogOwner): Promise<void> {
    await this.proof;
    if (this.rot !== undefined) throw this.rot;
    await this.sync;
    const chunks = this.size % CHUNK_BYTES === 0 ? this.chunks : [...this.chunks, this.chunk];
    const trailer = layTrailer(chunks, this.checksum);
    writeFully(this.handle, [trailer], this.headerBytes + this.size);
    this.handle.truncate(this.headerBytes + this.size + trailer.length);
    writeFully(this.handle, [layHeader(this.total(), owner, this.checksum)], 0);
    await this.handle.datasync();
  }

  /** Gives the file back, once nobody reads it any more. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.proof;
    await this.sync.catch(() => {}); // a failure was told by what was asked last
    this.handle.close();
  }

  private async makeDurable(): Promise<void> {
    const { size, whole, chunk, chunks } = this;
    const held = { size, whole, chunk, chunks: [...chunks] };
    this.synced = size;
    await this.handle.datasync();
    this.record?.write(held);
  }

  private takeUp(held: Held): void {
    Object.assign(this, { ...held, chunks: [...held.chunks], synced: held.size });
    // Beside the bytes that follow: reading gigabytes first would look like a receiver that does not answer (R19).
    this.proof = this.prove(held).catch((error: unknown) => {
      this.rot = snapshotFailed(this.path, error);
    });
  }

  /** What was durable may have rotted since; all of it is checked once more before it counts (S05). */
  private async prove({ size, chunk, chunks }: Held): Promise<void> {
    for (let at = 0; at < size && !this.isClosed; at += CHUNK_BYTES) {
      const length = Math.min(CHUNK_BYTES, size - at);
      const bytes = await readFully(this.handle, this.headerBytes + at, length);
      if (bytes.length < length || this.checksum.crc32(bytes) !== (chunks[at / CHUNK_BYTES] ?? chunk))
        throw damaged(this.path, "what an earlier transfer left is not what came", this.headerBytes + at, length);
    }
  }

  private count(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const length = Math.min(bytes.length - at, CHUNK_BYTES - (this.size % CHUNK_BYTES));
      const sum = this.checksum.crc32(bytes.subarray(at, at + length));
      this.chunk = joinedChecksum(this.chunk, sum, length);
      this.whole = joinedChecksum(this.whole, sum, length);
      at += length;
      this.size += length;
      if (this.size % CHUNK_BYTES === 0) {
        this.chunks.push(this.chunk);
        this.chunk = 0;
      }
    }
  }
}

/** What a snapshot that could not be saved is told as. The log is not touched by it. */
export function snapshotFailed(path: string, cause: unknown): RaftError {
  if (cause instanceof RaftError) return cause;
  return new RaftError(
    "SnapshotFailed",
    "refused",
    `${path} could not be written: ${messageOf(cause)}. The log is kept, and the next snapshot tries again; check the disk's free space.`,
    { file: path, cause: messageOf(cause) },
  );
}
