import type { Turn } from "../ports/turn.js";

/** Most drains of one turn; the rest waits for the next, behind timers and sockets. */
export const DRAINS_PER_TURN_MAX = 256;

/**
 * G01: the turns of all groups that have something to do are one macrotask, and what they said leaves when the last of them
 * has ended: one flush of the transport and one write of the log for all. A drain that throws is told of, and stops no other
 * group's.
 */
export class SharedTurn implements Turn {
  private due: (() => void)[] = [];
  private scheduled = false;
  private running = false;

  constructor(
    private readonly turn: Turn,
    private readonly hooks: {
      /** The last drain of the turn has ended. */
      ended(): void;
      /** A drain threw. */
      failed(error: unknown): void;
    },
  ) {}

  /** Whether a turn is under way: its end comes by itself. */
  get isRunning(): boolean {
    return this.running;
  }

  schedule(drain: () => void): void {
    this.due.push(drain);
    this.arm();
  }

  private arm(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.turn.schedule(() => this.run());
  }

  private run(): void {
    this.scheduled = false;
    const drains = this.due;
    this.due = drains.length > DRAINS_PER_TURN_MAX ? drains.splice(DRAINS_PER_TURN_MAX) : [];
    this.running = true;
    for (const drain of drains) this.guarded(drain);
    this.guarded(() => this.hooks.ended());
    this.running = false;
    if (this.due.length > 0) this.arm();
  }

  private guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.hooks.failed(error);
    }
  }
}
