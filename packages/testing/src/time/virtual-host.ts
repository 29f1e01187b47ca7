import { Checksum, Clock, RandomSource, Scheduler, Turn } from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import type { SchedulerAction, SchedulerLike, Subscription } from "rxjs";
import { crc32 } from "./crc32.js";
import { SeededRandom } from "./seeded-random.js";
import type { VirtualTime } from "./virtual-time.js";

/**
 * One life of one process on virtual time: its scheduler, turns, clock and chance. `kill` ends it as a power cut would:
 * nothing that it scheduled runs any more.
 */
export class VirtualHost {
  /** Every action of this life; the others' go on when it is killed. */
  readonly scheduler: SchedulerLike;
  /** A turn is an action at the same instant, behind those already due. */
  readonly turn: Turn;
  /** Monotonic: the virtual time. Wall: the same from an offset, which {@link VirtualHost.jumpWall} moves. */
  readonly clock: Clock;
  /** Chance, out of the seed. */
  readonly random: SeededRandom;
  private alive = true;
  private wallOffsetMs = Date.UTC(2025, 0, 1);

  /**
   * Begins a life.
   *
   * @param time - shared by all hosts of one cluster.
   * @param seed - equal seeds draw equal numbers.
   */
  constructor(time: VirtualTime, seed: number | string) {
    this.random = new SeededRandom(seed);
    const guarded = <T>(
      work: (this: SchedulerAction<T>, state?: T) => void,
      delay?: number,
      state?: T,
    ): Subscription => {
      const isAlive = () => this.alive;
      return time.schedule<T>(
        function (this: SchedulerAction<T>, current?: T) {
          if (isAlive()) work.call(this, current);
        },
        delay,
        state,
      );
    };
    this.scheduler = { now: () => time.now(), schedule: guarded };
    this.turn = { schedule: (drain) => void guarded(() => drain()) };
    this.clock = { monotonic: () => time.now(), wall: () => this.wallOffsetMs + time.now() };
  }

  /** Whether this life goes on. */
  get isAlive(): boolean {
    return this.alive;
  }

  /** E22: moves the wall clock by `ms`, forwards or back; the monotonic one stays. */
  jumpWall(ms: number): void {
    this.wallOffsetMs += ms;
  }

  /** Ends this life: no timer, no turn of it runs any more. */
  kill(): void {
    this.alive = false;
  }

  /** Binds Scheduler, Turn, Clock, RandomSource and Checksum to this life. */
  module(): ContainerModule {
    return new ContainerModule(({ bind }) => {
      bind(Scheduler).toConstantValue(this.scheduler);
      bind(Turn).toConstantValue(this.turn);
      bind(Clock).toConstantValue(this.clock);
      bind(RandomSource).toConstantValue(this.random);
      bind(Checksum).toConstantValue(crc32);
    });
  }
}

/** The host's ports on virtual time: what `nodeRuntime()` is in production. The same seed gives the same run. */
export const virtualRuntime = (time: VirtualTime, seed: number | string): ContainerModule =>
  new VirtualHost(time, seed).module();
