import { type SchedulerAction, type SchedulerLike, Subscription } from "rxjs";
import { ActionHeap, type Due } from "./action-heap.js";
import { settle } from "./settle.js";

/** Most actions that one call of `advance` or `runUntil` runs: beyond it the run is taken for an endless loop at one instant. */
export const ACTIONS_MAX = 5_000_000;

/**
 * Time that moves only when told to: an RxJS `SchedulerLike` on a heap. It runs one action, lets every promise that this
 * woke go on (one macrotask), and only then runs the next, so that a continuation never finds itself behind a timer that
 * was due later. The same actions give the same run.
 */
export class VirtualTime implements SchedulerLike {
  private readonly heap = new ActionHeap<Pending>();
  private nowMs = 0;
  private sequence = 0;
  private running = false;
  private ran = 0;

  /** Virtual milliseconds since it began; the same for every node on it. */
  now(): number {
    return this.nowMs;
  }

  /** Actions run so far: two runs of one seed agree on it. */
  get actionsRun(): number {
    return this.ran;
  }

  /** Actions that wait, cancelled ones included. */
  get waiting(): number {
    return this.heap.size;
  }

  /** Runs `work` `delay` ms from now (0: later at this instant), with the action as `this`, as RxJS demands. */
  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    return new VirtualAction<T>(this, work).schedule(state, delay);
  }

  /** @internal */
  enqueue(delayMs: number, run: () => void): Pending {
    const pending = { dueAt: this.nowMs + Math.max(0, delayMs), sequence: this.sequence++, run, cancelled: false };
    this.heap.push(pending);
    return pending;
  }

  /** Runs everything due within the next `ms`, and leaves the clock there. */
  async advance(ms: number): Promise<void> {
    const end = this.nowMs + ms;
    await this.run(end, () => false);
    this.nowMs = Math.max(this.nowMs, end);
  }

  /**
   * Runs until `condition` holds; it is asked before the first and after each action.
   *
   * @param deadlineMs - virtual time it may take from now.
   * @param what - what is waited for, for the error.
   * @throws Error if the condition does not hold by then.
   */
  async runUntil(condition: () => boolean, deadlineMs: number, what = String(condition)): Promise<void> {
    const began = this.nowMs;
    if (await this.run(began + deadlineMs, condition)) return;
    this.nowMs = Math.max(this.nowMs, began + deadlineMs);
    if (!condition()) throw new Error(`not within ${deadlineMs} virtual ms (from ${began}): ${what}`);
  }

  /** Awaits a promise while time goes on; throws if it is not settled within `deadlineMs` of virtual time. */
  async settled<T>(promise: Promise<T>, deadlineMs: number, what = "the promise settles"): Promise<T> {
    let done = false;
    const finished = () => {
      done = true;
    };
    promise.then(finished, finished);
    await this.runUntil(() => done, deadlineMs, what);
    return promise;
  }

  private async run(endMs: number, condition: () => boolean): Promise<boolean> {
    if (this.running) throw new Error("virtual time is already running: await the earlier call first");
    this.running = true;
    try {
      await settle();
      for (let count = 0; !condition(); count++) {
        const next = this.heap.peek();
        if (next === undefined || next.dueAt > endMs) return false;
        if (count >= ACTIONS_MAX) throw new Error(`more than ${ACTIONS_MAX} actions by virtual time ${this.nowMs}`);
        this.heap.pop();
        if (next.cancelled) continue;
        this.nowMs = next.dueAt;
        this.ran++;
        next.run();
        await settle();
      }
      return true;
    } finally {
      this.running = false;
    }
  }
}

interface Pending extends Due {
  readonly run: () => void;
  cancelled: boolean;
}

class VirtualAction<T> extends Subscription implements SchedulerAction<T> {
  private pending: Pending | undefined;

  constructor(
    private readonly time: VirtualTime,
    private readonly work: (this: SchedulerAction<T>, state?: T) => void,
  ) {
    super(() => this.cancel());
  }

  schedule(state?: T, delay = 0): Subscription {
    if (this.closed) return this;
    this.cancel();
    this.pending = this.time.enqueue(delay, () => {
      this.pending = undefined;
      this.work(state);
    });
    return this;
  }

  private cancel(): void {
    if (this.pending !== undefined) this.pending.cancelled = true;
    this.pending = undefined;
  }
}
