import { type Checksum, type LogIndex, RaftError, type Scheduler } from "@hexraft/core/ports";
import { closedAlready, storageFailed } from "../format/faults.js";
import { writeFully } from "../format/small-file.js";
import { batchBytes, layBatch } from "./batch.js";
import { BatchDesk } from "./batch-desk.js";
import type { Book, Pen } from "./book.js";
import { type Job, takeJobs } from "./job.js";
import type { DurablePlace, LogMark } from "./log-mark.js";
import { NextSegment } from "./next-segment.js";
import { type GroupOperation, payloadBytes, RECORD_HEADER_BYTES } from "./record.js";
import type { Segment } from "./segment.js";
import type { SegmentFiles } from "./segment-files.js";
import type { Chain } from "./segment-footer.js";
import { type LogOwner, SEGMENT_HEADER_BYTES } from "./segment-header.js";
import type { RebuildParts } from "./segment-rebuild.js";
import { Silence } from "./silence.js";
import type { WritePlan } from "./write-plan.js";

/** L02: the last batch is sealed when nothing was written for so long. */
const SEAL_AFTER_MS = 5;
/** L03: a log that never falls silent says after so many bytes where it stands. */
const STANDING_EVERY_BYTES = 256 * 1024;
/** L03: how far the log is durable is written down so long after it became so, at the latest. */
const MARK_AFTER_MS = 1_000;

/** All logs of a process share it: a batch is with the host before anybody else has a turn. */
const desk = new BatchDesk();

/** What the writer works with. */
export interface WriterParts {
  readonly files: SegmentFiles;
  readonly mark: LogMark;
  readonly checksum: Checksum;
  readonly scheduler: Scheduler;
  readonly startNumber: number;
  /** Asked for each new segment: the cluster may have been adopted meanwhile. */
  readonly owner: () => LogOwner;
  /** G01: a first batch waits for what else its turn writes; absent: it leaves at once. */
  readonly joinsTurn?: boolean;
  /** L04: told once, with the first error. */
  readonly died?: (reason: RaftError) => void;
}

/** Where a log stands when its writer begins. */
export interface WriterStart {
  readonly chain: Omit<Chain, "sequence">;
  /** The segment after the active one, if it was made already. */
  readonly next: Segment | undefined;
}

/**
 * The one hand that appends. Whatever is asked for while a batch is on its way to the disk is the next batch: one writev, one
 * fsync, and then its callers are answered in order (L01). The first error is the last thing this writer does (L04).
 */
export class LogWriter {
  /** Batches written since it was opened. */
  batches = 0;
  /** What was asked for last. */
  newest: Promise<void> = Promise.resolve();
  private chain: Omit<Chain, "sequence">;
  private readonly next: NextSegment;
  private readonly queue: Job[] = [];
  /** True from a first write on until the queue is seen empty: in that very instant the next write must find it false. */
  private running = false;
  private drained: Promise<void> = Promise.resolve();
  private background: Promise<void> = Promise.resolve();
  private readonly pen: Pen;
  private death: RaftError | undefined;
  private closing = false;
  private unsealed = false;
  private lastBatchBytes = 0;
  /** L03: where the batch ends that last said where the log stands. */
  private stoodAt = 0;
  private readonly silence: Silence;
  private markTimer: { unsubscribe(): void } | undefined;
  private durable: DurablePlace = { segment: 0, end: 0 };
  /** L03: the active segment is damaged, and closed before anything more is written. */
  private mustClose = false;

  constructor(
    private readonly parts: WriterParts,
    private readonly book: Book,
    start: WriterStart,
  ) {
    this.chain = start.chain;
    this.pen = {
      files: parts.files,
      isClosing: () => this.closing,
      append: (operations) => this.append(operations),
      inBackground: (work) => this.inBackground(work),
    };
    this.next = new NextSegment(this.pen, book, parts.owner, start.next);
    this.silence = new Silence(
      parts.scheduler,
      SEAL_AFTER_MS,
      () => this.unsealed && !this.closing && this.death === undefined && !this.running,
      () => void this.append([]).catch(() => {}),
    );
  }

  get active(): Segment {
    return this.book.active;
  }

  /** Why it is dead, if it is (L04). */
  get failure(): RaftError | undefined {
    return this.death;
  }

  /** Segments laid over files that were used before. */
  get recycled(): number {
    return this.parts.files.recycled;
  }

  /** Writes asked for and not yet durable. */
  get waiting(): number {
    return this.queue.length;
  }

  /**
   * Appends a first batch, which seals all that was found, and makes the next segment ready.
   *
   * @param isDamaged - L03: the active segment is, and closed first.
   */
  async begin(isDamaged = false): Promise<void> {
    this.mustClose = isDamaged;
    await this.append([]);
    this.next.prepare();
  }

  /** L03: nothing more is appended to the active segment: only closed ones can be laid anew. */
  async closeActive(): Promise<void> {
    this.mustClose = true;
    await this.append([]);
  }

  /** L03: does to the files what no batch does, behind what is under way in the background; rejects if the writer is dead, or dies of it. */
  async maintain(work: (parts: RebuildParts) => Promise<void>): Promise<void> {
    const { files, checksum, startNumber, owner } = this.parts;
    this.inBackground(() => work({ files, checksum, startNumber, owner: owner() }));
    await this.background;
    if (this.death !== undefined) throw this.death;
  }

