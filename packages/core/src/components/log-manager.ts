import type { LogBlock } from "../model/log-block.js";
import { isHole } from "../model/log-hole.js";
import type { LogIndex, Millis } from "../model/log-id.js";
import type { ProtocolOptions } from "../model/options.js";
import type { Clock } from "../ports/clock.js";
import type { LogStorage } from "../ports/log-storage.js";
import type { AfterPersist, FetchEntries, Persist } from "../protocol/effect.js";
import { added, behind, NOTHING } from "../protocol/short-list.js";
import { SparseMap } from "../protocol/sparse-map.js";
import type { EventSink } from "./event-sink.js";
import { beginWrite, joinWrite, type MergedWrite, mayJoin } from "./merged-write.js";
import { messageOf } from "./message-of.js";
import type { Alarm } from "./timer-service.js";

/** L03: a read that met a hole. */
interface HeldRead {
  readonly goOn: () => void;
  readonly giveUp: () => void;
}

/** E24: how long a write may take, and who looks. */
interface Overdue {
  /** Rings {@link LogManager.checkOverdue}. */
  readonly timers: Alarm;
  readonly options: Pick<ProtocolOptions, "writeOverdueMs">;
  readonly ports: { readonly clock: Pick<Clock, "monotonic"> };
}

/**
 * Keeps the log (sofa-jraft: LogManager). **This is the place of group commit**: at most one storage write is under way,
 * and all that arrives meanwhile is the next one. One completion tells the protocol one number and then says every `then`
 * in order. If a write fails nothing more is said and nothing is tried again (L04).
 */
export class LogManager {
  private waiting: readonly MergedWrite[] = NOTHING;
  private readonly fetches = new SparseMap<string, FetchEntries>();
  private underWay: MergedWrite | undefined;
  private compactedTo: LogIndex = 0;
  private closed = false;
  private idle: readonly (() => void)[] = NOTHING;
  private writes = 0;
  private overdue: Overdue | undefined;
  /** All writes together, from order to durable. */
  private writeMs: Millis = 0;
  private persists = 0;
  /** L03: reads that met a hole. */
  private held: readonly HeldRead[] = NOTHING;

  constructor(
    private readonly storage: LogStorage,
    private readonly sayer: { say(order: AfterPersist): void },
    private readonly events: EventSink,
  ) {}

  /** E24: says when a write is under way for longer than `writeOverdueMs`. */
  use(overdue: Overdue): void {
    this.overdue = overdue;
  }

  /** E24: looks how long the write under way takes by now. */
  checkOverdue(): void {
    const { overdue } = this;
    const { underWay } = this;
    if (overdue === undefined || underWay === undefined || this.closed) return;
    const afterMs = overdue.options.writeOverdueMs;
    const forMs = overdue.ports.clock.monotonic() - underWay.beganMs;
    if (forMs >= afterMs) this.events.post({ type: "WriteOverdue", forMs });
    else overdue.timers.atMost(underWay.beganMs + afterMs);
  }

  /** Takes a write; it reaches the storage with {@link flush}, or with the end of the one under way. */
  persist(order: Persist): void {
    if (this.closed) return;
    this.persists++;
    const tail = this.waiting.at(-1);
    if (tail !== undefined && mayJoin(tail, order)) joinWrite(tail, order);
    else this.waiting = added(this.waiting, beginWrite(order));
  }

  /** End of the turn: what it wanted durable goes to the disk in one write, if none is under way. */
  flush(): void {
    while (this.underWay === undefined && !this.closed) {
      const [batch] = this.waiting;
      if (batch === undefined) return;
      this.waiting = behind(this.waiting, 1);
      if (batch.hasContent) this.write(batch);
      else this.complete(batch);
    }
  }

  /** Reads entries back for a slow follower, one request per peer at a time: a newer one takes the place of a waiting one. */
  fetch(order: FetchEntries): void {
    if (this.closed) return;
    const running = this.fetches.has(order.to);
    this.fetches.set(order.to, order);
    if (!running) void this.fetchFor(order.to);
  }

