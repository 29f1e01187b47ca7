import {
  Checksum,
  type ClusterId,
  type DirectoryLock,
  FileSystem,
  type LogBlock,
  type LogIndex,
  type LogStorage,
  type LogWrite,
  type OpenedLog,
  type OpenLog,
  parentOf,
  RaftError,
} from "@hexraft/core/ports";
import { inject, injectable } from "inversify";
import { fitting, openStored, readBlocks } from "./block-reader.js";
import { Database } from "./database.js";
import { damaged, identityMismatch, notOpen, storageFailed } from "./faults.js";
import { checkHeader } from "./header.js";
import { type Job, takeJobs } from "./job.js";
import { layRecords, readRecords } from "./records.js";
import { type LogState, newborn, withFacts } from "./replica.js";
import { Settings } from "./settings.js";
import { Transaction } from "./transaction.js";

/**
 * The log of one replica in an LMDB database. Whatever is asked for while a transaction is under way is in the next one, so
 * that its fsync is shared (L01).
 */
@injectable()
export class LmdbLogStorage implements LogStorage {
  private readonly path: string;
  private lock: DirectoryLock | undefined;
  /** What the database holds; `undefined` until it is open. */
  private state: LogState | undefined;
  private closed = false;
  private death: RaftError | undefined;
  private readonly queue: Job[] = [];
  private running = false;
  private drained: Promise<void> = Promise.resolve();
  /** L08: entries up to this one may go. */
  private compactTo: LogIndex = 0;
  /** M13: the cluster that is being adopted; empty if none was in this life. */
  private adopting: ClusterId = "";
  private transactions = 0;

  constructor(
    @inject(Settings) settings: Settings,
    @inject(Database) private readonly database: Database,
    @inject(FileSystem) private readonly files: FileSystem,
    @inject(Checksum) private readonly checksum: Checksum,
  ) {
    this.path = settings.path;
  }

  async open(request: OpenLog): Promise<OpenedLog> {
    if (this.closed || this.state !== undefined) throw notOpen(this.path);
    try {
      this.files.makeDirectory(this.path);
      this.lock = this.files.lock(this.path);
      checkHeader(this.files, this.path);
      this.database.open();
      this.state = await this.begin(request);
      return this.whatIsThere(this.state);
    } catch (error) {
      this.closed = true;
      await this.giveBack();
      throw error instanceof RaftError ? error : storageFailed(this.path, error);
    }
  }

  async adopt(clusterId: ClusterId): Promise<void> {
    const known = this.adopting || this.living().replica.clusterId;
    if (known !== "" && known !== clusterId) throw identityMismatch(this.path, "cluster", known, clusterId);
    this.adopting = clusterId;
    await this.enqueue({}, clusterId);
  }

  write(write: LogWrite): Promise<void> {
    return this.enqueue(write);
  }

  /** Empty if `from` is above the last entry, or at or below the base by now. */
  async read(from: LogIndex, bytesMax: number): Promise<readonly LogBlock[]> {
    const { base, last } = this.living().replica;
    const blocks: LogBlock[] = [];
    if (from <= base.index) return blocks;
    let left = bytesMax;
    for (const block of readBlocks(this.database, { from, to: last.index }, this.path, this.checksum)) {
      if (block.sizeBytes > left) return blocks.length > 0 ? blocks : [fitting(block, left)];
      blocks.push(block);
      left -= block.sizeBytes;
    }
    return blocks;
  }

  async close(): Promise<void> {
    if (this.closed) return this.drained;
    this.closed = true;
    this.drained = this.drained.then(() => this.giveBack());
    await this.drained;
  }

  describe(): Readonly<Record<string, unknown>> {
    const { path, state, closed, death, transactions, queue } = this;
    return {
      directory: path,
      state: death !== undefined ? "failed" : closed ? "closed" : state === undefined ? "new" : "open",
      failure: death?.message ?? "",
      base: state?.replica.base.index ?? 0,
      last: state?.replica.last.index ?? 0,
      transactions,
      waiting: queue.length,
    };
  }

