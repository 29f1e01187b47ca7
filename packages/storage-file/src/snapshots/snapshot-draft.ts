import { type Checksum, type FileHandle, type FileSystem, RaftError, type SnapshotMeta } from "@hexraft/core/ports";
import { messageOf } from "../format/faults.js";
import { writeFully } from "../format/small-file.js";
import { readFully } from "../log/file-window.js";
import type { LogOwner } from "../log/segment-header.js";
import { CHUNK_BYTES, headerBytesOf, layHeader, layTrailer } from "./snapshot-file.js";

/** What was written is made durable each so many bytes, so that the last sync does not hold up the log's. */
const SYNC_EVERY_BYTES = 4 * 1024 * 1024;

/** A snapshot on its way into a file: the stream first, header and trailer when its length and checksum are known. */
export class SnapshotDraft {
  /** Bytes of the stream so far. */
  size = 0;
  private readonly headerBytes: number;
  private readonly chunks: number[] = [];
  private whole = 0;
  private chunk = 0;
  private synced = 0;

  private constructor(
    readonly path: string,
    private readonly meta: SnapshotMeta,
    private readonly handle: FileHandle,
    private readonly checksum: Checksum,
  ) {
    this.headerBytes = headerBytesOf(meta);
  }

  /** Begins a file, or goes on with one that a broken transfer left. */
  static async open(path: string, meta: SnapshotMeta, files: FileSystem, checksum: Checksum): Promise<SnapshotDraft> {
    const draft = new SnapshotDraft(path, meta, files.open(path, { create: true }), checksum);
    try {
      await draft.takeUp();
    } catch (error) {
      draft.handle.close();
      throw error;
    }
    return draft;
  }

  /** Takes the next bytes. */
  async write(bytes: Uint8Array): Promise<void> {
    writeFully(this.handle, [bytes], this.headerBytes + this.size);
    this.count(bytes);
    if (this.size - this.synced < SYNC_EVERY_BYTES) return;
    await this.handle.datasync();
    this.synced = this.size;
  }

  /** What it amounts to. */
  total(): SnapshotMeta {
    return { ...this.meta, sizeBytes: this.size, checksum: this.whole };
  }

  /** Completes the file; durable under its present name when it resolves. */
  async finish(owner: LogOwner): Promise<void> {
    const chunks = this.size % CHUNK_BYTES === 0 ? this.chunks : [...this.chunks, this.chunk];
    const trailer = layTrailer(chunks, this.checksum);
    writeFully(this.handle, [trailer], this.headerBytes + this.size);
    this.handle.truncate(this.headerBytes + this.size + trailer.length);
    writeFully(this.handle, [layHeader(this.total(), owner, this.checksum)], 0);
    await this.handle.datasync();
  }

  close(): void {
    this.handle.close();
  }

  /** Counts what the file holds already; whether it is right is told by the checksum of the whole, at the end. */
  private async takeUp(): Promise<void> {
    const there = Math.min(this.handle.size() - this.headerBytes, this.meta.sizeBytes);
    while (this.size < there) {
      const bytes = await readFully(
        this.handle,
        this.headerBytes + this.size,
        Math.min(CHUNK_BYTES, there - this.size),
      );
      if (bytes.length === 0) break;
      this.count(bytes);
    }
    this.synced = this.size;
  }

  private count(bytes: Uint8Array): void {
    this.whole = this.checksum.crc32(bytes, this.whole);
    let at = 0;
    while (at < bytes.length) {
      const length = Math.min(bytes.length - at, CHUNK_BYTES - (this.size % CHUNK_BYTES));
      this.chunk = this.checksum.crc32(bytes.subarray(at, at + length), this.chunk);
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
