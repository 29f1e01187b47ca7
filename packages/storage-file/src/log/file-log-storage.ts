import {
  Checksum,
  type ClusterId,
  FileSystem,
  type LogBlock,
  type LogHole,
  type LogIndex,
  type LogStorage,
  type LogWrite,
  type OpenedLog,
  type OpenLog,
  parentOf,
  RaftError,
  Scheduler,
} from "@hexraft/core/ports";
import { inject, injectable } from "inversify";
import { DataDirectory, type Identity } from "../data-directory.js";
import { closedAlready, damaged, identityMismatch, storageFailed } from "../format/faults.js";
import { Settings } from "../settings.js";
import { Forgotten } from "./forgotten.js";
import { LogDamage } from "./log-damage.js";
import { holdToMark, LogMark, readMark } from "./log-mark.js";
import { LogReader } from "./log-reader.js";
import { LogScrub, type ScrubParts } from "./log-scrub.js";
import { LogState } from "./log-state.js";
import { LogWriter } from "./log-writer.js";
import { SOLE_GROUP } from "./record.js";
import { cutTornTail, holesOf, type RecoveredLog, recoverLog, settleWhatWasRead } from "./recovery.js";
import { SegmentFiles } from "./segment-files.js";
import { type LogOwner, SEGMENT_HEADER_BYTES } from "./segment-header.js";
import { SoleBook } from "./sole-book.js";
import { Suspects } from "./suspects.js";
import { planWrite } from "./write-plan.js";

/** The log of one replica in segment files; see docs/FORMAT.md. */
@injectable()
export class FileLogStorage implements LogStorage {
  private writer: LogWriter | undefined;
  private book: SoleBook | undefined;
  /** Where the log will end once everything asked for is written. */
  private plannedLast: LogIndex = 0;
  private state: "new" | "open" | "closed" = "new";
  private identityWrites: Promise<void> = Promise.resolve();
  private found: Omit<RecoveredLog, "scan"> | undefined;
  private cut = "";
  private damage: LogDamage | undefined;
  private forgotten: Forgotten | undefined;
  private reader: LogReader | undefined;
  private scrub: LogScrub | undefined;

  constructor(
    @inject(DataDirectory) private readonly directory: DataDirectory,
    @inject(Settings) private readonly settings: Settings,
    @inject(FileSystem) private readonly files: FileSystem,
    @inject(Checksum) private readonly checksum: Checksum,
    @inject(Scheduler) private readonly scheduler: Scheduler,
  ) {}

  async open(request: OpenLog): Promise<OpenedLog> {
    if (this.state !== "new") throw closedAlready(this.directory.path);
    this.directory.enter();
    try {
      const opened = await this.recover(request);
      this.state = "open";
      return opened;
    } catch (error) {
      await this.writer?.close();
      this.found?.segments.forEach((segment) => segment.close());
      this.found?.next?.close();
      this.directory.leave();
      throw error instanceof RaftError ? error : storageFailed(this.directory.path, error);
    }
  }

  async adopt(clusterId: ClusterId): Promise<void> {
    this.living();
    const adopted = this.identityWrites.then(() => this.writeCluster(clusterId));
    this.identityWrites = adopted.catch(() => {});
    await adopted;
  }

