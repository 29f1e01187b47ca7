import { type SchedulerAction, type SchedulerLike, Subscription } from "rxjs";

type Work<T> = (this: SchedulerAction<T>, state?: T) => void;

/**
 * RxJS's scheduler on a monotonic clock. RxJS's own `asyncScheduler` tells the wall clock, which E22 forbids, and inherits
 * from the host's timers that they may fire up to a millisecond early; here an action runs when its delay has passed, or later.
 */
export class MonotonicScheduler implements SchedulerLike {
  now(): number {
    return performance.now();
  }

  schedule<T>(work: Work<T>, delay = 0, state?: T): Subscription {
    return new MonotonicAction(work).schedule(state, delay);
  }
}

/** One action: it may schedule itself again from within its work, and is spent if it does not. */
class MonotonicAction<T> extends Subscription implements SchedulerAction<T> {
  private timer: NodeJS.Timeout | undefined;
  private due = 0;
  private state: T | undefined;

  constructor(private readonly work: Work<T>) {
    super();
  }

  schedule(state?: T, delay = 0): Subscription {
    if (this.closed) return this;
    clearTimeout(this.timer);
    this.state = state;
    this.due = performance.now() + delay;
    this.arm(delay);
    return this;
  }

  override unsubscribe(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    super.unsubscribe();
  }

  private arm(delay: number): void {
    this.timer = setTimeout(() => {
      const left = this.due - performance.now();
      if (left > 0) this.arm(left);
      else this.run();
    }, delay);
  }

  private run(): void {
    this.timer = undefined;
    try {
      this.work(this.state);
    } finally {
      if (this.timer === undefined) this.unsubscribe();
    }
  }
}
