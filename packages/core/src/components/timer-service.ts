import type { Millis } from "../model/log-id.js";
import type { RandomSource } from "../ports/random-source.js";
import type { ArmTimer, DisarmTimer } from "../protocol/effect.js";
import type { TimerName } from "../protocol/event.js";
import type { EventSink } from "./event-sink.js";
import type { Ticks } from "./shared-timers.js";

/** A deadline that a node sets for itself, e.g. that of the oldest call that waits. */
export interface Alarm {
  /** Rings at this monotonic time at the latest, plus a tick: an earlier setting stays. ms. */
  atMost(dueMs: Millis): void;
}

/** A protocol timer that runs. */
interface Running {
  readonly timer: TimerName;
  readonly generation: number;
  readonly drawnMs: Millis;
  readonly dueMs: Millis;
}

/** Shared by all that have no timer running: groups at rest (G02). */
const NONE: readonly Running[] = [];

/**
 * Time, as the node sees it. Timers that run are rows of one array, and one RxJS action on the injected Scheduler is armed for
 * the earliest of them, never closer than a tick: a timer that is armed anew costs a row, not an action (E22). Chance is
 * drawn here and nowhere else: the protocol asks for a timer *between* two durations (E03). Beside them there is one alarm, for
 * all that the node's other hands wait for.
 */
export class TimerService implements Alarm {
  private running = NONE;
  private alarmAtMs: Millis = Number.POSITIVE_INFINITY;
  private action: { unsubscribe(): void } | undefined;
  private actionAtMs: Millis = Number.POSITIVE_INFINITY;
  private pauseNoticedAtMs: Millis = Number.NaN;
  private closed = false;

  constructor(
    private readonly scheduler: Ticks,
    private readonly random: RandomSource,
    /** Deadlines are looked at no more often than this. ms. */
    private readonly tickMs: Millis,
    private readonly events: EventSink,
    /** Hears the alarm, once per setting. */
    private readonly owner: { alarmRang(): void },
    /** E24: timers that are later than this mean that the process stood still. ms. */
    private readonly pauseMs: Millis = Number.POSITIVE_INFINITY,
  ) {}

  /** E24: says once if the process stood still: its next timer is long due. Before anything that waited is looked at. */
  noticePause(): void {
    const forMs = this.scheduler.now() - this.actionAtMs;
    if (forMs < this.pauseMs || this.pauseNoticedAtMs === this.actionAtMs) return;
    this.pauseNoticedAtMs = this.actionAtMs;
    this.events.post({ type: "EventLoopPaused", forMs });
  }

  /** Starts a protocol timer anew, for a duration drawn from its range. */
  arm({ timer, between: [low, high], generation }: ArmTimer): void {
    const drawnMs = high > low ? low + this.random.next() * (high - low) : low;
    const dueMs = this.scheduler.now() + drawnMs;
    if (this.closed) return;
    this.running = [...this.others(timer), { timer, generation, drawnMs, dueMs }];
    this.wakeBy(dueMs);
  }

  /** Stops a protocol timer. One that already fired is known by its generation. */
  disarm({ timer }: DisarmTimer): void {
    const others = this.others(timer);
    this.running = others.length === 0 ? NONE : others;
  }

  atMost(dueMs: Millis): void {
    if (this.closed || dueMs >= this.alarmAtMs) return;
    this.alarmAtMs = dueMs;
    this.wakeBy(dueMs);
  }

  /** Lets go of the scheduler; nothing fires any more. */
  close(): void {
    this.closed = true;
    this.running = NONE;
    this.action?.unsubscribe();
    this.action = undefined;
  }

  private others(timer: TimerName): readonly Running[] {
    return this.running.filter((row) => row.timer !== timer);
  }

  private wakeBy(dueMs: Millis): void {
    if (this.closed || dueMs >= this.actionAtMs) return;
    const now = this.scheduler.now();
    const delay = Math.max(dueMs - now, this.tickMs);
    if (now + delay >= this.actionAtMs) return;
    this.action?.unsubscribe();
    this.actionAtMs = now + delay;
    this.action = this.scheduler.schedule(() => this.fire(), delay);
  }

  private fire(): void {
    this.noticePause();
    this.action = undefined;
    this.actionAtMs = Number.POSITIVE_INFINITY;
    const now = this.scheduler.now();
    if (this.alarmAtMs <= now) {
      this.alarmAtMs = Number.POSITIVE_INFINITY;
      this.owner.alarmRang();
    }
    const due = this.running.filter(({ dueMs }) => dueMs <= now);
    if (due.length > 0) this.running = this.running.filter(({ dueMs }) => dueMs > now);
    for (const { timer, generation, drawnMs } of due)
      this.events.post({ type: "TimerFired", timer, generation, drawnMs });
    this.wakeBy(this.running.reduce((earliest, { dueMs }) => Math.min(earliest, dueMs), this.alarmAtMs));
  }
}