  write(write: LogWrite): Promise<void> {
    try {
      return this.append(write);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  read(from: LogIndex, bytesMax: number): Promise<readonly LogBlock[]> {
    try {
      return this.living().reader.read(from, bytesMax);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** L03: what was lost is laid down again, in a file that takes the damaged one's place. */
  async repair(blocks: readonly LogBlock[]): Promise<void> {
    await this.living().damage.repair(blocks);
  }

  async close(): Promise<void> {
    if (this.state !== "open") return;
    this.state = "closed";
    await this.scrub?.close();
    await this.writer?.close();
    await this.identityWrites;
    this.directory.leave();
  }

  describe(): Readonly<Record<string, unknown>> {
    const { writer, book } = this;
    return {
      directory: this.directory.path,
      state: writer?.failure === undefined ? this.state : "failed",
      failure: writer?.failure?.message ?? "",
      cut: this.cut,
      base: book?.state.base.index ?? 0,
      last: book?.state.last.index ?? 0,
      segments: book?.segments.count ?? 0,
      activeSegment: writer?.active.path ?? "",
      recycledFiles: writer?.recycled ?? 0,
      activeBytes: writer?.active.end ?? 0,
      batches: writer?.batches ?? 0,
      waiting: writer?.waiting ?? 0,
      holes: this.damage?.known.length ?? 0,
      forgottenUpTo: this.forgotten?.hole?.last ?? 0,
      scrubbedSegments: this.scrub?.surveyed ?? 0,
      scrubTrouble: this.scrub?.trouble ?? "",
    };
  }

  private async writeCluster(clusterId: ClusterId): Promise<void> {
    const identity = this.directory.identity as Identity;
    if (identity.clusterId === clusterId) return;
    if (identity.clusterId !== "")
      throw identityMismatch(`${this.directory.path}/identity`, "cluster", identity.clusterId, clusterId);
    await this.directory.writeIdentity({ ...identity, clusterId });
  }

  private living(): { readonly writer: LogWriter; readonly reader: LogReader; readonly damage: LogDamage } {
    const { state, writer, reader, damage } = this;
    if (state !== "open" || writer === undefined || reader === undefined || damage === undefined)
      throw closedAlready(this.directory.path);
    if (writer.failure !== undefined) throw writer.failure;
    return { writer, reader, damage };
  }

  private append(write: LogWrite): Promise<void> {
    const { writer } = this.living();
    const written = writer.write(() => {
      const plan = planWrite(write, this.plannedLast, this.checksum, SOLE_GROUP);
      this.plannedLast = plan.last;
      return plan;
    }, write.compactTo?.index);
    const { forgotten } = this;
    if (forgotten?.isMadeUpBy(Math.max(write.commitHint ?? 0, write.resetTo?.index ?? 0)) === true)
      // What fails is the writer's death, and its next caller hears of it.
      void written.then(() => writer.maintain(() => forgotten.clear())).catch(() => {});
    return written;
  }

  /** Reads and judges everything first; changes begin when nothing can be refused any more. */
  private async recover(request: OpenLog): Promise<OpenedLog> {
    const { directory } = this;
    directory.refuseSharedLog();
    const group = directory.groupPath(request.groupId);
    const files = new SegmentFiles(
      `${group}/log`,
      this.files,
      this.checksum,
      this.settings.segmentBytesMax,
      this.settings.preallocate,
    );
    const old = directory.readIdentity(request.nodeId);
    const incarnation = directory.readIncarnation(request.groupId);
    const numbers = files.numbers();
    this.refuseWhatIsHalfThere(old, incarnation, files, numbers);
    const owner: LogOwner = {
      clusterId: old?.clusterId ?? "",
      incarnation: incarnation ?? request.newIncarnation,
      groupId: request.groupId,
    };
    directory.useGroup(request.groupId, owner.incarnation);
    const mark = readMark(files.directory, this.files, this.checksum);
    const recovered =
      incarnation === undefined ? undefined : await recoverLog(files, numbers, owner, this.checksum, mark);
    this.found = recovered;
    const end = recovered?.segments.at(-1);
    if (recovered !== undefined && end !== undefined)
      holdToMark(mark, { segment: end.number, end: recovered.scan.readTo }, (number) => files.path(number));
    const forgotten = new Forgotten(files, this.files, this.checksum);
    this.forgotten = forgotten;
    const identity: Identity = {
      startNumber: (old?.startNumber ?? 0) + 1,
      directoryId: old?.directoryId ?? request.newDirectoryId,
      clusterId: owner.clusterId,
      nodeId: request.nodeId,
    };
    await this.makeDirectories(group, old === undefined || incarnation === undefined);
    await directory.writeIdentity(identity);
    const log = recovered ?? (await this.makeLog(files, owner, numbers));
    this.found = log;
    files.removeLeftovers(log.leftovers);
    this.cut = recovered === undefined ? "" : await this.settle(recovered);
    await this.files.syncDirectory(files.directory);
    const ownerNow = () => ({ ...owner, clusterId: directory.identity?.clusterId ?? "" });
    const { checksum, scheduler } = this;
    const parts = {
      files,
      mark: new LogMark(files.directory, this.files, checksum, mark),
      checksum,
      scheduler,
      startNumber: identity.startNumber,
      owner: ownerNow,
      died: ({ message }: RaftError) => request.failed?.(message),
    };
    const book = new SoleBook(log);
    const writer = new LogWriter(parts, book, log);
    this.book = book;
    this.writer = writer;
    const lost = recovered === undefined ? [] : holesOf(recovered);
    const suspects = new Suspects(files.directory, this.files, checksum);
    // Once it is closed its foot proves it, and nobody reads it again before he must.
    if (lost.length > 0) await suspects.add(book.active.number);
    const gone = recovered?.scan.forgotten;
    if (gone !== undefined) await forgotten.add(gone, book.active.number);
    await writer.begin(lost.length > 0 || recovered?.scan.isDamaged);
    if (forgotten.isMadeUpBy(Math.max(book.state.commitHint, book.state.base.index))) await forgotten.clear();
    // What is found before this is over is a part of the answer.
    const tell = (hole: LogHole) => (this.state === "open" ? request.damaged?.(hole) : undefined);
    const damage = new LogDamage(book, writer, checksum, tell, lost, suspects);
    await damage.look();
    const holes = damage.known;
    this.careFor(book, damage);
    const { state } = book;
    this.plannedLast = state.last.index;
    return {
      clusterId: identity.clusterId,
      directoryId: identity.directoryId,
      incarnation: owner.incarnation,
      startNumber: identity.startNumber,
      hardState: state.hardState,
      commitHint: Math.min(state.commitHint, state.last.index),
      base: state.base,
      last: state.last,
      runs: [...state.runs],
      configurationIndices: [...state.configurationIndices],
      ...(holes.length > 0 && { holes }),
      ...(forgotten.hole !== undefined && { forgotten: forgotten.hole }),
      cut: this.cut,
    };
  }

  /** L03: from now on damage is looked for, told of, and repaired. */
  private careFor(book: SoleBook, damage: LogDamage): void {
    this.damage = damage;
    this.reader = new LogReader(book, damage, this.checksum);
    const { scrubBytesPerSecond: bytesPerSecond } = this.settings;
    if (bytesPerSecond === 0) return;
    const closed = () => book.segments.closed;
    const survey: ScrubParts["survey"] = (segment, pace) => damage.survey(segment, pace);
    this.scrub = new LogScrub({ scheduler: this.scheduler, bytesPerSecond, closed, survey });
    this.scrub.begin();
  }

  /**
   * A replica is made in this order: identity, first segment, `replica`, first batch. What a crash leaves of that is made anew; any
   * other part that is missing was lost, and with it perhaps a vote.
   */
  private refuseWhatIsHalfThere(
    identity: Identity | undefined,
    incarnation: string | undefined,
    files: SegmentFiles,
    numbers: readonly number[],
  ): void {
    const first = files.path(1);
    if (incarnation !== undefined && identity === undefined)
      throw damaged(`${this.directory.path}/identity`, "the file is missing", 0, 1);
    if (incarnation !== undefined && numbers.length === 0) throw damaged(first, "the log is missing", 0, 1);
    const begun = numbers.length === 1 && numbers[0] === 1 && this.files.size(first) === SEGMENT_HEADER_BYTES;
    if (incarnation === undefined && numbers.length > 0 && !begun)
      throw damaged(`${files.directory}/../replica`, "the file is missing, and there is a log", 0, 1);
  }

  private async makeDirectories(group: string, isNew: boolean): Promise<void> {
    if (!isNew) return;
    this.files.makeDirectory(`${group}/log`);
    await this.files.syncDirectory(group);
    await this.files.syncDirectory(this.directory.path);
    await this.files.syncDirectory(parentOf(this.directory.path));
  }

  private async makeLog(
    files: SegmentFiles,
    owner: LogOwner,
    begun: readonly number[],
  ): Promise<Omit<RecoveredLog, "scan">> {
    files.removeLeftovers(begun);
    const segment = await files.create(1, owner);
    await this.directory.writeIncarnation(owner.groupId, owner.incarnation);
    const chain = { number: 0, checksum: 0, sequence: 1 };
    return { state: new LogState(), chain, segments: [segment], next: undefined, leftovers: [] };
  }

  private async settle(found: RecoveredLog): Promise<string> {
    await settleWhatWasRead(found.segments, found.scan);
    return cutTornTail(found.segments.at(-1) as RecoveredLog["segments"][number], found.scan);
  }
}
