import type { Scheduler } from "@hexraft/core/ports";

interface Waiting {
  readonly due: number;
  readonly work: () => void;
}

/** Time that passes when the test says so. */
export class ManualScheduler {
  private time = 0;
  private waiting: Waiting[] = [];

  /** How many actions wait. */
  get armed(): number {
    return this.waiting.length;
  }

  /** Lets time pass, and runs what becomes due. */
  pass(ms: number): void {
    this.time += ms;
    const due = this.waiting.filter((action) => action.due <= this.time);
    this.waiting = this.waiting.filter((action) => action.due > this.time);
    for (const { work } of due) work();
  }

  /** The port; actions are called without RxJS's `this`, which nobody here uses. */
  asPort(): Scheduler {
    const schedule = (work: () => void, delay = 0) => {
      const action: Waiting = { due: this.time + delay, work };
      this.waiting.push(action);
      return {
        unsubscribe: () => {
          this.waiting = this.waiting.filter((other) => other !== action);
        },
      };
    };
    return { now: () => this.time, schedule } as unknown as Scheduler;
  }
}
