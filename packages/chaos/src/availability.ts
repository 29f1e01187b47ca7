/** How long callers went without any success, by the clock of their own process. */
export class Availability {
  private lastSuccessAt: number | undefined;
  private longestMs = 0;

  /** The longest time without one between the first and the last success, or the end, ms. */
  get maxUnavailableMs(): number {
    return Math.round(this.longestMs);
  }

  /** An operation succeeded at `now`, ms. */
  success(now: number): void {
    this.longestMs = Math.max(this.longestMs, now - (this.lastSuccessAt ?? now));
    this.lastSuccessAt = now;
  }

  /** The callers have stopped at `now`, ms: what was unavailable until here counts. */
  end(now: number): void {
    this.longestMs = Math.max(this.longestMs, now - (this.lastSuccessAt ?? now));
    this.lastSuccessAt = undefined;
  }
}
