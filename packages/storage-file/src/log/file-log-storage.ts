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
  RaftError,
  Scheduler,
} from "@hexraft/core/ports";
import { inject, injectable } from "inversify";
import { DataDirectory, type Identity } from "../data-directory.js";
import { closedAlready, identityMismatch, storageFailed } from "../format/faults.js";
import { Settings } from "../settings.js";
import type { Forgotten } from "./forgotten.js";
import { LogDamage } from "./log-damage.js";
import { LogMark } from "./log-mark.js";
import { LogReader } from "./log-reader.js";
import { LogScrub, type ScrubParts } from "./log-scrub.js";
import { LogWriter } from "./log-writer.js";
import { closeLog, type OpenedReplica, openReplica } from "./open-replica.js";
import { SOLE_GROUP } from "./record.js";
import { holesOf } from "./recovery.js";
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
  private found: OpenedReplica["log"] | undefined;
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
      if (this.found !== undefined) closeLog(this.found);
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

  /** Goes on with what is there: from here on it is written to, and what is damaged is told of. */
  private async recover(request: OpenLog): Promise<OpenedLog> {
    const { directory, settings, checksum, scheduler } = this;
    const opened = await openReplica({ directory, settings, files: this.files, checksum }, request);
    const { files, owner, identity, mark, log, recovered, forgotten } = opened;
    this.found = log;
    this.cut = opened.cut;
    this.forgotten = forgotten;
    const parts = {
      files,
      mark: new LogMark(files.directory, this.files, checksum, mark),
      checksum,
      scheduler,
      startNumber: identity.startNumber,
      owner: () => ({ ...owner, clusterId: directory.identity?.clusterId ?? "" }),
      died: ({ message }: RaftError) => request.watcher?.failed(message),
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
    const tell = (hole: LogHole) => (this.state === "open" ? request.watcher?.damaged(hole) : undefined);
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
}
