import { Checksum, Clock, FileSystem, RandomSource, Scheduler, Turn } from "@hexraft/core/ports";
import { Container } from "inversify";
import { describe, expect, it } from "vitest";
import { nodeRuntime } from "../src/index.js";

const host = () => {
  const container = new Container();
  container.load(nodeRuntime());
  return container;
};

describe("nodeRuntime", () => {
  it("binds every port of the host", () => {
    const container = host();
    for (const port of [Turn, Clock, Scheduler, RandomSource, Checksum, FileSystem])
      expect(container.isBound(port)).toBe(true);
  });

  it("E22 clock and scheduler tell the same monotonic time, not the wall's", () => {
    const container = host();
    const clock = container.get(Clock);
    const before = clock.monotonic();
    expect(container.get(Scheduler).now()).toBeGreaterThanOrEqual(before);
    expect(clock.monotonic()).toBeLessThan(clock.wall() / 2);
    expect(Math.abs(clock.wall() - Date.now())).toBeLessThan(10_000);
  });

  it("E22 an action runs no earlier than its delay, and may schedule itself again", async () => {
    const scheduler = host().get(Scheduler);
    for (const delay of [0, 0.3, 1, 2.7, 5]) {
      const times: number[] = [];
      const begun = scheduler.now();
      await new Promise<void>((resolve) => {
        scheduler.schedule<number>(
          function (rounds) {
            times.push(scheduler.now());
            if (rounds === 2) resolve();
            else this.schedule(rounds + 1, delay);
          },
          delay,
          0,
        );
      });
      expect(times).toHaveLength(3);
      times.reduce((previous, time) => {
        expect(time - previous).toBeGreaterThanOrEqual(delay);
        return time;
      }, begun);
    }
  });

  it("E22 an action that was given up never runs", async () => {
    const scheduler = host().get(Scheduler);
    const ran: string[] = [];
    const given = scheduler.schedule(() => ran.push("given up"), 1);
    given.unsubscribe();
    await new Promise<void>((resolve) => {
      scheduler.schedule(() => resolve(), 5);
    });
    expect(ran).toEqual([]);
    expect(given.closed).toBe(true);
  });

  it("a turn is a macrotask: every promise of the turn before has settled when it runs", async () => {
    const turn = host().get(Turn);
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      turn.schedule(() => {
        order.push("turn");
        resolve();
      });
      void Promise.resolve()
        .then(() => order.push("promise"))
        .then(() => order.push("its answer"));
    });
    expect(order).toEqual(["promise", "its answer", "turn"]);
  });

  it("E03 chance is uniform in [0, 1) and hexadecimal digits are as many as asked for", () => {
    const random = host().get(RandomSource);
    const buckets = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) {
      const drawn = random.next();
      expect(drawn >= 0 && drawn < 1).toBe(true);
      const at = Math.floor(drawn * 10);
      buckets[at] = (buckets[at] as number) + 1;
    }
    // 1,000 expected in each; ten standard deviations are 300.
    for (const count of buckets) expect(Math.abs(count - 1_000)).toBeLessThan(300);
    expect(random.hex(16)).toMatch(/^[0-9a-f]{32}$/);
    expect(random.hex(16)).not.toBe(random.hex(16));
  });
});
