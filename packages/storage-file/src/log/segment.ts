import type { FileHandle, FileSystem, LogIndex } from "@hexraft/core/ports";
import { type PlacedOperation, RecordKind } from "./record.js";
import { SEGMENT_HEADER_BYTES } from "./segment-header.js";

/** At most one entry of the sparse index in this many bytes of a segment. */
const SAMPLE_EVERY_BYTES = 64 * 1024;

/** Where the block that begins with `index` stands. */
export interface Sample {
  readonly index: LogIndex;
  readonly offset: number;
}

/** At this place of the segment all entries from `from` on became void. */
export interface Cut {
  readonly offset: number;
  readonly from: LogIndex;
}

/** What is kept in memory of one segment file, open or closed. */
export class Segment {
  /** Where the next batch goes; in a closed segment, where its batches end. */
  end = SEGMENT_HEADER_BYTES;
  /** L03: bytes up to here belong to nobody and are not written over: a crash must find again what they say. */
  keptTo = 0;
  /** Entries from this one on are in this segment or in later ones; the ones before it are in earlier ones. */
  low: LogIndex = Number.MAX_SAFE_INTEGER;
  cuts: Cut[] = [];
  samples: Sample[] = [];
  /** What was read last: whoever reads on, piece by piece, begins there, and not at the sample before it. */
  lastRead: Sample | undefined;
  /**
   * The block noted last: whoever opens a log asks for the last one, and finds it without the way there. After a cut it lies beyond the
   * log's end until another one is noted.
   */
  private newest: Sample | undefined;
  /** Has its foot: nothing is written to it any more. */
  closed = false;
  /** Bytes of the file, as far as this process knows: batches and what is laid out behind them. */
  size = 0;
  private reads = 0;
  private retired = false;
  private opened: FileHandle | undefined;

  constructor(
    readonly number: number,
    readonly generation: number,
    readonly path: string,
    private readonly files: FileSystem,
  ) {}

  get handle(): FileHandle {
    this.opened ??= this.files.open(this.path, {});
    return this.opened;
  }

  /** Reads are under way: the file may be removed, but not used again for a new segment. */
  get beingRead(): boolean {
    return this.reads > 0;
  }

  /** Runs a read; the file stays open until it ends, even if the segment is dropped meanwhile. */
  async reading<T>(read: () => Promise<T>): Promise<T> {
    this.reads++;
    try {
      return await read();
    } finally {
      this.reads--;
      if (this.retired) this.close();
    }
  }

  /** Gives the file back as soon as nobody reads it. */
  close(): void {
    this.retired = true;
    if (this.reads > 0) return;
    this.opened?.close();
    this.opened = undefined;
  }

  /** Takes in what a batch of this segment holds. */
  note(placed: readonly PlacedOperation[]): void {
    for (const { operation, offset } of placed) {
      if (operation.kind === RecordKind.block) {
        const latest = this.samples.at(-1);
        this.newest = { index: operation.block.first, offset };
        if (latest === undefined || offset - latest.offset >= SAMPLE_EVERY_BYTES) this.samples.push(this.newest);
      } else if (operation.kind === RecordKind.tail && this.low === Number.MAX_SAFE_INTEGER)
        this.low = operation.id.index + 1;
      else if (operation.kind === RecordKind.truncate) this.cut(operation.index, offset);
      else if (operation.kind === RecordKind.reset) {
        this.cut(0, offset);
        this.low = operation.id.index + 1;
      }
    }
  }

  /** Last entry of a block standing at `offset` that no later record of this segment made void, given its last one. */
  validTo(offset: number, last: LogIndex): LogIndex {
    let valid = last;
    for (const cut of this.cuts) if (cut.offset > offset) valid = Math.min(valid, cut.from - 1);
    return valid;
  }

  /** Where to begin to look for `index`. */
  placeOf(index: LogIndex): number {
    let low = 0;
    let high = this.samples.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.samples[middle] as Sample).index <= index) low = middle + 1;
      else high = middle;
    }
    let place = this.samples[low - 1]?.offset ?? SEGMENT_HEADER_BYTES;
    for (const known of [this.lastRead, this.newest])
      if (known !== undefined && known.index <= index) place = Math.max(place, known.offset);
    return place;
  }

  private cut(from: LogIndex, offset: number): void {
    this.cuts.push({ offset, from });
    this.low = Math.min(this.low, from);
    while ((this.samples.at(-1)?.index ?? -1) >= from) this.samples.pop();
    if (this.lastRead !== undefined && this.lastRead.index >= from) this.lastRead = undefined;
  }
}
