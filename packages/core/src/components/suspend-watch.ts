import type { Millis } from "../model/log-id.js";
import type { Clock } from "../ports/clock.js";

/** The wall clock counts in whole milliseconds. */
const WALL_GRAIN_MS = 1;

/**
 * Notices that the host stood still while its monotonic clock did, too: a laptop that slept, a virtual machine that was moved.
 * The wall clock has been set right since. Rule Q05. Somebody who sets it forwards looks the same; a lease is then lost for
 * one round. What stays below the tolerance is forgiven once per window, so that a clock that is being slewed is no alarm.
 */
export class SuspendWatch {
  private leastAheadMs = Number.NaN;
  private windowBeganMs: Millis = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly clock: Clock,
    /** Forgiven within one window, beside the grain of the wall clock. ms. */
    private readonly toleranceMs: Millis,
    /** Length of a window, ms. */
    private readonly windowMs: Millis,
  ) {}

  /** For how long it stood still since the last look; 0: not, as far as can be seen. ms. */
  stoodStill(): Millis {
    const now = this.clock.monotonic();
    const aheadMs = this.clock.wall() - now;
    const missedMs = aheadMs - this.leastAheadMs;
    const isLate = missedMs > this.toleranceMs + WALL_GRAIN_MS;
    if (isLate || !(missedMs >= 0) || now - this.windowBeganMs >= this.windowMs) {
      this.leastAheadMs = aheadMs;
      this.windowBeganMs = now;
    }
    return isLate ? missedMs : 0;
  }
}
