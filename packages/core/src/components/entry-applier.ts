import { RaftError } from "../model/errors.js";
import type { Formats } from "../model/formats.js";
import { decodeGate } from "../model/gate-layout.js";
import type { LogBlock } from "../model/log-block.js";
import type { LogId, LogIndex, Millis, Term } from "../model/log-id.js";
import type { SnapshotMeta } from "../model/snapshot-meta.js";
import type { CommandBatch, StateMachine } from "../ports/state-machine.js";
import { type ApplyBounds, isGate, nextBatch } from "./apply-batch.js";
import type { ClosureQueue } from "./closure-queue.js";
import type { EventSink } from "./event-sink.js";
import type { LogManager } from "./log-manager.js";
import { WitnessState, wasWitness } from "./witness-state.js";

const NO_BLOCKS: readonly LogBlock[] = [];

/** Who lets it call the state machine. */
interface Caller {
  /** Nothing more is called, and nobody is told anything. */
  readonly isClosed: boolean;
  /** The state holds more. */
  advanced(): void;
  /** R15: nothing more is applied here. */
  faulted(index: LogIndex, thrown: unknown): void;
}

/**
 * Applies committed entries, a batch a call (R14): out of memory, or, of those that left it, out of the log. Where the state has come
 * to is known here alone.
 */
export class EntryApplier {
  /** Batches that the state machine was given, since the start. */
  batches = 0;
  /** What the last read of the storage brought: committed, so that it stays as it is. At most `batchBytesMax`. */
  private readAhead: readonly LogBlock[] = NO_BLOCKS;
  private supersededTo: LogIndex = 0;
  private appliedIndex: LogIndex;
  private appliedTerm: Term;

  constructor(
    private readonly stateMachine: StateMachine,
    private readonly log: LogManager,
    private readonly closures: ClosureQueue,
    private readonly events: EventSink,
    private readonly bounds: ApplyBounds,
    private readonly caller: Caller,
    applied: LogId,
    private appliedLogTimeMs: Millis,
    /** F05. */
    private formats: Formats,
  ) {
    this.appliedIndex = applied.index;
    this.appliedTerm = applied.term;
  }

  /** The last entry that the state holds. */
  get appliedId(): LogId {
    return { index: this.appliedIndex, term: this.appliedTerm };
  }

  /** C03 log time of that entry, ms. */
  get logTimeMs(): Millis {
    return this.appliedLogTimeMs;
  }

  /** F05: the format that is in force where the state is. */
  get openFormat(): number {
    return this.formats.open;
  }

  /** A snapshot will be loaded that holds entries up to this one: those not applied yet are left out. */
  superseded(index: LogIndex): void {
    this.supersededTo = Math.max(this.supersededTo, index);
    // S11: it would wait behind what waits for a repair of what it replaces.
    this.log.readAgain();
  }

  /** The state is this snapshot's now. */
  loaded({ id, logTimeMs, formatVersion }: SnapshotMeta): void {
    this.closures.superseded(id.index);
    this.appliedIndex = id.index;
    this.appliedTerm = id.term;
    this.appliedLogTimeMs = logTimeMs;
    this.opened(formatVersion);
  }

  /** Whether nothing is left to apply up to `upTo`. */
  isDone(upTo: LogIndex): boolean {
    const next = this.appliedIndex + 1;
    return next > upTo || next <= this.supersededTo;
  }

  /** One more batch on the way to `upTo`. `blocks` are those of it that are in memory: the last ones. */
  apply(blocks: readonly LogBlock[], upTo: LogIndex): Promise<void> | undefined {
    const next = this.appliedIndex + 1;
    const inMemory = blocks[0]?.first ?? Number.POSITIVE_INFINITY;
    if (next >= inMemory) return this.applyBatch(blocks, next, upTo);
    const to = Math.min(upTo, inMemory - 1);
    // One read holds many batches of small entries: to read it again for each would make a replay quadratic.
    const rest = this.readAhead.findIndex(({ first, last }) => first <= next && next <= last);
    if (rest < 0) return this.applyFromStorage(next, to);
    this.readAhead = this.readAhead.slice(rest);
    return this.applyBatch(this.readAhead, next, Math.min(to, this.readAhead.at(-1)?.last ?? 0));
  }

