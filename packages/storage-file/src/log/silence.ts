import type { Scheduler } from "@hexraft/core/ports";

/** Waits for a time in which nothing is done. One timer at a time: what is done later only moves the instant that it looks at when it fires. */
export class Silence {
  private timer: { unsubscribe(): void } | undefined;
  private due = 0;

  constructor(
    private readonly scheduler: Scheduler,
    /** How long it has to be, ms. */
    private readonly afterMs: number,
    /** Whether it is still waited for. */
    private readonly isWanted: () => boolean,
    private readonly onSilence: () => void,
  ) {}

  /** Something was done just now. */
  begin(): void {
    this.due = this.scheduler.now() + this.afterMs;
    this.timer ??= this.scheduler.schedule(() => this.look(), this.afterMs);
  }

  /** Nobody waits any more. */
  end(): void {
    this.timer?.unsubscribe();
  }

  private look(): void {
    this.timer = undefined;
    if (!this.isWanted()) return;
    const left = this.due - this.scheduler.now();
    if (left > 0) this.timer = this.scheduler.schedule(() => this.look(), left);
    else this.onSilence();
  }
}
