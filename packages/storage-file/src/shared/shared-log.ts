import {
  type Checksum,
  type ClusterId,
  type FileSystem,
  type OpenedGroups,
  type OpenGroups,
  parentOf,
  RaftError,
  type Scheduler,
} from "@hexraft/core/ports";
import type { DataDirectory, Identity } from "../data-directory.js";
import { closedAlready, damaged, identityMismatch, storageFailed } from "../format/faults.js";
import { holdToMark, LogMark, readMark } from "../log/log-mark.js";
import { LogWriter } from "../log/log-writer.js";
import { type GroupOperation, type GroupStanding, RecordKind } from "../log/record.js";
import { cutTornTail } from "../log/recovery.js";
import { SegmentFiles } from "../log/segment-files.js";
import { SEGMENT_HEADER_BYTES } from "../log/segment-header.js";
import type { Settings } from "../settings.js";
import { SharedBook } from "./shared-book.js";
import { type FoundShared, recoverShared, settleShared } from "./shared-recovery.js";

/** What a shared log works with. */
export interface SharedParts {
  readonly directory: DataDirectory;
  readonly settings: Settings;
  readonly files: FileSystem;
  readonly checksum: Checksum;
  readonly scheduler: Scheduler;
}

/** G01: one segmented log for all groups of a process, one fsync for all; see docs/FORMAT.md. */
export class SharedLog {
  /** A torn tail that was cut (L02), in words; empty if none. */
  cut = "";
  private readonly segments: SegmentFiles;
  private running: { readonly writer: LogWriter; readonly book: SharedBook } | undefined;
  private identityWrites: Promise<void> = Promise.resolve();
  private isClosed = false;

  constructor(private readonly parts: SharedParts) {
    const { directory, settings, files, checksum } = parts;
    const { segmentBytesMax, preallocate } = settings;
    this.segments = new SegmentFiles(`${directory.path}/log`, files, checksum, segmentBytesMax, preallocate);
  }

  /** Who lives here, once it is open. */
  get identity(): Identity {
    const { identity } = this.parts.directory;
    if (identity === undefined) throw closedAlready(this.parts.directory.path);
    return identity;
  }

  async open(request: OpenGroups): Promise<OpenedGroups> {
    const { directory } = this.parts;
    if (this.running !== undefined || this.isClosed) throw closedAlready(directory.path);
    directory.enter();
    try {
      const book = await this.recover(request);
      const { clusterId, directoryId, startNumber } = this.identity;
      const groups = [...book.groups.values()].map(({ name }) => name).toSorted();
      return { clusterId, directoryId, startNumber, groups };
    } catch (error) {
      this.isClosed = true;
      await this.closeWriter();
      directory.leave();
      throw error instanceof RaftError ? error : storageFailed(directory.path, error);
    }
  }

  /** @throws RaftError `Stopped`, or why the log died (L04). */
  living(): { readonly writer: LogWriter; readonly book: SharedBook } {
    if (this.running === undefined || this.isClosed) throw closedAlready(this.parts.directory.path);
    if (this.running.writer.failure !== undefined) throw this.running.writer.failure;
    return this.running;
  }

  /** M13: durable when it resolves; all groups belong to the same cluster. */
  async adopt(clusterId: ClusterId): Promise<void> {
    this.living();
    const adopted = this.identityWrites.then(() => this.writeCluster(clusterId));
    this.identityWrites = adopted.catch(() => {});
    await adopted;
  }

  /** Writes down what becomes of a group; resolves when that is durable. */
  declare(name: string, incarnation: string, standing: GroupStanding): Promise<void> {
    const { writer, book } = this.living();
    const group = book.named(name)?.number ?? book.newNumber();
    const operation = { kind: RecordKind.group, identity: { name, incarnation, standing } };
    return writer.write(() => ({ operations: [{ group, operation }], last: 0 }));
  }

  /** All that was asked for until now is durable, or has failed: writes end in the order in which they were asked for. */
  async settled(): Promise<void> {
    await this.running?.writer.newest.catch(() => {});
  }

  async close(): Promise<void> {
    if (this.running === undefined || this.isClosed) return;
    this.isClosed = true;
    await this.closeWriter();
    await this.identityWrites;
    this.parts.directory.leave();
  }

  describe(): Readonly<Record<string, unknown>> {
    const { running, parts } = this;
    return {
      directory: parts.directory.path,
      state: this.isClosed ? "closed" : running === undefined ? "new" : running.writer.failure ? "failed" : "open",
      failure: running?.writer.failure?.message ?? "",
      cut: this.cut,
      groups: running?.book.groups.size ?? 0,
      segments: running?.book.segments.length ?? 0,
      activeBytes: running?.writer.active.end ?? 0,
      batches: running?.writer.batches ?? 0,
      waiting: running?.writer.waiting ?? 0,
      copiedBytes: running?.book.copiedBytes ?? 0,
    };
  }