  /** M12. */
  private get isWitness(): boolean {
    return this.stateMachine instanceof WitnessState;
  }

  private async applyFromStorage(next: LogIndex, to: LogIndex): Promise<void> {
    let blocks: readonly LogBlock[];
    try {
      blocks = this.readAhead = await this.log.read(next, this.bounds.batchBytesMax, () => next > this.supersededTo);
    } catch (error) {
      // A snapshot took the place of what was to be read: it is next in the FIFO.
      if (next <= this.supersededTo || this.caller.isClosed) return;
      throw error;
    }
    if (next <= this.supersededTo || this.caller.isClosed) return;
    await this.applyBatch(blocks, next, Math.min(to, blocks.at(-1)?.last ?? next - 1));
  }

  private applyBatch(blocks: readonly LogBlock[], from: LogIndex, upTo: LogIndex): Promise<void> | undefined {
    const { batch, taken, lastBlock } = nextBatch(blocks, from, upTo, this.bounds);
    if (taken.some(({ isBare }) => isBare) && !this.isWitness) {
      this.caller.faulted(from, wasWitness());
      return undefined;
    }
    if (isGate(lastBlock) && !this.passGate(lastBlock)) return undefined;
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
        (error: unknown) => this.caller.faulted(from, error),
      );
    } catch (error) {
      this.caller.faulted(from, error);
      return undefined;
    }
  }

  /** F05: what the gate opens may be used from here on. @returns whether this replica can go on. */
  private passGate(gate: LogBlock): boolean {
    const index = gate.first;
    if (this.isWitness) return true;
    try {
      const formatVersion = decodeGate(gate.payloadAt(index));
      if (formatVersion > this.formats.known) throw tooNew(formatVersion, this.formats.known);
      this.opened(formatVersion);
      if (!this.caller.isClosed) this.events.post({ type: "FormatOpened", formatVersion, index });
      return true;
    } catch (error) {
      this.caller.faulted(index, error);
      return false;
    }
  }

  /** A gate that an earlier leader had appended already opens nothing. */
  private opened(formatVersion: number): void {
    if (this.isWitness || formatVersion <= this.formats.open) return;
    this.formats = { ...this.formats, open: formatVersion };
    this.stateMachine.formatOpened?.(formatVersion);
  }

  private appliedBatch(
    blocks: readonly LogBlock[],
    batch: CommandBatch,
    lastBlock: LogBlock,
    results: readonly unknown[],
  ): void {
    if (results.length !== batch.count)
      return this.caller.faulted(
        batch.first,
        new Error(`apply returned ${results.length} results for ${batch.count} commands; it owes one for each`),
      );
    this.appliedIndex = batch.last;
    this.appliedTerm = lastBlock.term;
    if ((this.readAhead.at(-1)?.last ?? 0) <= batch.last) this.readAhead = NO_BLOCKS;
    this.appliedLogTimeMs = lastBlock.logTimeMs;
    if (this.caller.isClosed) return;
    this.closures.applied(blocks, batch.first, batch.last, results);
    this.events.post({ type: "Applied", upTo: batch.last });
    this.caller.advanced();
  }
}

const tooNew = (formatVersion: number, known: number): RaftError =>
  new RaftError(
    "FormatUnknown",
    "refused",
    `the group uses format ${formatVersion} from here on, and this state machine knows ${known}; install the newer release`,
    { formatVersion, known },
  );

const isPending = (results: readonly unknown[] | Promise<readonly unknown[]>): results is Promise<readonly unknown[]> =>
  !Array.isArray(results);
