import { performance } from "node:perf_hooks";
import type { Logger } from "@hexraft/core/ports";

/** Most refusals told one by one within a window; the rest of it is told as a number. */
const TOLD_MAX = 10;
/** Length of a window, ms. */
const WINDOW_MS = 10_000;

/**
 * Tells an operator about connections that were refused, without letting whoever knocks a thousand times a second fill the
 * disk with it: of each window the first few are told with their reason, the rest as a number for each code.
 */
export class RefusalLog {
  private told = 0;
  private readonly untold = new Map<string, number>();
  private windowEndMs = 0;

  constructor(private readonly logger: Logger) {}

  /** One connection was refused, by us or by the other side. */
  tell(message: string, code: string, facts: Readonly<Record<string, unknown>>): void {
    this.turn(performance.now());
    if (this.told < TOLD_MAX) {
      this.told++;
      this.logger.warn(message, { code, ...facts });
    } else {
      // Codes of the other side are its own words: what is kept of them is bounded.
      const kept = this.untold.has(code) || this.untold.size < TOLD_MAX ? code : "other";
      this.untold.set(kept, (this.untold.get(kept) ?? 0) + 1);
    }
  }

  /** Ends a window that is over; called now and then, so that the number is told although nobody knocks any more. */
  turn(nowMs: number): void {
    if (nowMs < this.windowEndMs) return;
    this.windowEndMs = nowMs + WINDOW_MS;
    this.told = 0;
    if (this.untold.size === 0) return;
    this.logger.warn("more connections were refused", Object.fromEntries(this.untold));
    this.untold.clear();
  }
}
