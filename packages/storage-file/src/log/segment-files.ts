import type { Checksum, FileHandle, FileSystem } from "@hexraft/core/ports";
import { codeOf, NO_ROOM } from "../format/faults.js";
import { writeFully } from "../format/small-file.js";
import { Segment } from "./segment.js";
import { checkSegmentHeader, type LogOwner, SEGMENT_HEADER_BYTES, segmentHeader } from "./segment-header.js";

const NAME = /^(\d{16})\.seg$/;
const DRAFT = /\.tmp$/;
/** Most given-up files that wait to be used again. */
const SPARES_MAX = 4;

/** Zeros are laid down in pieces of this size, one at a time, so that no batch on another file waits long behind them. */
const ZEROS = new Uint8Array(1024 * 1024);

/** The files of one log directory: made, written ahead, used again, removed. */
export class SegmentFiles {
  /** How many segments were laid over a file used before. */
  recycled = 0;
  /** Files that compaction gave up, with their generations: the next segments are written over them. */
  private readonly spares: { readonly path: string; readonly generation: number }[] = [];

  constructor(
    readonly directory: string,
    private readonly files: FileSystem,
    private readonly checksum: Checksum,
    readonly segmentBytesMax: number,
    private writeAhead: boolean,
  ) {}

  /** Numbers of the segments there, ascending. */
  numbers(): number[] {
    return this.files
      .list(this.directory)
      .flatMap((name) => NAME.exec(name)?.[1] ?? [])
      .map(Number)
      .toSorted((a, b) => a - b);
  }

  path(number: number): string {
    return `${this.directory}/${String(number).padStart(16, "0")}.seg`;
  }

  /** A segment that is there, its head checked. */
  openExisting(number: number, owner: LogOwner): Segment {
    const path = this.path(number);
    const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
    const handle = this.files.open(path, { readOnly: true });
    try {
      const read = handle.read(bytes, 0);
      const generation = checkSegmentHeader(bytes.subarray(0, read), path, number, owner, this.checksum);
      return this.segment(number, generation);
    } finally {
      handle.close();
    }
  }

  /** Makes a segment; it bears its name only once its head is durable, and resolves when the name is, too (L06). */
  async create(number: number, owner: LogOwner): Promise<Segment> {
    const spare = this.spares.shift();
    const generation = (spare?.generation ?? 0) + 1;
    const draft = spare?.path ?? `${this.directory}/next.tmp`;
    if (spare !== undefined) this.recycled++;
    const handle = this.files.open(draft, { create: true });
    try {
      writeFully(handle, [segmentHeader(owner, number, generation, this.checksum)], 0);
      await handle.datasync();
    } finally {
      handle.close();
    }
    this.files.rename(draft, this.path(number));
    await this.files.syncDirectory(this.directory);
    return this.segment(number, generation);
  }

  /** L03: begins a file that is to take an older segment's place; until {@link replace} nobody sees it. */
  layAnew(old: Segment, owner: LogOwner): { readonly draft: FileHandle; readonly segment: Segment } {
    const generation = old.generation + 1;
    this.files.remove(this.rebuildPath);
    const draft = this.files.open(this.rebuildPath, { create: true });
    writeFully(draft, [segmentHeader(owner, old.number, generation, this.checksum)], 0);
    return { draft, segment: new Segment(old.number, generation, old.path, this.files) };
  }

  /** Puts it there, durably. */
  async replace({ path }: Segment): Promise<void> {
    this.files.rename(this.rebuildPath, path);
    await this.files.syncDirectory(this.directory);
  }

  private get rebuildPath(): string {
    return `${this.directory}/rebuilt.tmp`;
  }

  private segment(number: number, generation: number): Segment {
    const segment = new Segment(number, generation, this.path(number), this.files);
    segment.size = this.files.size(segment.path);
    return segment;
  }

  /** Removes segments whose entries the base has passed, oldest first (L08); some files are kept for the next segments. */
  async drop(segments: readonly Segment[]): Promise<void> {
    for (const segment of segments) {
      const fit = this.writeAhead && this.spares.length < SPARES_MAX && !segment.beingRead;
      segment.close();
      if (fit && this.files.size(segment.path) >= this.segmentBytesMax / 2) {
        const path = `${this.directory}/spare-${segment.number}.tmp`;
        this.files.rename(segment.path, path);
        this.spares.push({ path, generation: segment.generation });
      } else this.files.remove(segment.path);
    }
    await this.files.syncDirectory(this.directory);
  }

  /** Removes what a crash left half made, and segments of before a gap. */
  removeLeftovers(numbers: readonly number[]): void {
    for (const name of this.files.list(this.directory))
      if (DRAFT.test(name)) this.files.remove(`${this.directory}/${name}`);
    for (const number of numbers) this.files.remove(this.path(number));
  }

  /**
   * Lays a segment out whole, or as far as `goOn` says, before anything goes into it: overwriting a block that is there
   * is twice as fast to make durable as extending a file, and the file in use is not disturbed.
   */
  async layOut(segment: Segment, goOn: () => boolean): Promise<void> {
    while (this.writeAhead && segment.size < this.segmentBytesMax && goOn()) {
      const goesOn = this.takesZeros(segment.handle, segment.size);
      segment.size = segment.handle.size();
      if (!goesOn) return;
      await segment.handle.datasync();
    }
  }

  /**
   * A disk too full for zeros may still take batches, and that is for them to find out (L05): what was laid out is given back,
   * lest the log dies of the zeros behind it.
   */
  private takesZeros(handle: FileHandle, at: number): boolean {
    try {
      writeFully(handle, [ZEROS.subarray(0, Math.min(ZEROS.length, this.segmentBytesMax - at))], at);
      return true;
    } catch (error) {
      if (!NO_ROOM.has(codeOf(error) ?? "")) throw error;
      this.writeAhead = false;
      handle.truncate(SEGMENT_HEADER_BYTES);
      return false;
    }
  }

  /** Whether more of the segment's blocks should be there to be overwritten. */
  wantsLayingOut(segment: Segment): boolean {
    return this.writeAhead && segment.size < this.segmentBytesMax;
  }
}
