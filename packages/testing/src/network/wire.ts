import type { Envelope, RandomSource, Scheduler, Turn } from "@hexraft/core/ports";

/** Which messages; the sender and receiver are those of the link. */
export type MessagePredicate = (envelope: Envelope) => boolean;

/** Who moves what is under way: turns for links without latency, the scheduler for the others. */
export interface Carrier {
  /** Runs what has no latency. */
  readonly turn: Turn;
  /** Runs what has. */
  readonly scheduler: Scheduler;
}

/** One direction between two nodes, and the faults it suffers. */
export class Wire {
  /** Nothing gets through in this direction. */
  cut = false;
  /** Added to the network's latency, ms. */
  delayMs = 0;
  /** What is lost. */
  readonly drops = new Set<MessagePredicate>();
  /** What arrives twice. */
  readonly duplicates = new Set<MessagePredicate>();
  private lastDueAt = 0;

  /** When a batch that leaves at `now` arrives: never before one that left earlier (T10). */
  dueAt(now: number, latencyMs: number): number {
    this.lastDueAt = Math.max(this.lastDueAt, now + latencyMs + this.delayMs);
    return this.lastDueAt;
  }

  /** What of `batch` arrives, doubled where asked; `lost` hears of the rest. */
  surviving(batch: readonly Envelope[], lost: (envelope: Envelope) => void): readonly Envelope[] {
    if (this.drops.size === 0 && this.duplicates.size === 0) return batch;
    const arriving: Envelope[] = [];
    for (const envelope of batch) {
      if (anyOf(this.drops, envelope)) {
        lost(envelope);
        continue;
      }
      arriving.push(envelope);
      if (anyOf(this.duplicates, envelope)) arriving.push(envelope);
    }
    return arriving;
  }

  /** No fault any more. */
  mend(): void {
    this.cut = false;
    this.delayMs = 0;
    this.drops.clear();
    this.duplicates.clear();
  }
}

/** How long a message is under way: a number of ms, or drawn from a range. */
export type Latency = number | readonly [from: number, to: number];

/** Draws one. */
export function drawLatency(latency: Latency, random: RandomSource | undefined): number {
  if (typeof latency === "number") return latency;
  const [from, to] = latency;
  if (random === undefined) throw new Error("a MemoryNetwork with a range of latencies needs a random source");
  return from + random.next() * (to - from);
}

function anyOf(predicates: ReadonlySet<MessagePredicate>, envelope: Envelope): boolean {
  for (const predicate of predicates) if (predicate(envelope)) return true;
  return false;
}
