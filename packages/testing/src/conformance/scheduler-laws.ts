import type { Scheduler } from "@hexraft/core/ports";
import { type SchedulerAction, take, timer } from "rxjs";
import { check, same } from "./check.js";
import type { Law } from "./law.js";
import { type LawSuite, lawSuite } from "./law-suite.js";

/** What the Scheduler laws need of an adapter. */
export interface SchedulerFixture {
  /** The scheduler. */
  readonly scheduler: Scheduler;
  /** Lets at least this much of its time pass, ms, and everything run that is due by then. */
  readonly pass: (ms: number) => Promise<void>;
}

/** What every Scheduler must do. Each law gets a fresh one from `factory`. */
export const schedulerLaws = (factory: () => SchedulerFixture | Promise<SchedulerFixture>): LawSuite => {
  const law = (id: string, why: string, run: (fixture: SchedulerFixture) => Promise<void>): Law => ({
    id,
    why,
    run: async () => run(await factory()),
  });
  return lawSuite("Scheduler laws", [...timeLaws(law), ...actionLaws(law)]);
};

type MakeLaw = (id: string, why: string, run: (fixture: SchedulerFixture) => Promise<void>) => Law;

const timeLaws = (law: MakeLaw): readonly Law[] => [
  law(
    "E22 now goes on as time passes, and never back",
    "a clock that is set back makes a follower wait an hour for its election, or a lease last an hour too long",
    async ({ scheduler, pass }) => {
      let last = scheduler.now();
      for (const ms of [0, 1, 5, 20]) {
        const before = scheduler.now();
        await pass(ms);
        check(scheduler.now() - before >= ms, `after ${ms} ms only ${scheduler.now() - before} have passed`);
        for (let i = 0; i < 1_000; i++) {
          const now = scheduler.now();
          check(now >= last, `${now} after ${last}`);
          last = now;
        }
      }
    },
  ),
  law(
    "E22 an action never runs early",
    "a lease that ends by another node's timer ends too late if that timer is early: two leaders serve reads",
    async ({ scheduler, pass }) => {
      const early: string[] = [];
      let ran = 0;
      for (const delay of [0, 0.5, 1, 3, 10, 25]) {
        for (let i = 0; i < 10; i++) {
          const began = scheduler.now();
          scheduler.schedule(() => {
            ran++;
            const waited = scheduler.now() - began;
            if (waited < delay) early.push(`${waited} instead of ${delay}`);
          }, delay);
        }
      }
      await pass(60);
      same([early, ran], [[], 60], "early actions, and how many ran");
    },
  ),
  law(
    "E22 what is due earlier runs earlier, in whatever order it was asked for",
    "a deadline that overtakes the timer it guards is blamed on the wrong node",
    async ({ scheduler, pass }) => {
      const order: number[] = [];
      for (const delay of [60, 0, 30, 90]) scheduler.schedule(() => order.push(delay), delay);
      await pass(120);
      same(order, [0, 30, 60, 90], "order");
    },
  ),
  law(
    "E22 nothing runs within the call that schedules it",
    "the caller is in the middle of a step: a timer that fires inside it sees half a state",
    async ({ scheduler, pass }) => {
      const seen: string[] = [];
      scheduler.schedule(() => {
        scheduler.schedule(() => seen.push("inner"), 0);
        seen.push("outer ends");
      }, 0);
      seen.push("call ends");
      await pass(20);
      same(seen, ["call ends", "outer ends", "inner"], "order");
    },
  ),
  law(
    "E22 every action runs once",
    "a timer that is lost is an election that never starts; one that fires twice is two",
    async ({ scheduler, pass }) => {
      const runs = Array.from({ length: 500 }, () => 0);
      for (const at of runs.keys()) scheduler.schedule(() => runs.splice(at, 1, (runs[at] ?? 0) + 1), at % 17);
      await pass(60);
      same(
        runs.filter((count) => count !== 1),
        [],
        "actions that ran more or less often than once",
      );
    },
  ),
];

