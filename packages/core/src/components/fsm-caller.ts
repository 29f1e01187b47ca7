import { RaftError } from "../model/errors.js";
import type { Formats } from "../model/formats.js";
import type { LogBlock } from "../model/log-block.js";
import type { LogId, LogIndex, Millis } from "../model/log-id.js";
import type { SnapshotMeta } from "../model/snapshot-meta.js";
import type { Logger } from "../ports/logger.js";
import type { StateMachine } from "../ports/state-machine.js";
import type { Apply, TellStateMachine } from "../protocol/effect.js";
import { Fifo } from "../protocol/fifo.js";
import { added, NOTHING } from "../protocol/short-list.js";
import type { ApplyBounds } from "./apply-batch.js";
import type { ClosureQueue } from "./closure-queue.js";
import { EntryApplier } from "./entry-applier.js";
import type { EventSink } from "./event-sink.js";
import type { LogManager } from "./log-manager.js";
import { messageOf } from "./message-of.js";
import { tellStateMachine } from "./tell-state-machine.js";

/** State-machine calls in a row before timers and sockets have their turn again. */
export const CALLS_PER_TURN_MAX = 64;

/** One call of the state machine; a promise if it is not over when it returns. */
export type Call = () => Promise<void> | undefined;

/** Work in the FIFO. */
type Job =
  | { readonly kind: "apply"; readonly upTo: LogIndex; readonly blocks: readonly LogBlock[] }
  | { readonly kind: "load"; readonly meta: SnapshotMeta; readonly run: () => Promise<void> }
  | { readonly kind: "call"; readonly run: Call; readonly failed: (error: RaftError) => void };

/** A query that waits until everything up to `index` is applied. */
interface WaitingRead {
  readonly index: LogIndex;
  readonly run: Call;
  readonly failed: (error: RaftError) => void;
}

/**
 * Calls the state machine (sofa-jraft: FSMCaller): one FIFO for commands, snapshot save points, snapshot loads, reads and
 * notices, never two calls at once. A state machine that answers without a promise is called without one. What it throws
 * while it applies is a fault: nothing more is applied here, and nobody is told anything any more (R15).
 */
export class FsmCaller {
  private readonly jobs = new Fifo<Job>();
  private reads: readonly WaitingRead[] = NOTHING;
  private busy = false;
  private idle: readonly (() => void)[] = NOTHING;
  private calls = 0;
  private ordered: LogIndex;
  private fault: RaftError | undefined;
  private closed = false;
  private readonly applier: EntryApplier;

  constructor(
    private readonly stateMachine: StateMachine,
    log: LogManager,
    private readonly closures: ClosureQueue,
    private readonly events: EventSink,
    bounds: ApplyBounds,
    private readonly logger: Logger,
    /** What the state holds already. */
    applied: LogId,
    /** Its log time, ms. */
    appliedLogTimeMs: Millis,
    /** F05: what it can read and write, and what is in force. */
    formats: Formats,
  ) {
    this.ordered = applied.index;
    this.applier = new EntryApplier(
      stateMachine,
      log,
      closures,
      events,
      bounds,
      this,
      applied,
      appliedLogTimeMs,
      formats,
    );
  }

  /** The last entry that the state holds. */
  get appliedId(): LogId {
    return this.applier.appliedId;
  }

  /** C03 log time of that entry, ms. */
  get logTimeMs(): Millis {
    return this.applier.logTimeMs;
  }

  /** F05: the format that is in force where the state is. */
  get openFormat(): number {
    return this.applier.openFormat;
  }

  /** Whether nothing more is called. */
  get isClosed(): boolean {
    return this.closed;
  }

  /** A new turn: timers and sockets had their chance. */
  turnBegan(): void {
    this.calls = 0;
  }

  /** Hands committed entries to the state machine, in their turn. */
  apply({ upTo, blocks }: Apply): void {
    if (upTo <= this.ordered) return;
    this.ordered = upTo;
    this.enqueue({ kind: "apply", upTo, blocks });
  }

  /** Replaces the state, in its turn. Commands queued before it that it holds anyway are left out. */
  load(meta: SnapshotMeta, run: () => Promise<void>): void {
    this.ordered = Math.max(this.ordered, meta.id.index);
    this.applier.superseded(meta.id.index);
    this.enqueue({ kind: "load", meta, run });
  }

  /** Runs something between two calls of the state machine; `failed` is called instead if there will be no such moment. */
  call(run: Call, failed: (error: RaftError) => void): void {
    this.enqueue({ kind: "call", run, failed });
  }

  /** Runs a read once everything up to `index` is applied (Q01). */
  readAt(index: LogIndex, run: Call, failed: (error: RaftError) => void): void {
    if (index <= this.ordered || this.fault !== undefined || this.closed) this.call(run, failed);
    else this.reads = added(this.reads, { index, run, failed });
  }

