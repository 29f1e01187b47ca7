/** Lets so many things happen per second, and as many at once after a second without any. */
export class TokenBucket {
  private tokens: number;
  private filledAt: number;

  /** @param now - ms, on any clock that only goes forward; the same is to be used later. */
  constructor(
    private readonly perSecond: number,
    now: number,
  ) {
    this.tokens = perSecond;
    this.filledAt = now;
  }

  /** Whether one more may happen now; it is counted if so. */
  take(now: number): boolean {
    this.tokens = Math.min(this.perSecond, this.tokens + ((now - this.filledAt) / 1_000) * this.perSecond);
    this.filledAt = now;
    if (this.tokens < 1) return false;
    this.tokens--;
    return true;
  }
}