const actionLaws = (law: MakeLaw): readonly Law[] => [
  law(
    "E22 an action that was unsubscribed never runs, and may be unsubscribed again",
    "a follower that heard its leader disarms its timer: if it fires all the same, every heartbeat starts an election",
    async ({ scheduler, pass }) => {
      const ran: string[] = [];
      const first = scheduler.schedule(() => ran.push("first"), 5);
      const second = scheduler.schedule(() => ran.push("second"), 5);
      first.unsubscribe();
      first.unsubscribe();
      await pass(30);
      same([ran, first.closed], [["second"], true], "who ran");
      second.unsubscribe();
    },
  ),
  law(
    "E22 an action can be called off by one that runs before it",
    "a step that disarms a timer that is already due must win: the timer's reason is gone",
    async ({ scheduler, pass }) => {
      const ran: string[] = [];
      scheduler.schedule(() => {
        ran.push("earlier");
        later.unsubscribe();
      }, 1);
      const later = scheduler.schedule(() => ran.push("later"), 20);
      await pass(50);
      same(ran, ["earlier"], "who ran");
    },
  ),
  law(
    "E22 the work is given its state, and its action as `this`",
    "RxJS's operators schedule themselves again through `this`: without it an interval ticks once",
    async ({ scheduler, pass }) => {
      const seen: unknown[] = [];
      const work = function (this: SchedulerAction<number>, state?: number) {
        seen.push(state);
        if (state !== undefined && state < 3) this.schedule(state + 1, 1);
      };
      scheduler.schedule(work, 1, 1);
      scheduler.schedule(() => seen.push("no state"), 40);
      await pass(80);
      same(seen, [1, 2, 3, "no state"], "states");
    },
  ),
  law(
    "E22 an action that schedules itself again is not early either",
    "a heartbeat that comes ever earlier floods the followers",
    async ({ scheduler, pass }) => {
      const at: number[] = [scheduler.now()];
      scheduler.schedule(function () {
        at.push(scheduler.now());
        if (at.length < 6) this.schedule(undefined, 5);
      }, 5);
      for (let i = 0; i < 40 && at.length < 6; i++) await pass(5);
      same(at.length, 6, "runs");
      const short = at.slice(1).filter((now, i) => now - (at[i] as number) < 5);
      same(short, [], "runs less than 5 ms after the one before");
    },
  ),
  law(
    "E22 an action that schedules itself twice runs once more",
    "an action is one timer: re-arming it moves it",
    async ({ scheduler, pass }) => {
      let runs = 0;
      scheduler.schedule(function () {
        if (++runs > 1) return;
        this.schedule(undefined, 1);
        this.schedule(undefined, 10);
      }, 0);
      await pass(40);
      same(runs, 2, "runs");
    },
  ),
  law(
    "E22 an action is over once it is unsubscribed, also within its own work",
    "a node that stops in the middle of a timer must not be woken again",
    async ({ scheduler, pass }) => {
      let runs = 0;
      scheduler.schedule(function () {
        runs++;
        this.unsubscribe();
        this.schedule(undefined, 1);
      }, 1);
      const again = scheduler.schedule(function () {
        this.schedule(undefined, 1);
      }, 1);
      await pass(10);
      again.unsubscribe();
      check(again.closed, "it is not closed");
      await pass(20);
      same(runs, 1, "runs");
    },
  ),
  law(
    "E22 RxJS's own operators keep time on it",
    "the timers of a node are RxJS pipelines over this scheduler",
    async ({ scheduler, pass }) => {
      const began = scheduler.now();
      const ticks: (readonly [number, number])[] = [];
      const completions: number[] = [];
      timer(20, 10, scheduler)
        .pipe(take(3))
        .subscribe({
          next: (tick) => ticks.push([tick, scheduler.now() - began]),
          complete: () => completions.push(scheduler.now()),
        });
      for (let i = 0; i < 40 && completions.length === 0; i++) await pass(5);
      same([ticks.map(([tick]) => tick), completions.length], [[0, 1, 2], 1], "ticks");
      for (const [tick, after] of ticks) check(after >= 20 + 10 * tick, `tick ${tick} after ${after} ms`);
    },
  ),
];
