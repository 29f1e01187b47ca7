/** One direction between two nodes, and what it suffers at the moment. */
export class Link {
  /** Nothing gets through, and the connection breaks. */
  cut = false;
  /** Half-open: the connection stands, and what is said is never delivered. */
  deaf = false;
  /** Share of messages lost, 0 … 1. */
  drop = 0;
  /** Share of messages that arrive twice, the second one later, 0 … 1. */
  duplicate = 0;
  /** Share of messages that others may overtake, 0 … 1. */
  reorder = 0;
  /** Added to each message's way, ms. */
  slowMs = 0;
  /** Share of what is under way when the connection breaks that arrives all the same, late: from an earlier connection, 0 … 1. */
  late = 0;
  private lastDueAt = 0;

  /** When a message that leaves now arrives: in order while nothing reorders (T10). */
  dueAt(now: number, latencyMs: number): number {
    this.lastDueAt = Math.max(this.lastDueAt, now + latencyMs + this.slowMs);
    return this.lastDueAt;
  }

  /** Whether chance touches single messages. */
  get isNoisy(): boolean {
    return this.drop > 0 || this.duplicate > 0 || this.reorder > 0;
  }

  /** No fault any more. */
  mend(): void {
    this.cut = false;
    this.deaf = false;
    this.drop = 0;
    this.duplicate = 0;
    this.reorder = 0;
    this.slowMs = 0;
    this.late = 0;
  }
}