  private async closeWriter(): Promise<void> {
    await this.running?.writer.close();
  }

  private async writeCluster(clusterId: ClusterId): Promise<void> {
    const { identity } = this;
    if (identity.clusterId === clusterId) return;
    if (identity.clusterId !== "")
      throw identityMismatch(`${this.parts.directory.path}/identity`, "cluster", identity.clusterId, clusterId);
    await this.parts.directory.writeIdentity({ ...identity, clusterId });
  }

  /** Reads and judges everything first; changes begin when nothing can be refused any more. */
  private async recover({ nodeId, newDirectoryId, onFailed }: OpenGroups): Promise<SharedBook> {
    const { parts, segments } = this;
    const { directory, files, checksum, scheduler } = parts;
    const old = directory.readIdentity(nodeId);
    const numbers = segments.numbers();
    this.refuseWhatIsHalfThere(old, numbers);
    const directoryId = old?.directoryId ?? newDirectoryId;
    const owner = { clusterId: old?.clusterId ?? "", incarnation: directoryId, groupId: "" };
    const isNew = old === undefined || old.startNumber === 0;
    const mark = readMark(segments.directory, files, checksum);
    const found = isNew ? undefined : await recoverShared(segments, numbers, owner, checksum, mark);
    if (found !== undefined) {
      const { number, end } = found.book.active;
      holdToMark(mark, { segment: number, end }, (segment) => segments.path(segment));
    }
    const identity = { startNumber: (old?.startNumber ?? 0) + 1, directoryId, clusterId: owner.clusterId, nodeId };
    const log = found ?? (await this.make(identity, numbers));
    if (found !== undefined) {
      await directory.writeIdentity(identity);
      segments.removeLeftovers(found.leftovers);
      await settleShared(found.book.segments, found.end);
      this.cut = await cutTornTail(found.book.active, found.end);
    } else await directory.writeIdentity(identity);
    await files.syncDirectory(segments.directory);
    const writer = new LogWriter(
      {
        files: segments,
        mark: new LogMark(segments.directory, files, checksum, mark),
        checksum,
        scheduler,
        startNumber: identity.startNumber,
        owner: () => ({ ...owner, clusterId: this.identity.clusterId }),
        joinsTurn: true,
        died: (reason) => onFailed(reason.message),
      },
      log.book,
      log,
    );
    this.running = { writer, book: log.book };
    await writer.begin();
    const condemned = [...log.condemned].map(([group, error]): GroupOperation => log.book.condemn(group, error));
    if (condemned.length > 0) await writer.write(() => ({ operations: condemned, last: 0 }));
    return log.book;
  }

  /**
   * Made in this order: identity of start number 0, first segment, identity of start number 1. What a crash leaves of that is made
   * anew; any other part that is missing was lost, and with it perhaps a vote.
   */
  private refuseWhatIsHalfThere(identity: Identity | undefined, numbers: readonly number[]): void {
    const first = this.segments.path(1);
    if (identity === undefined && numbers.length > 0)
      throw damaged(`${this.parts.directory.path}/identity`, "the file is missing, and there is a log", 0, 1);
    if (identity !== undefined && numbers.length === 0) this.parts.directory.refuseLogsOfGroups();
    if (identity !== undefined && identity.startNumber > 0 && numbers.length === 0)
      throw damaged(first, "the log is missing", 0, 1);
    const begun = numbers.length === 1 && this.parts.files.size(first) === SEGMENT_HEADER_BYTES;
    if (identity?.startNumber === 0 && numbers.length > 0 && !begun)
      throw damaged(first, "there is a log that no start wrote", 0, 1);
  }

  private async make(identity: Identity, begun: readonly number[]): Promise<FoundShared> {
    const { parts, segments } = this;
    const { directory, files } = parts;
    files.makeDirectory(segments.directory);
    files.makeDirectory(`${directory.path}/groups`);
    await files.syncDirectory(directory.path);
    await files.syncDirectory(parentOf(directory.path));
    await directory.writeIdentity({ ...identity, startNumber: 0 });
    segments.removeLeftovers(begun);
    const owner = { clusterId: identity.clusterId, incarnation: identity.directoryId, groupId: "" };
    const segment = await segments.create(1, owner);
    const end = { chain: undefined, lastBatchAt: segment.end, tornUpTo: segment.end, reason: "" };
    const book = new SharedBook([segment], parts.checksum);
    return { book, chain: { number: 0, checksum: 0 }, next: undefined, leftovers: [], end, condemned: new Map() };
  }
}
