import { RaftError } from "../model/errors.js";
import type { LogBlock } from "../model/log-block.js";
import type { LogId, LogIndex, Millis } from "../model/log-id.js";
import type { SnapshotMeta } from "../model/snapshot-meta.js";
import type { Logger } from "../ports/logger.js";
import type { CommandBatch, StateMachine } from "../ports/state-machine.js";
import type { Apply, TellStateMachine } from "../protocol/effect.js";
import { Fifo } from "../protocol/fifo.js";
import { type ApplyBounds, nextBatch } from "./apply-batch.js";
import type { ClosureQueue } from "./closure-queue.js";
import type { EventSink } from "./event-sink.js";
import type { LogManager } from "./log-manager.js";
import { messageOf } from "./message-of.js";
import { tellStateMachine } from "./tell-state-machine.js";
import { WitnessState, wasWitness } from "./witness-state.js";

/** State-machine calls in a row before timers and sockets have their turn again. */
export const CALLS_PER_TURN_MAX = 64;

const NO_BLOCKS: readonly LogBlock[] = [];

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
  private reads: WaitingRead[] = [];
  private busy = false;
  private readonly idle: (() => void)[] = [];
  /** What the last read of the storage brought: committed, so that it stays as it is. At most `batchBytesMax`. */
  private readAhead: readonly LogBlock[] = NO_BLOCKS;
  private calls = 0;
  /** Batches that the state machine was given, since the start. */
  private batches = 0;
  private ordered: LogIndex;
  private supersededTo: LogIndex = 0;
  private fault: RaftError | undefined;
  private closed = false;
  /** M12. */
  private readonly isWitness: boolean;

  constructor(
    private readonly stateMachine: StateMachine,
    private readonly log: LogManager,
    private readonly closures: ClosureQueue,
    private readonly events: EventSink,
    private readonly bounds: ApplyBounds,
    private readonly logger: Logger,
    /** What the state holds already. */
    private applied: LogId,
    /** Its log time, ms. */
    private appliedLogTimeMs: Millis,
  ) {
    this.ordered = applied.index;
    this.isWitness = stateMachine instanceof WitnessState;
  }

  /** The last entry that the state holds. */
  get appliedId(): LogId {
    return this.applied;
  }

  /** C03 log time of that entry, ms. */
  get logTimeMs(): Millis {
    return this.appliedLogTimeMs;
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
    this.supersededTo = Math.max(this.supersededTo, meta.id.index);
    this.enqueue({ kind: "load", meta, run });
  }

  /** Runs something between two calls of the state machine; `failed` is called instead if there will be no such moment. */
  call(run: Call, failed: (error: RaftError) => void): void {
    this.enqueue({ kind: "call", run, failed });
  }

  /** Runs a read once everything up to `index` is applied (Q01). */
  readAt(index: LogIndex, run: Call, failed: (error: RaftError) => void): void {
    if (index <= this.ordered || this.fault !== undefined || this.closed) this.call(run, failed);
    else this.reads.push({ index, run, failed });
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
    if (this.busy) await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  /** O01. */
  describe(): Readonly<Record<string, unknown>> {
    return {
      jobs: this.jobs.length,
      batches: this.batches,
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
    if (this.closed) for (const resolve of this.idle.splice(0)) resolve();
    while (!this.busy && !this.closed && this.fault === undefined) {
      const job = this.jobs.first;
      if (job === undefined) return;
      if (this.calls >= CALLS_PER_TURN_MAX) return this.rest();
      this.calls++;
      const pending = this.work(job);
      if (pending !== undefined) return this.wait(pending);
    }
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
      this.faulted(this.applied.index + 1, error);
      ended();
    });
  }

  /** Does a job, or the next piece of it; takes it off the FIFO when nothing of it is left. */
  private work(job: Job): Promise<void> | undefined {
    switch (job.kind) {
      case "apply":
        return this.applyNext(job);
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
    this.closures.superseded(meta.id.index);
    this.applied = meta.id;
    this.appliedLogTimeMs = meta.logTimeMs;
    this.events.post({ type: "SnapshotLoaded", meta });
    this.releaseReads();
  }

  private applyNext(job: Job & { kind: "apply" }): Promise<void> | undefined {
    const next = this.applied.index + 1;
    if (next > job.upTo || next <= this.supersededTo) {
      this.jobs.shift();
      return undefined;
    }
    const { blocks, upTo } = job;
    const inMemory = blocks[0]?.first ?? Number.POSITIVE_INFINITY;
    if (next >= inMemory) return this.applyBatch(blocks, next, upTo);
    const to = Math.min(upTo, inMemory - 1);
    // One read holds many batches of small entries: to read it again for each would make a replay quadratic.
    const rest = this.readAhead.findIndex(({ first, last }) => first <= next && next <= last);
    if (rest < 0) return this.applyFromStorage(next, to);
    this.readAhead = this.readAhead.slice(rest);
    return this.applyBatch(this.readAhead, next, Math.min(to, this.readAhead.at(-1)?.last ?? 0));
  }

  private async applyFromStorage(next: LogIndex, to: LogIndex): Promise<void> {
    let blocks: readonly LogBlock[];
    try {
      blocks = this.readAhead = await this.log.read(next, this.bounds.batchBytesMax);
    } catch (error) {
      // A snapshot took the place of what was to be read: it is next in the FIFO.
      if (next <= this.supersededTo || this.closed) return;
      throw error;
    }
    if (next <= this.supersededTo || this.closed) return;
    await this.applyBatch(blocks, next, Math.min(to, blocks.at(-1)?.last ?? next - 1));
  }

  private applyBatch(blocks: readonly LogBlock[], from: LogIndex, upTo: LogIndex): Promise<void> | undefined {
    const { batch, taken, lastBlock } = nextBatch(blocks, from, upTo, this.bounds);
    if (!this.isWitness && taken.some(({ isBare }) => isBare)) {
      this.faulted(from, wasWitness());
      return undefined;
    }
    if (batch.count === 0) {
      this.appliedBatch(taken, batch, lastBlock, []);
      return undefined;
    }
    this.batches++;
    try {
      const results = this.stateMachine.apply(batch);
      if (!isPending(results)) {
        this.appliedBatch(taken, batch, lastBlock, results);
        return undefined;
      }
      return results.then(
        (settled) => this.appliedBatch(taken, batch, lastBlock, settled),
        (error: unknown) => this.faulted(from, error),
      );
    } catch (error) {
      this.faulted(from, error);
      return undefined;
    }
  }

  private appliedBatch(
    blocks: readonly LogBlock[],
    batch: CommandBatch,
    lastBlock: LogBlock,
    results: readonly unknown[],
  ): void {
    if (results.length !== batch.count)
      return this.faulted(
        batch.first,
        new Error(`apply returned ${results.length} results for ${batch.count} commands; it owes one for each`),
      );
    this.applied = { index: batch.last, term: lastBlock.term };
    if ((this.readAhead.at(-1)?.last ?? 0) <= batch.last) this.readAhead = NO_BLOCKS;
    this.appliedLogTimeMs = lastBlock.logTimeMs;
    if (this.closed) return;
    this.closures.applied(blocks, batch.first, batch.last, results);
    this.events.post({ type: "Applied", upTo: batch.last });
    this.releaseReads();
  }

  private releaseReads(): void {
    if (this.reads.length === 0) return;
    const applied = this.applied.index;
    const ready = this.reads.filter((read) => read.index <= applied);
    if (ready.length === 0) return;
    this.reads = this.reads.filter((read) => read.index > applied);
    for (const { run, failed } of ready) this.jobs.push({ kind: "call", run, failed });
  }

  private faulted(index: LogIndex, thrown: unknown): void {
    if (this.closed || this.fault !== undefined) return;
    const reason = messageOf(thrown);
    this.fault = new RaftError(
      "StateMachineFaulted",
      "unknown",
      `The state machine of this node faulted at entry ${index} (${reason}); restart the node, or ask another one.`,
      { index },
    );
    this.logger.error("the state machine faulted; nothing more is applied here", { index, reason });
    this.closures.abandon({ type: "AbandonProposals", above: this.applied.index, error: this.fault });
    this.drop(unavailable(this.fault));
    this.events.post({ type: "StateMachineFaulted", index, reason });
  }

  private drop(error: RaftError): void {
    for (let job = this.jobs.shift(); job !== undefined; job = this.jobs.shift())
      if (job.kind === "call") job.failed(error);
    for (const read of this.reads.splice(0)) read.failed(error);
  }
}

const isPending = (results: readonly unknown[] | Promise<readonly unknown[]>): results is Promise<readonly unknown[]> =>
  !Array.isArray(results);

/** For those who wanted to ask a state machine that faulted: nothing of theirs was done. */
const unavailable = ({ message, details }: RaftError): RaftError =>
  new RaftError("StateMachineFaulted", "refused", message, details);

const stopped = (): RaftError =>
  new RaftError("Stopped", "refused", "The node stopped before it could ask the state machine.");
