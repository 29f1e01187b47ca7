import { Checksum, Clock, RandomSource, Scheduler, Turn } from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import type { SchedulerAction, SchedulerLike } from "rxjs";
import { crc32 } from "../../time/crc32.js";
import { SeededRandom } from "../../time/seeded-random.js";
import { type Appointment, type Appointments, SimulatedAction, type SimulatedTime } from "./simulated-time.js";

/** A turn of the event loop takes up to this long: what belongs together in one instant must not rely on it. ms. */
const TURN_MS_MAX = 0.3;
/** No timer is finer than this. ms. */
const TIMER_MS_MIN = 0.001;
const NO_APPOINTMENT: Appointment = {
  dueAt: 0,
  sequence: 0,
  run: () => {},
  owner: undefined,
  cancelled: true,
  done: true,
};

/**
 * One life of one process: its scheduler, turns, clocks and chance. It can be killed, after which nothing of it runs any
 * more, and paused, after which everything that came due meanwhile runs in a burst, late.
 */
export class SimulatedHost {
  /** Chance of this life. */
  readonly random: SeededRandom;
  /** Every action of this life, in its own milliseconds. */
  readonly scheduler: SchedulerLike;
  private readonly turns: SeededRandom;
  private alive = true;
  private pausedUntil = 0;
  private readonly held: (() => void)[] = [];
  private outstanding = 0;
  private frozenAt: number | undefined;
  private frozenUntil = 0;
  /** Timers that came due while the clock stood still. */
  private readonly frozen: (() => void)[] = [];
  /** Time that its clock missed, ms. */
  private missedMs = 0;
  private wallOffsetMs = Date.UTC(2025, 0, 1);

  /**
   * Lives from now on.
   *
   * @param seed - equal ones draw equal numbers.
   * @param rate - milliseconds of its clocks per true one.
   */
  constructor(
    private readonly time: SimulatedTime,
    seed: string,
    private readonly rate = 1,
    private readonly checksum: Checksum = crc32,
  ) {
    this.random = new SeededRandom(seed);
    this.turns = new SeededRandom(`${seed}/turns`);
    const timers: Appointments = {
      after: (delayMs, onTime) => this.timer(delayMs, onTime),
      cancel: (appointment) => this.cancel(appointment),
    };
    this.scheduler = {
      now: () => this.monotonic(),
      schedule: <T>(work: (this: SchedulerAction<T>, state?: T) => void, delay?: number, state?: T) =>
        new SimulatedAction<T>(timers, work).schedule(state, delay ?? 0),
    };
  }

  /** Whether this life goes on. */
  get isAlive(): boolean {
    return this.alive;
  }

  /** Whether it stands still at the moment. */
  get isPaused(): boolean {
    return this.time.now() < this.pausedUntil;
  }

  /** Actions of this life that wait: none is left after a graceful stop (I17). */
  get pending(): number {
    return this.outstanding + this.held.length;
  }

  /** Nothing of this life runs any more. */
  kill(): void {
    this.alive = false;
    this.held.length = 0;
    this.frozen.length = 0;
    this.time.forget(this);
  }

  /** Stands still for so long: what comes due or arrives meanwhile happens at the end of it, at once. */
  pause(forMs: number): void {
    const until = this.time.now() + forMs;
    if (until <= this.pausedUntil) return;
    this.pausedUntil = until;
    this.time.after(forMs, () => this.resume());
  }

  /** The monotonic clock stands still for so long, and the process does not: what waits for an instant of it waits longer. */
  freezeClock(forMs: number): void {
    const now = this.time.now();
    this.frozenAt ??= now;
    this.frozenUntil = Math.max(this.frozenUntil, now + forMs);
    this.time.after(forMs, () => this.thaw());
  }

  /** E22: the wall clock is set, forwards or back. */
  jumpWall(ms: number): void {
    this.wallOffsetMs += ms;
  }

  /** Something happens to this process `delayMs` of its own time from now, if it still lives then. */
  after(delayMs: number, run: () => void): Appointment {
    if (!this.alive) return NO_APPOINTMENT;
    this.outstanding++;
    const come = (): void => {
      this.outstanding--;
      if (this.time.now() >= this.pausedUntil) return run();
      this.held.push(() => {
        if (!appointment.cancelled) run();
      });
    };
    const appointment = this.time.after(delayMs / this.rate, come, this);
    return appointment;
  }

  /** Something reaches this process now: it acts on it as soon as it runs. */
  now(run: () => void): void {
    if (!this.alive) return;
    if (this.time.now() < this.pausedUntil) this.held.push(run);
    else run();
  }

  /** Binds Scheduler, Turn, Clock, RandomSource and Checksum to this life. */
  module(): ContainerModule {
    const turn: Turn = { schedule: (drain) => void this.after(TURN_MS_MAX * this.turns.next(), drain) };
    const clock: Clock = {
      monotonic: () => this.monotonic(),
      wall: () => this.wallOffsetMs + Math.floor(this.time.now()),
    };
    return new ContainerModule(({ bind }) => {
      bind(Scheduler).toConstantValue(this.scheduler);
      bind(Turn).toConstantValue(turn);
      bind(Clock).toConstantValue(clock);
      bind(RandomSource).toConstantValue(this.random);
      bind(Checksum).toConstantValue(this.checksum);
    });
  }

  private monotonic(): number {
    return ((this.frozenAt ?? this.time.now()) - this.missedMs) * this.rate;
  }

  private thaw(): void {
    if (this.frozenAt === undefined || this.time.now() < this.frozenUntil) return;
    this.missedMs += this.time.now() - this.frozenAt;
    this.frozenAt = undefined;
    for (const onTime of this.frozen.splice(0)) void this.after(0, onTime);
  }

  /** As `after`, by the monotonic clock: what comes due while that stands still waits until it goes again. */
  private timer(delayMs: number, run: () => void): Appointment {
    const onTime = (): void => {
      if (appointment.cancelled) return;
      if (this.frozenAt === undefined) run();
      else this.frozen.push(onTime);
    };
    // Who waits for the rest of a wait must get past it, whatever the last bit of an instant is.
    const appointment = this.after(delayMs > 0 ? Math.max(delayMs, TIMER_MS_MIN) : 0, onTime);
    return appointment;
  }

  /** It shall not happen. Idempotent. */
  cancel(appointment: Appointment): void {
    if (appointment.cancelled) return;
    if (!appointment.done) this.outstanding--;
    this.time.cancel(appointment);
  }

  private resume(): void {
    if (this.time.now() < this.pausedUntil) return;
    // One after the other, each in an instant of its own as always; what they cause comes behind them.
    for (const run of this.held.splice(0)) void this.after(0, run);
  }
}
