import type { Checksum, FileSystem, LogHole, LogIndex } from "@hexraft/core/ports";
import { getU64, setU64 } from "../format/bytes.js";
import { readSmallFile, replaceFile, SMALL_FILE_FIELDS } from "../format/small-file.js";
import type { SegmentFiles } from "./segment-files.js";

const MAGIC = 0x47465848;
const NAME = "forgotten";

/**
 * L03: which entries this replica may have acknowledged, and lost without a trace of their terms. Written down before the log goes on
 * without them, for then nothing else tells any more that there was something: a restart would vote with the shorter log.
 *
 *   0 u32 magic "HXFG"   4 u16 version   6 u16 0   8 u64 first entry   16 u64 last entry   24 u64 segment   32 u64 offset   40 u64 length
 *   252 u32 checksum of bytes 0–251
 */
export class Forgotten {
  /** Undefined while nothing is. */
  hole: LogHole | undefined;

  /**
   * What is written down is read at once.
   *
   * @throws RaftError `Damaged` if that cannot be read: nobody knows then what this replica may not vote about.
   */
  constructor(
    private readonly segments: SegmentFiles,
    private readonly files: FileSystem,
    private readonly checksum: Checksum,
  ) {
    const view = readSmallFile(files, checksum, `${segments.directory}/${NAME}`, MAGIC);
    if (view === undefined) return;
    const field = (place: number): number => getU64(view, SMALL_FILE_FIELDS + 8 * place);
    this.hole = { first: field(0), last: field(1), file: segments.path(field(2)), offset: field(3), length: field(4) };
  }

  /** More was lost; known after a restart when it resolves. */
  async add(hole: LogHole, segment: number): Promise<void> {
    const first = Math.min(hole.first, this.hole?.first ?? hole.first);
    const last = Math.max(hole.last, this.hole?.last ?? 0);
    this.hole = { ...hole, first, last };
    const fields = [first, last, segment, hole.offset, hole.length];
    await replaceFile(this.files, this.checksum, this.segments.directory, NAME, MAGIC, (view) => {
      for (const [i, field] of fields.entries()) setU64(view, SMALL_FILE_FIELDS + 8 * i, field);
    });
  }

  /** Whether entries up to `committed` are all that was lost: the log holds them again, as the group decided them. */
  isMadeUpBy(committed: LogIndex): boolean {
    return this.hole !== undefined && this.hole.last <= committed;
  }

  /** They are there again. A crash that keeps the file costs this replica its vote until it writes a commit index once more. */
  async clear(): Promise<void> {
    if (this.hole === undefined) return;
    this.hole = undefined;
    this.files.remove(`${this.segments.directory}/${NAME}`);
    await this.files.syncDirectory(this.segments.directory);
  }
}
