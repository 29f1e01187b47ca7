import type { Clock } from "@hexraft/core/ports";

/** `monotonic` is `performance.now`, the same as the Scheduler's; `wall` is `Date.now`. */
export class NodeClock implements Clock {
  monotonic(): number {
    return performance.now();
  }

  wall(): number {
    return Date.now();
  }
}
