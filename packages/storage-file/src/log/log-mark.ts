import type { Checksum, FileHandle, FileSystem } from "@hexraft/core/ports";
import { FORMAT_VERSION, getU64, setU64, viewOf } from "../format/bytes.js";
import { codeOf, damaged, NO_ROOM } from "../format/faults.js";
import { writeFully } from "../format/small-file.js";

/*
 * L03: how far the log was durable, written down beside it. The seal of the last batches is in the batches behind them, and a
 * file that was cut short lacks both: only another file can tell that from a write that never ended.
 *
 * Two slots of 512 bytes, written in turn, so that a torn write leaves the older one:
 *   0 u32 magic "HXMK"  4 u16 version  6 u16 0  8 u64 counter  16 u64 segment  24 u64 durable up to  32 u32 checksum of bytes 0–31
 */
const MAGIC = 0x4b4d5848;
const SLOT_BYTES = 512;
const USED_BYTES = 36;

/** A place in the log below which everything was durable. */
export interface DurablePlace {
  readonly segment: number;
  readonly end: number;
}

/** Writes the mark; at most one write is under way. */
export class LogMark {
  private handle: FileHandle | undefined;
  private counter: number;
  private isNamed: boolean;
  private readonly path: string;

  /**
   * @param directory - the log's.
   * @param found - what was read from it when the log was opened.
   */
  constructor(
    private readonly directory: string,
    private readonly files: FileSystem,
    private readonly checksum: Checksum,
    found: FoundMark | undefined,
  ) {
    this.path = markPath(directory);
    this.counter = found?.counter ?? 0;
    this.isNamed = files.size(this.path) >= 0;
  }

  /** Everything below this place is durable. A disk too full for it goes on without; the log will find out by itself (L05). */
  async write({ segment, end }: DurablePlace): Promise<void> {
    const bytes = new Uint8Array(SLOT_BYTES);
    const view = viewOf(bytes);
    const counter = this.counter + 1;
    view.setUint32(0, MAGIC, true);
    view.setUint16(4, FORMAT_VERSION, true);
    setU64(view, 8, counter);
    setU64(view, 16, segment);
    setU64(view, 24, end);
    view.setUint32(32, this.checksum.crc32(bytes.subarray(0, 32)), true);
    try {
      this.handle ??= this.files.open(this.path, { create: true });
      writeFully(this.handle, [bytes], (counter % 2) * SLOT_BYTES);
    } catch (error) {
      if (NO_ROOM.has(codeOf(error) ?? "")) return;
      throw error;
    }
    await this.handle.datasync();
    this.counter = counter;
    if (this.isNamed) return;
    await this.files.syncDirectory(this.directory);
    this.isNamed = true;
  }

  close(): void {
    this.handle?.close();
  }
}

/** What {@link readMark} found. */
export interface FoundMark extends DurablePlace {
  readonly counter: number;
}

/** The newest mark; `undefined` if there is none, or none that is whole: it proves much, but nothing rests on it. */
export function readMark(directory: string, files: FileSystem, checksum: Checksum): FoundMark | undefined {
  const path = markPath(directory);
  if (files.size(path) < 0) return undefined;
  const bytes = new Uint8Array(2 * SLOT_BYTES);
  const handle = files.open(path, { readOnly: true });
  try {
    handle.read(bytes, 0);
  } finally {
    handle.close();
  }
  const slots = [slotAt(bytes, 0, checksum), slotAt(bytes, SLOT_BYTES, checksum)];
  return slots.reduce((a, b) => ((b?.counter ?? 0) > (a?.counter ?? 0) ? b : a));
}

function slotAt(bytes: Uint8Array, at: number, checksum: Checksum): FoundMark | undefined {
  const slot = bytes.subarray(at, at + USED_BYTES);
  const view = viewOf(slot);
  const isWhole =
    view.getUint32(0, true) === MAGIC && view.getUint32(32, true) === checksum.crc32(slot.subarray(0, 32));
  if (!isWhole || view.getUint16(4, true) !== FORMAT_VERSION) return undefined;
  return { counter: getU64(view, 8), segment: getU64(view, 16), end: getU64(view, 24) };
}

/** @throws RaftError `Damaged` if the log ends before the mark. */
export function holdToMark(
  mark: DurablePlace | undefined,
  last: DurablePlace,
  pathOf: (segment: number) => string,
): void {
  if (mark === undefined || last.segment > mark.segment) return;
  if (last.segment === mark.segment && last.end >= mark.end) return;
  const offset = last.segment === mark.segment ? last.end : 0;
  throw damaged(pathOf(mark.segment), "they were durable, and they are not there", offset, mark.end - offset);
}

const markPath = (directory: string): string => `${directory}/mark`;
