import type { Scheduler } from "@hexraft/core/ports";
import { messageOf } from "../format/faults.js";
import type { Segment } from "./segment.js";

/** Between two rounds: what was read an hour ago need not be read again. */
const ROUND_REST_MS = 3_600_000;

/** What ends a wait when the log is closed. */
const OVER = Symbol("the scrub is over");

/** What a scrub works on. */
export interface ScrubParts {
  readonly scheduler: Scheduler;
  /** Most bytes that are read per second. */
  readonly bytesPerSecond: number;
  /** Those that nothing is written to any more, oldest first. */
  readonly closed: () => readonly Segment[];
  /** Reads one of them to its end, waiting with `pace`; what it finds is its business. */
  readonly survey: (segment: Segment, pace: (bytes: number) => Promise<void>) => Promise<unknown>;
}

/**
 * L02, L03: reads closed segments in the background, block by block, one after the other, no faster than it was told: damage to what
 * nobody asks for is found while others still have it.
 */
export class LogScrub {
  /** Segments that were read to their end. */
  surveyed = 0;
  /** What the disk said when it could not be read, the last time; or empty. */
  trouble = "";
  private waiting: { readonly timer: { unsubscribe(): void }; readonly end: (reason: unknown) => void } | undefined;
  private isOver = false;
  private done: Promise<void> = Promise.resolve();

  constructor(private readonly parts: ScrubParts) {}

  /** Begins the first round. */
  begin(): void {
    this.done = this.rounds().catch((reason: unknown) => {
      if (reason !== OVER) throw reason;
    });
  }

  /** Ends it, in the middle of a file if need be. */
  async close(): Promise<void> {
    this.isOver = true;
    this.waiting?.timer.unsubscribe();
    this.waiting?.end(OVER);
    await this.done;
  }

  private async rounds(): Promise<void> {
    for (;;) {
      for (const segment of this.parts.closed()) await this.surveyOne(segment);
      await this.rest(ROUND_REST_MS);
    }
  }

  private async surveyOne(segment: Segment): Promise<void> {
    let bytes = segment.end;
    const pace = async (read: number): Promise<void> => {
      bytes -= read;
      await this.pace(read);
    };
    try {
      await this.parts.survey(segment, pace);
      this.surveyed++;
    } catch (error) {
      if (error === OVER) throw error;
      this.trouble = messageOf(error);
    }
    await this.pace(bytes);
  }

  private pace(bytes: number): Promise<void> {
    return this.rest((1_000 * bytes) / this.parts.bytesPerSecond);
  }

  private async rest(forMs: number): Promise<void> {
    if (this.isOver) throw OVER;
    await new Promise<void>((resolve, reject) => {
      this.waiting = { timer: this.parts.scheduler.schedule(() => resolve(), forMs), end: reject };
    });
  }
}