  /**
   * Blocks from `from` on, in order and without a gap, for the state machine: never empty. What was lost is waited for (L03) for as long as
   * it `isWanted`.
   */
  async read(from: LogIndex, bytesMax: number, isWanted: () => boolean): Promise<readonly LogBlock[]> {
    for (;;) {
      try {
        return await this.storage.read(from, bytesMax);
      } catch (error) {
        if (!isHole(error) || this.closed || !isWanted()) throw error;
        await new Promise<void>((goOn, giveUp) => {
          this.held = this.held.concat({ goOn, giveUp: () => giveUp(error) });
        });
      }
    }
  }

  /** L03: what was lost may be there again, or not be wanted any more. */
  readAgain(): void {
    for (const { goOn } of this.letGoOfHeld()) goOn();
  }

  /** Nobody waits for a repair any more: what was lost counts as lost. */
  stopWaiting(): void {
    this.closed = true;
    for (const { giveUp } of this.letGoOfHeld()) giveUp();
  }

  /** Nothing more is written or said. Resolves when the write under way has ended, however it ends. */
  async close(): Promise<void> {
    this.stopWaiting();
    this.waiting = NOTHING;
    if (this.underWay !== undefined) await new Promise<void>((resolve) => (this.idle = added(this.idle, resolve)));
  }

  /** O01. */
  describe(): Readonly<Record<string, unknown>> {
    const { writes, writeMs, persists, waiting, underWay, fetches } = this;
    return {
      writes,
      writeMs,
      persists,
      waitingWrites: waiting.length,
      underWay: underWay !== undefined,
      fetchesUnderWay: fetches.size,
    };
  }

  private letGoOfHeld(): readonly HeldRead[] {
    const { held } = this;
    this.held = NOTHING;
    return held;
  }

  private write(batch: MergedWrite): void {
    this.underWay = batch;
    this.writes++;
    const { overdue } = this;
    if (overdue !== undefined) {
      batch.beganMs = overdue.ports.clock.monotonic();
      overdue.timers.atMost(batch.beganMs + overdue.options.writeOverdueMs);
    }
    this.compactedTo = Math.max(batch.write.resetTo?.index ?? 0, batch.write.compactTo?.index ?? 0, this.compactedTo);
    this.storage.write(batch.write).then(
      () => this.written(batch),
      (error: unknown) => this.failed(error),
    );
  }

  private written(batch: MergedWrite): void {
    this.underWay = undefined;
    if (this.overdue !== undefined) this.writeMs += this.overdue.ports.clock.monotonic() - batch.beganMs;
    if (this.closed) return this.ended();
    this.complete(batch);
    this.flush();
  }

  private complete(batch: MergedWrite): void {
    // First: the protocol may act on its own ballot only when it knows that the ballot is durable (E02).
    this.events.post({ type: "LogPersisted", number: batch.lastNumber });
    if (batch.then.length === 0) return;
    this.events.inNextTurn(() => {
      if (!this.closed) for (const order of batch.then) this.sayer.say(order);
    });
  }

  private failed(error: unknown): void {
    this.underWay = undefined;
    if (this.closed) return this.ended();
    this.closed = true;
    this.waiting = NOTHING;
    this.events.post({ type: "StorageFailed", reason: messageOf(error) });
  }

  private ended(): void {
    const { idle } = this;
    this.idle = NOTHING;
    for (const resolve of idle) resolve();
  }

  private async fetchFor(to: string): Promise<void> {
    for (let order = this.fetches.get(to); order !== undefined && !this.closed; ) {
      const { from, term, bytesMax } = order;
      let blocks: readonly LogBlock[] = [];
      try {
        // What was compacted meanwhile is no damage: the peer gets a snapshot.
        if (from > this.compactedTo) blocks = await this.storage.read(from, bytesMax);
      } catch (error) {
        this.fetches.delete(to);
        // L03: whoever asked for it leads no longer, or is about to hear why it must not.
        if (isHole(error)) return;
        if (!this.closed && from > this.compactedTo)
          return this.events.post({ type: "StorageFailed", reason: messageOf(error) });
      }
      if (this.closed) return;
      this.events.post({ type: "EntriesFetched", to, term, from, blocks });
      const newer = this.fetches.get(to);
      order = newer === order ? undefined : newer;
    }
    this.fetches.delete(to);
  }
}
