/** How often each thing happened in a run, or in many: what a run that proves something must show. */
export class Counters {
  private readonly counts = new Map<string, number>();

  /** It happened. */
  add(what: string, count = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + count);
  }

  /** Adds those of another run. */
  addAll(other: Readonly<Record<string, number>>): void {
    for (const [what, count] of Object.entries(other)) this.add(what, count);
  }

  /** All of them, by name. */
  toJSON(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }
}
