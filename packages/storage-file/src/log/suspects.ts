import { type Checksum, type FileSystem, RaftError } from "@hexraft/core/ports";
import { getU64, setU64 } from "../format/bytes.js";
import { readSmallFile, replaceFile, SMALL_FILE_FIELDS } from "../format/small-file.js";

const MAGIC = 0x53485848;
const NAME = "suspects";

/**
 * L03, L12: which segments are known to have lost entries, written down before anybody acts upon it. A closed segment is proved by
 * its foot when a log is opened, and damage is found when somebody reads it: a node that restarts before it was repaired would
 * not know of it any more, and vote.
 *
 *   0 u32 magic "HXHS"   4 u16 version   6 u16 0   8 u64 first segment   16 u64 last segment   252 u32 checksum of bytes 0–251
 */
export class Suspects {
  private first = Number.POSITIVE_INFINITY;
  private last = 0;

  /** @param directory - the log's; what is written down there is read at once. */
  constructor(
    private readonly directory: string,
    private readonly files: FileSystem,
    private readonly checksum: Checksum,
  ) {
    try {
      const view = readSmallFile(files, checksum, `${directory}/${NAME}`, MAGIC);
      if (view === undefined) return;
      this.first = getU64(view, SMALL_FILE_FIELDS);
      this.last = getU64(view, SMALL_FILE_FIELDS + 8);
    } catch (error) {
      if (!(error instanceof RaftError) || error.code !== "Damaged") throw error;
      // It says no more than that there is something to look for.
      this.first = 0;
      this.last = Number.MAX_SAFE_INTEGER;
    }
  }

  /** Whether there is anything to look for. */
  get any(): boolean {
    return this.first <= this.last;
  }

  /** Whether the segment is among them. */
  includes(segment: number): boolean {
    return this.first <= segment && segment <= this.last;
  }

  /** One more; known after a restart when it resolves. */
  async add(segment: number): Promise<void> {
    if (this.includes(segment)) return;
    this.first = Math.min(this.first, segment);
    this.last = Math.max(this.last, segment);
    await replaceFile(this.files, this.checksum, this.directory, NAME, MAGIC, (view) => {
      setU64(view, SMALL_FILE_FIELDS, this.first);
      setU64(view, SMALL_FILE_FIELDS + 8, this.last);
    });
  }

  /** Nothing is missing any more. A crash that keeps the file costs a look at these segments. */
  async clear(): Promise<void> {
    if (!this.any) return;
    this.first = Number.POSITIVE_INFINITY;
    this.last = 0;
    this.files.remove(`${this.directory}/${NAME}`);
    await this.files.syncDirectory(this.directory);
  }
}
