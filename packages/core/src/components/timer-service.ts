import type { Millis } from "../model/log-id.js";
import type { RandomSource } from "../ports/random-source.js";
import type { ArmTimer, DisarmTimer } from "../protocol/effect.js";
import type { TimerName } from "../protocol/event.js";
import type { EventSink } from "./event-sink.js";
import type { Ticks } from "./shared-timers.js";

/**
 * Time, as the node sees it. Timers are rows of one array, and one RxJS action on the injected Scheduler is armed for the
 * earliest of them, never closer than a tick: a timer that is armed anew costs a number, not an action (E22). Chance is
 * drawn here and nowhere else: the protocol asks for a timer *between* two durations (E03).
 */
export class TimerService {
  private readonly rows: Row[] = [];
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
  arm(order: ArmTimer): void {
    const [low, high] = order.between;
    const drawnMs = high > low ? low + this.random.next() * (high - low) : low;
    this.protocolRow(order.timer).start(order.generation, drawnMs, this.scheduler.now() + drawnMs);
    this.wakeBy(this.scheduler.now() + drawnMs);
  }

  /** Stops a protocol timer. One that already fired is known by its generation. */
  disarm(order: DisarmTimer): void {
    this.protocolRow(order.timer).dueMs = Number.POSITIVE_INFINITY;
  }

  /** A deadline of the node's own, e.g. the oldest call that waits; `ring` is called once per setting. */
  alarm(ring: () => void): Alarm {
    const row = new AlarmRow(ring, this);
    this.rows.push(row);
    return row;
  }

  /** Lets go of the scheduler; nothing fires any more. */
  close(): void {
    this.closed = true;
    this.rows.length = 0;
    this.action?.unsubscribe();
    this.action = undefined;
  }

  private protocolRow(timer: TimerName): ProtocolRow {
    for (const row of this.rows) if (row instanceof ProtocolRow && row.timer === timer) return row;
    const row = new ProtocolRow(timer, this.events);
    this.rows.push(row);
    return row;
  }

  /** One of its rows is due by then. */
  wakeBy(dueMs: Millis): void {
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
    for (const row of this.rows) {
      if (row.dueMs > now) continue;
      row.dueMs = Number.POSITIVE_INFINITY;
      row.fire();
    }
    let earliest = Number.POSITIVE_INFINITY;
    for (const row of this.rows) earliest = Math.min(earliest, row.dueMs);
    if (earliest < Number.POSITIVE_INFINITY) this.wakeBy(earliest);
  }
}

/** A deadline that can be set. */
export interface Alarm {
  /** Rings at this monotonic time at the latest, plus a tick: an earlier setting stays. ms. */
  atMost(dueMs: Millis): void;
  /** Does not ring. */
  clear(): void;
}

interface Row {
  dueMs: Millis;
  fire(): void;
}

class ProtocolRow implements Row {
  dueMs: Millis = Number.POSITIVE_INFINITY;
  private generation = 0;
  private drawnMs: Millis = 0;

  constructor(
    readonly timer: TimerName,
    private readonly events: EventSink,
  ) {}

  start(generation: number, drawnMs: Millis, dueMs: Millis): void {
    this.generation = generation;
    this.drawnMs = drawnMs;
    this.dueMs = dueMs;
  }

  fire(): void {
    const { timer, generation, drawnMs } = this;
    this.events.post({ type: "TimerFired", timer, generation, drawnMs });
  }
}

class AlarmRow implements Row, Alarm {
  dueMs: Millis = Number.POSITIVE_INFINITY;

  constructor(
    readonly fire: () => void,
    private readonly timers: TimerService,
  ) {}

  atMost(dueMs: Millis): void {
    if (dueMs >= this.dueMs) return;
    this.dueMs = dueMs;
    this.timers.wakeBy(dueMs);
  }

  clear(): void {
    this.dueMs = Number.POSITIVE_INFINITY;
  }
}
