import type { Millis } from "../model/log-id.js";

/** What timers need of a scheduler: RxJS's `SchedulerLike` is one, {@link SharedTimers} another. */
export interface Ticks {
  /** Monotonic, ms. */
  now(): Millis;
  /** Runs `work` once, no earlier than `delayMs` later. */
  schedule(work: () => void, delayMs: Millis): { unsubscribe(): void };
}

/**
 * G01: the deadlines of all groups of a process behind one action of the scheduler, armed for the earliest of them and never
 * closer than a tick: what is due in the same tick runs in the same macrotask, so that its messages leave together. A
 * deadline that throws is told of, and stops no other group's.
 */
export class SharedTimers implements Ticks {
  private readonly deadlines = new Set<Deadline>();
  private action: { unsubscribe(): void } | undefined;
  private actionAtMs: Millis = Number.POSITIVE_INFINITY;

  constructor(
    private readonly scheduler: Ticks,
    /** Deadlines are looked at no more often than this. ms. */
    private readonly tickMs: Millis,
    private readonly failed: (error: unknown) => void,
  ) {}

  now(): Millis {
    return this.scheduler.now();
  }

  schedule(work: () => void, delayMs: Millis): { unsubscribe(): void } {
    const deadline = { dueMs: this.now() + delayMs, work };
    this.deadlines.add(deadline);
    this.wakeBy(deadline.dueMs);
    return { unsubscribe: () => void this.deadlines.delete(deadline) };
  }

  /** Deadlines that wait: a group at rest has none (G02). */
  get waiting(): number {
    return this.deadlines.size;
  }

  /** Lets go of the scheduler; nothing fires any more. */
  close(): void {
    this.deadlines.clear();
    this.action?.unsubscribe();
    this.action = undefined;
    this.actionAtMs = Number.POSITIVE_INFINITY;
  }

  private wakeBy(dueMs: Millis): void {
    const atMs = Math.max(dueMs, this.now() + this.tickMs);
    if (atMs >= this.actionAtMs) return;
    this.action?.unsubscribe();
    this.actionAtMs = atMs;
    this.action = this.scheduler.schedule(() => this.fire(), atMs - this.now());
  }

  private fire(): void {
    this.action = undefined;
    this.actionAtMs = Number.POSITIVE_INFINITY;
    const now = this.now();
    const due: Deadline[] = [];
    for (const deadline of this.deadlines) if (deadline.dueMs <= now) due.push(deadline);
    for (const deadline of due) {
      // One that ran before it may have called it off.
      if (!this.deadlines.delete(deadline)) continue;
      try {
        deadline.work();
      } catch (error) {
        this.failed(error);
      }
    }
    let earliest = Number.POSITIVE_INFINITY;
    for (const { dueMs } of this.deadlines) earliest = Math.min(earliest, dueMs);
    if (earliest < Number.POSITIVE_INFINITY) this.wakeBy(earliest);
  }
}

interface Deadline {
  readonly dueMs: Millis;
  readonly work: () => void;
}
