import { type SchedulerAction, type SchedulerLike, Subscription } from "rxjs";
import type { RandomSource } from "../../../src/ports/random-source.js";

/** A Scheduler whose time the test moves. */
export class ManualTime implements SchedulerLike {
  private nowMs = 1_000;
  private actions: { at: number; run: () => void }[] = [];
  /** Actions ever scheduled. */
  scheduled = 0;

  now(): number {
    return this.nowMs;
  }

  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    this.scheduled++;
    const action = { at: this.nowMs + delay, run: () => work.call(undefined as unknown as SchedulerAction<T>, state) };
    this.actions.push(action);
    return new Subscription(() => {
      this.actions = this.actions.filter((each) => each !== action);
    });
  }

  /** Actions that wait. */
  get pending(): number {
    return this.actions.length;
  }

  /** The process stands still: time passes, and nothing runs. */
  standStill(ms: number): void {
    this.nowMs += ms;
  }

  /** Lets time pass; what falls due runs at its own instant. */
  advance(ms: number): void {
    const end = this.nowMs + ms;
    for (;;) {
      const next = this.actions.reduce<{ at: number; run: () => void } | undefined>(
        (first, each) => (first === undefined || each.at < first.at ? each : first),
        undefined,
      );
      if (next === undefined || next.at > end) break;
      this.actions = this.actions.filter((each) => each !== next);
      this.nowMs = Math.max(this.nowMs, next.at);
      next.run();
    }
    this.nowMs = end;
  }
}

/** Draws what the test wrote down, in turn, and then always the last. */
export const drawing = (...draws: number[]): RandomSource & { readonly drawn: number } => {
  let drawn = 0;
  return {
    get drawn() {
      return drawn;
    },
    next: () => draws[Math.min(drawn++, draws.length - 1)] ?? 0,
    hex: (bytes) => (++drawn).toString(16).padStart(bytes * 2, "0"),
  };
};