  /** Tells the state machine something. What it throws then is logged: it concerns no entry. */
  tell({ what }: TellStateMachine): void {
    this.call(
      () => {
        try {
          tellStateMachine(this.stateMachine, what);
        } catch (error) {
          this.logger.error(`the state machine threw in ${what.call}; the node goes on`, { reason: messageOf(error) });
        }
        return undefined;
      },
      () => {},
    );
  }

  /** Nothing more is called. Resolves when the call under way has ended. */
  async close(): Promise<void> {
    this.closed = true;
    this.drop(stopped());
    if (this.busy) await new Promise<void>((resolve) => (this.idle = added(this.idle, resolve)));
  }

  /** O01. */
  describe(): Readonly<Record<string, unknown>> {
    return {
      jobs: this.jobs.length,
      batches: this.applier.batches,
      waitingReads: this.reads.length,
      fault: this.fault?.message ?? "",
    };
  }

  private enqueue(job: Job): void {
    if (this.fault !== undefined || this.closed) {
      if (job.kind === "call") job.failed(this.fault === undefined ? stopped() : unavailable(this.fault));
      return;
    }
    this.jobs.push(job);
    this.pump();
  }

  private pump(): void {
    if (this.closed) this.ended();
    while (!this.busy && !this.closed && this.fault === undefined) {
      const job = this.jobs.first;
      if (job === undefined) return;
      if (this.calls >= CALLS_PER_TURN_MAX) return this.rest();
      this.calls++;
      const pending = this.work(job);
      if (pending !== undefined) return this.wait(pending);
    }
  }

  private ended(): void {
    const { idle } = this;
    this.idle = NOTHING;
    for (const resolve of idle) resolve();
  }

  /** Goes on in the next turn: a long replay must not keep heartbeats waiting (S08). */
  private rest(): void {
    this.busy = true;
    this.events.inNextTurn(() => {
      this.busy = false;
      this.pump();
    });
  }

  private wait(pending: Promise<void>): void {
    this.busy = true;
    const ended = (): void => {
      this.busy = false;
      this.pump();
    };
    pending.then(ended, (error: unknown) => {
      this.faulted(this.appliedId.index + 1, error);
      ended();
    });
  }

  /** Does a job, or the next piece of it; takes it off the FIFO when nothing of it is left. */
  private work(job: Job): Promise<void> | undefined {
    switch (job.kind) {
      case "apply":
        if (!this.applier.isDone(job.upTo)) return this.applier.apply(job.blocks, job.upTo);
        this.jobs.shift();
        return undefined;
      case "load":
        this.jobs.shift();
        return this.runLoad(job.meta, job.run);
      case "call":
        this.jobs.shift();
        return job.run();
      default:
        return job satisfies never;
    }
  }

  private async runLoad(meta: SnapshotMeta, run: () => Promise<void>): Promise<void> {
    await run();
    this.applier.loaded(meta);
    this.events.post({ type: "SnapshotLoaded", meta });
    this.advanced();
  }

  /** The state holds more: reads that waited for it are next. */
  advanced(): void {
    if (this.reads.length === 0) return;
    const applied = this.appliedId.index;
    const ready = this.reads.filter((read) => read.index <= applied);
    if (ready.length === 0) return;
    const early = this.reads.filter((read) => read.index > applied);
    this.reads = early.length === 0 ? NOTHING : early;
    for (const { run, failed } of ready) this.jobs.push({ kind: "call", run, failed });
  }

  /** R15: nothing more is applied here, and callers hear *unknown*. */
  faulted(index: LogIndex, thrown: unknown): void {
    if (this.closed || this.fault !== undefined) return;
    const reason = messageOf(thrown);
    this.fault = new RaftError(
      "StateMachineFaulted",
      "unknown",
      `The state machine of this node faulted at entry ${index} (${reason}); restart the node, or ask another one.`,
      { index },
    );
    this.logger.error("the state machine faulted; nothing more is applied here", { index, reason });
    this.closures.abandon({ type: "AbandonProposals", above: this.appliedId.index, error: this.fault });
    this.drop(unavailable(this.fault));
    this.events.post({ type: "StateMachineFaulted", index, reason });
  }

  private drop(error: RaftError): void {
    for (let job = this.jobs.shift(); job !== undefined; job = this.jobs.shift())
      if (job.kind === "call") job.failed(error);
    const { reads } = this;
    this.reads = NOTHING;
    for (const read of reads) read.failed(error);
  }
}

/** For those who wanted to ask a state machine that faulted: nothing of theirs was done. */
const unavailable = ({ message, details }: RaftError): RaftError =>
  new RaftError("StateMachineFaulted", "refused", message, details);

const stopped = (): RaftError =>
  new RaftError("Stopped", "refused", "The node stopped before it could ask the state machine.");