  /** Writes what `plan` makes of it, together with its neighbours; resolves when it is durable. */
  write(plan: () => WritePlan, compactTo?: LogIndex): Promise<void> {
    if (this.closing) return Promise.reject(closedAlready(this.parts.files.directory));
    if (this.death !== undefined) return Promise.reject(this.death);
    try {
      return this.append(plan().operations, compactTo);
    } catch (error) {
      return Promise.reject(this.fail(error));
    }
  }

  /** Flushes, seals, and gives the files back. */
  async close(): Promise<void> {
    this.closing = true;
    await this.drained;
    this.silence.end();
    this.markTimer?.unsubscribe();
    if (this.unsealed && this.death === undefined) await this.append([]).catch(() => {});
    this.writeMark();
    await this.background;
    this.parts.mark.close();
    this.book.close();
    this.next.close();
  }

  private append(operations: readonly GroupOperation[], compactTo: LogIndex = 0): Promise<void> {
    let bytes = 0;
    for (const { operation } of operations) bytes += RECORD_HEADER_BYTES + payloadBytes(operation);
    this.newest = new Promise<void>((resolve, reject) => {
      if (this.death !== undefined) return reject(this.death);
      this.queue.push({ operations, bytes, compactTo, resolve, reject });
      if (this.running) return;
      this.running = true;
      this.drained = this.drain();
    });
    return this.newest;
  }

  private async drain(): Promise<void> {
    let jobs: Job[] = [];
    if (this.parts.joinsTurn === true) await Promise.resolve();
    try {
      while (this.queue.length > 0 && this.death === undefined) {
        jobs = takeJobs(this.queue);
        const operations: GroupOperation[] = [];
        for (const job of jobs) for (const operation of job.operations) operations.push(operation);
        if (this.mustRoll(batchBytes(operations))) await this.roll();
        await this.writeBatch(operations);
        for (const job of jobs) job.resolve();
        const done = jobs;
        jobs = [];
        this.book.written(done, this.pen);
        this.next.layOut(() => !this.closing && this.death === undefined);
      }
      if (this.unsealed && !this.closing) this.silence.begin();
      this.armMark();
    } catch (error) {
      const death = this.fail(error);
      for (const job of jobs) job.reject(death);
    } finally {
      this.running = false;
    }
  }

  private async writeBatch(asked: readonly GroupOperation[]): Promise<void> {
    const { active, chain, book } = this;
    const begins = active.end === SEGMENT_HEADER_BYTES;
    // L03: a batch that says nothing else seals the others, so that it is the one that has to be found behind damage.
    const standsDue = asked.length === 0 || active.end - this.stoodAt >= STANDING_EVERY_BYTES;
    const admitted = book.admit(asked);
    const repeated = begins ? book.carriedOver() : standsDue ? book.standing() : [];
    const operations = repeated.length === 0 ? admitted : [...repeated, ...admitted];
    const head = {
      segment: active.number,
      generation: active.generation,
      offset: active.end,
      sealedUpTo: active.end,
      number: chain.number + 1,
      previous: chain.checksum,
      startNumber: this.parts.startNumber,
    };
    const laid = layBatch(head, operations, (group) => book.next(group), this.parts.checksum, desk);
    book.took(laid.placed);
    writeFully(active.handle, laid.buffers, active.end);
    active.end += laid.length;
    if (begins || standsDue) this.stoodAt = active.end;
    this.lastBatchBytes = laid.length;
    active.size = Math.max(active.size, active.end);
    this.chain = { number: head.number, checksum: laid.checksum };
    await active.handle.datasync();
    this.batches++;
    this.durable = { segment: active.number, end: active.end };
    this.unsealed = (begins ? operations : admitted).length > 0;
  }

  private mustRoll(bytes: number): boolean {
    const { active, next } = this;
    if (this.mustClose) return true;
    if (active.end === SEGMENT_HEADER_BYTES) return false;
    return next.isBetterReady || active.end + bytes > this.parts.files.segmentBytesMax;
  }

  /** Closes the active segment: its foot is durable before anything is written behind it (L02, L06). */
  private async roll(): Promise<void> {
    if (this.next.segment === undefined) {
      this.next.prepare();
      await this.background;
    }
    const { active } = this;
    const next = this.next.segment;
    if (this.death !== undefined || next === undefined) throw this.death ?? new Error("no next segment");
    active.closed = true;
    const foot = this.book.foot(this.chain, this.parts.checksum);
    if (foot.length > 0)
      writeFully(active.handle, [foot], Math.max(active.handle.size() - foot.length, active.keptTo, active.end));
    await active.handle.datasync();
    this.book.push(next);
    this.mustClose = false;
    this.next.taken();
  }

  /** Of a log that is written to without a pause the first write after each mark begins the wait for the next. */
  private armMark(): void {
    if (this.closing) return;
    this.markTimer ??= this.parts.scheduler.schedule(() => {
      this.markTimer = undefined;
      this.writeMark();
    }, MARK_AFTER_MS);
  }

  private writeMark(): void {
    this.inBackground(() => this.parts.mark.write(this.durable));
  }

  private inBackground(work: () => Promise<void>): void {
    this.background = this.background
      .then(() => (this.death === undefined ? work() : undefined))
      .catch((error: unknown) => void this.fail(error));
  }

  private fail(error: unknown): RaftError {
    if (this.death === undefined) {
      this.death = error instanceof RaftError ? error : storageFailed(this.active.path, error);
      this.parts.died?.(this.death);
    }
    for (const job of this.queue.splice(0)) job.reject(this.death);
    return this.death;
  }
}
