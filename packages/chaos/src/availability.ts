/** A time in which nobody was answered. */
export interface Outage {
  /** When the last answer before it came, ms. */
  readonly fromMs: number;
  /** How long it lasted, ms. */
  readonly lastedMs: number;
  /** How much of it the faults left no majority, ms: nobody can answer then, and for an election after it. */
  readonly withoutMajorityMs: number;
}

/** How long callers went without any success, by the clock of their own process, and how long no majority could have helped them. */
export class Availability {
  private lastSuccessAt: number | undefined;
  private lastLookAt: number | undefined;
  private longest: Outage = { fromMs: 0, lastedMs: 0, withoutMajorityMs: 0 };
  private withoutMajorityMs = 0;

  /** @param onOutage - hears of each one that lasted for `toldMs` or longer. */
  constructor(
    private readonly toldMs = Number.POSITIVE_INFINITY,
    private readonly onOutage: (outage: Outage) => void = () => {},
  ) {}

  /** The longest time without a success between the first one and the last, or the end. */
  get worst(): Outage {
    return this.longest;
  }

  /** Somebody looked at `now`, ms, whether there is a majority; none is one since the last look. */
  looked(now: number, hasMajority: boolean): void {
    if (!hasMajority) this.withoutMajorityMs += now - (this.lastLookAt ?? now);
    this.lastLookAt = now;
  }

  /** An operation succeeded at `now`, ms. */
  success(now: number): void {
    this.endOutage(now);
    this.lastSuccessAt = now;
  }

  /** The callers have stopped at `now`, ms: what was unavailable until here counts. */
  end(now: number): void {
    this.endOutage(now);
    this.lastSuccessAt = undefined;
  }

  private endOutage(now: number): void {
    const fromMs = this.lastSuccessAt ?? now;
    const outage = { fromMs, lastedMs: now - fromMs, withoutMajorityMs: this.withoutMajorityMs };
    this.withoutMajorityMs = 0;
    if (outage.lastedMs > this.longest.lastedMs) this.longest = outage;
    if (outage.lastedMs >= this.toldMs) this.onOutage(outage);
  }
}