  /** Judges everything first; the first change is the start number, durable before anybody hears of it (T11). */
  private async begin(request: OpenLog): Promise<LogState> {
    const { database, path, checksum, files } = this;
    const found = readRecords(database, path, checksum);
    if (found !== undefined) this.refuseStranger(found, request);
    if (found !== undefined) this.refuseLoss(found);
    const old = found ?? newborn(request);
    const state = withFacts(old, { startNumber: old.replica.startNumber + 1 });
    await database.commit({ clear: false, removes: [], puts: new Map(), facts: layRecords(state, found, checksum) });
    // Its files, its directory and the one it is in may be new.
    if (found === undefined)
      for (const directory of [path, parentOf(path), parentOf(parentOf(path))]) await files.syncDirectory(directory);
    return state;
  }

  private refuseStranger({ replica }: LogState, { nodeId, groupId }: OpenLog): void {
    if (replica.nodeId !== nodeId) throw identityMismatch(this.path, "node", replica.nodeId, nodeId);
    if (replica.groupId !== groupId) throw identityMismatch(this.path, "group", replica.groupId, groupId);
  }

  /** L03: the last entry must be there, and nothing behind it. The others are verified as they are read. */
  private refuseLoss({ replica: { base, last } }: LogState): void {
    const newest = this.database.blockAt(Number.MAX_SAFE_INTEGER);
    if (newest === undefined && last.index > base.index)
      throw damaged(this.path, `entries ${base.index + 1}–${last.index} are missing`, { index: last.index });
    if (newest === undefined) return;
    const block = openStored(newest, last.index, this.path, this.checksum);
    if (block.last !== last.index || block.term !== last.term)
      throw damaged(this.path, `its log ends at ${block.last}, and not at ${last.index}`, { index: last.index });
  }

  private whatIsThere({ replica, shape }: LogState): OpenedLog {
    const { clusterId, directoryId, incarnation, startNumber, hardState, commitHint, base, last } = replica;
    const known = { clusterId, directoryId, incarnation, startNumber, hardState, commitHint };
    return { ...known, base, last, ...shape, cut: "" };
  }

  private enqueue(write: LogWrite, clusterId?: ClusterId): Promise<void> {
    return new Promise((resolve, reject) => {
      this.living();
      this.queue.push({ write, ...(clusterId === undefined ? {} : { clusterId }), resolve, reject });
      if (this.running) return;
      this.running = true;
      this.drained = this.drain();
    });
  }

  /** One transaction after another until nobody waits. The first failure is the last thing that is tried (L04). */
  private async drain(): Promise<void> {
    while (this.queue.length > 0 && this.death === undefined) {
      const jobs = takeJobs(this.queue);
      try {
        await this.transact(jobs);
        for (const { resolve } of jobs) resolve();
      } catch (error) {
        this.death = error instanceof RaftError ? error : storageFailed(this.path, error);
        for (const { reject } of jobs) reject(this.death);
      }
    }
    for (const { reject } of this.queue.splice(0)) reject(this.death);
    this.running = false;
  }

  private async transact(jobs: readonly Job[]): Promise<void> {
    const transaction = new Transaction(this.state as LogState, this.database, this.path, this.checksum);
    for (const { write, clusterId } of jobs) {
      transaction.take(write);
      if (clusterId !== undefined) transaction.adopt(clusterId);
    }
    const { compactTo, resetTo, truncateFrom } = (jobs[0] as Job).write;
    if (resetTo !== undefined) this.compactTo = 0;
    this.compactTo = Math.max(this.compactTo, compactTo?.index ?? 0);
    if (
      this.compactTo > 0 &&
      resetTo === undefined &&
      truncateFrom === undefined &&
      !transaction.compact(this.compactTo)
    )
      this.compactTo = 0;
    await transaction.commit();
    this.transactions++;
    this.state = transaction.state;
  }

  private living(): LogState {
    if (this.death !== undefined) throw this.death;
    if (this.closed || this.state === undefined) throw notOpen(this.path);
    return this.state;
  }

  private async giveBack(): Promise<void> {
    await this.database.close();
    this.lock?.release();
    this.lock = undefined;
  }
}
