import {
  type Checksum,
  type FileSystem,
  holeError,
  type LogBlock,
  type LogId,
  type LogIndex,
  RaftError,
} from "@hexraft/core/ports";
import { readIdentityFile } from "../data-directory.js";
import { readBlocks } from "../log/block-reader.js";
import { type RecoveredLog, recoverLog } from "../log/recovery.js";
import { SegmentFiles } from "../log/segment-files.js";
import { SegmentList } from "../log/segment-list.js";
import { type GroupLog, holeOf } from "../shared/group-log.js";
import { readPlaces } from "../shared/place-reader.js";
import { type FoundShared, recoverShared } from "../shared/shared-recovery.js";
import { ownerOf, sharedOwner } from "./inspect-directory.js";
import { readOnly } from "./read-only-files.js";

const READ_BYTES = 1024 * 1024;

/** The log of a stopped node, read as it would come up, without bringing it up. */
export interface OfflineLog {
  readonly base: LogId;
  readonly last: LogId;
  /** Blocks from an entry on, up to the last one. @throws RaftError `Damaged` */
  blocks(from: LogIndex): AsyncGenerator<LogBlock>;
  close(): void;
}

/** A group's log, whether it is its own or shared. @throws RaftError `Damaged` where opening it would be refused; `BadOption` if it is not there. */
export async function openOffline(
  directory: string,
  groupId: string,
  host: FileSystem,
  checksum: Checksum,
): Promise<OfflineLog> {
  const files = readOnly(host);
  const common = new SegmentFiles(`${directory}/log`, files, checksum, 0, false);
  if (common.numbers().length > 0) {
    const owner = sharedOwner(readIdentityFile(directory, files, checksum));
    return new SharedOfflineLog(await recoverShared(common, common.numbers(), owner, checksum), groupId, checksum);
  }
  const segments = new SegmentFiles(`${directory}/${groupId}/log`, files, checksum, 0, false);
  const owner = ownerOf(directory, groupId, files, checksum);
  return new OwnOfflineLog(await recoverLog(segments, segments.numbers(), owner, checksum), checksum);
}

class OwnOfflineLog implements OfflineLog {
  private readonly segments: SegmentList;

  constructor(
    private readonly found: RecoveredLog,
    private readonly checksum: Checksum,
  ) {
    this.segments = new SegmentList(found.segments, found.state);
  }

  get base(): LogId {
    return this.found.state.base;
  }

  get last(): LogId {
    return this.found.state.last;
  }

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

/** G01: one group of a log that many share. */
class SharedOfflineLog implements OfflineLog {
  private readonly log: GroupLog;

  constructor(
    private readonly found: FoundShared,
    groupId: string,
    private readonly checksum: Checksum,
  ) {
    const { book, condemned } = found;
    const log = book.named(groupId);
    const fault = log === undefined ? notThere(groupId, book.groups.values()) : condemned.get(log);
    if (fault !== undefined) this.close();
    if (log === undefined || fault !== undefined) throw fault;
    this.log = log;
  }

  get base(): LogId {
    return this.log.base;
  }

  get last(): LogId {
    return this.log.last;
  }

  async *blocks(from: LogIndex): AsyncGenerator<LogBlock> {
    for (let wanted = from; wanted <= this.last.index; ) {
      const { blocks, lost } = await readPlaces(this.log.placesFrom(wanted), wanted, READ_BYTES, this.checksum);
      if (blocks.length === 0 && lost !== undefined) throw holeError(holeOf(lost));
      for (const block of blocks) {
        yield block;
        wanted = block.last + 1;
      }
    }
  }

  close(): void {
    this.found.book.close();
    this.found.next?.close();
  }
}

const notThere = (groupId: string, groups: Iterable<GroupLog>): RaftError =>
  new RaftError(
    "BadOption",
    "refused",
    `there is no group ${groupId} in the log; there are: ${Array.from(groups, ({ name }) => name).join(", ") || "none"}`,
    { field: "groupId", value: groupId },
  );
