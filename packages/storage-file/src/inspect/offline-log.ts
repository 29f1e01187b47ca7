import type { Checksum, FileSystem, LogBlock, LogId, LogIndex } from "@hexraft/core/ports";
import { readBlocks } from "../log/block-reader.js";
import { type RecoveredLog, recoverLog } from "../log/recovery.js";
import { SegmentFiles } from "../log/segment-files.js";
import { SegmentList } from "../log/segment-list.js";
import { ownerOf } from "./inspect-directory.js";
import { readOnly } from "./read-only-files.js";

const READ_BYTES = 1024 * 1024;

/** The log of a stopped node, read as it would come up, without bringing it up. */
export class OfflineLog {
  private readonly segments: SegmentList;

  private constructor(
    private readonly found: RecoveredLog,
    private readonly checksum: Checksum,
  ) {
    this.segments = new SegmentList(found.segments, found.state);
  }

  /** @throws RaftError `Damaged` where opening it would be refused. */
  static async open(directory: string, groupId: string, host: FileSystem, checksum: Checksum): Promise<OfflineLog> {
    const files = readOnly(host);
    const segments = new SegmentFiles(`${directory}/${groupId}/log`, files, checksum, 0, false);
    const owner = ownerOf(directory, groupId, files, checksum);
    return new OfflineLog(await recoverLog(segments, segments.numbers(), owner, checksum), checksum);
  }

  get base(): LogId {
    return this.found.state.base;
  }

  get last(): LogId {
    return this.found.state.last;
  }

  /** Blocks from an entry on, up to the last one. */
  async *blocks(from: LogIndex): AsyncGenerator<LogBlock> {
    for (let wanted = from; wanted <= this.last.index; ) {
      const segment = this.segments.holding(wanted);
      if (segment === undefined) return;
      const range = { from: wanted, to: this.segments.highOf(segment), bytesMax: READ_BYTES };
      for (const block of await readBlocks(segment, range, this.checksum)) {
        yield block;
        wanted = block.last + 1;
      }
    }
  }

  close(): void {
    this.segments.close();
    this.found.next?.close();
  }
}
