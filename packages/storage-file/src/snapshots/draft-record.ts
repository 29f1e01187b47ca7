import type { Checksum, FileHandle } from "@hexraft/core/ports";
import { FORMAT_VERSION, getU64, setU64, viewOf } from "../format/bytes.js";
import { writeFully } from "../format/small-file.js";
import { readFully } from "../log/file-window.js";
import { CHUNK_BYTES } from "./snapshot-file.js";

/*
 * How much of a transfer that breaks off is there for certain. Two slots, at 0 and 64 where the header will be, are overwritten in
 * turn, and only after the bytes that they speak of were made durable:
 *
 *   0 u32 magic "HXPR"  4 u16 version  6 u16 0  8 u64 bytes of the stream  16 u32 their checksum
 *  20 u32 checksum of the chunk that has begun  24 u32 checksum of the whole chunks' checksums  28 u32 checksum of all before
 *
 * The checksums of the whole chunks stand already where the finished file has them, behind the stream.
 */
const MAGIC = 0x52505848;
const RECORD_BYTES = 32;
const SLOTS = [0, 64] as const;

/** What a draft holds, durably. */
export interface Held {
  readonly size: number;
  /** CRC-32 of all of it. */
  readonly whole: number;
  /** CRC-32 of the chunk that has begun; 0 if none has. */
  readonly chunk: number;
  /** Those of the chunks before. */
  readonly chunks: readonly number[];
}

const NOTHING: Held = { size: 0, whole: 0, chunk: 0, chunks: [] };

/** Says how far a received draft got. What is told survives a power cut together with what it tells of, or not at all. */
export class DraftRecord {
  private slot = 0;
  private toldChunks = 0;

  constructor(
    private readonly handle: FileHandle,
    /** Where the checksums of chunks begin. */
    private readonly sumsAt: number,
    private readonly checksum: Checksum,
  ) {}

  /** What an earlier transfer left; nothing if no record is whole, or the checksums are not those it speaks of. */
  async read(sizeMax: number): Promise<Held> {
    let best = NOTHING;
    for (const [i, at] of SLOTS.entries()) {
      const held = await this.readSlot(at, sizeMax);
      if (held === undefined || held.size <= best.size) continue;
      best = held;
      this.slot = 1 - i;
    }
    this.toldChunks = best.chunks.length;
    return best;
  }

  /** Tells it; the bytes must be durable already. */
  write({ size, whole, chunk, chunks }: Held): void {
    const sums = sumsOf(chunks);
    const told = 4 * this.toldChunks;
    if (told < sums.length) writeFully(this.handle, [sums.subarray(told)], this.sumsAt + told);
    this.toldChunks = chunks.length;
    const bytes = new Uint8Array(RECORD_BYTES);
    const view = viewOf(bytes);
    view.setUint32(0, MAGIC, true);
    view.setUint16(4, FORMAT_VERSION, true);
    setU64(view, 8, size);
    view.setUint32(16, whole, true);
    view.setUint32(20, chunk, true);
    view.setUint32(24, this.checksum.crc32(sums), true);
    view.setUint32(28, this.checksum.crc32(bytes.subarray(0, 28)), true);
    writeFully(this.handle, [bytes], SLOTS[this.slot] as number);
    this.slot = 1 - this.slot;
  }

  private async readSlot(at: number, sizeMax: number): Promise<Held | undefined> {
    const bytes = await readFully(this.handle, at, RECORD_BYTES);
    if (bytes.length < RECORD_BYTES) return undefined;
    const view = viewOf(bytes);
    if (view.getUint32(0, true) !== MAGIC || view.getUint16(4, true) !== FORMAT_VERSION) return undefined;
    if (view.getUint32(28, true) !== this.checksum.crc32(bytes.subarray(0, 28))) return undefined;
    const size = getU64(view, 8);
    if (size > sizeMax) return undefined;
    const sums = await readFully(this.handle, this.sumsAt, 4 * Math.floor(size / CHUNK_BYTES));
    if (this.checksum.crc32(sums) !== view.getUint32(24, true)) return undefined;
    const chunks = Array.from({ length: sums.length / 4 }, (_, i) => viewOf(sums).getUint32(4 * i, true));
    return { size, whole: view.getUint32(16, true), chunk: view.getUint32(20, true), chunks };
  }
}

function sumsOf(chunks: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * chunks.length);
  const view = viewOf(bytes);
  chunks.forEach((sum, i) => view.setUint32(4 * i, sum, true));
  return bytes;
}
