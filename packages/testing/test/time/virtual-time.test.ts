import * as zlib from "node:zlib";
import { asyncScheduler, interval, take, timer } from "rxjs";
import { describe, expect, it } from "vitest";
import { crc32, SeededRandom, VirtualHost, VirtualTime } from "../../src/index.js";

describe("virtual time", () => {
  it("E22 runs actions by due time, equals in the order of scheduling, and moves only when told to", async () => {
    const time = new VirtualTime();
    const order: string[] = [];
    for (const [name, delay] of [
      ["c", 30],
      ["a", 10],
      ["b", 10],
      ["late", 31],
    ] as const) {
      time.schedule(() => order.push(`${name}@${time.now()}`), delay);
    }
    expect(order).toEqual([]);
    await time.advance(30);
    expect(order).toEqual(["a@10", "b@10", "c@30"]);
    await time.advance(0.5);
    expect([time.now(), order.length]).toEqual([30.5, 3]);
  });

  it("lets every promise that an action woke go on before the next action, at the same instant too", async () => {
    const time = new VirtualTime();
    const order: string[] = [];
    time.schedule(() => {
      void (async () => {
        for (let i = 0; i < 20; i++) await Promise.resolve();
        order.push("continuation");
      })();
    });
    time.schedule(() => order.push("next action"));
    await time.advance(0);
    expect(order).toEqual(["continuation", "next action"]);
  });

  it("is a scheduler for RxJS: repeating, unsubscribing, and the action as `this`", async () => {
    const time = new VirtualTime();
    const seen: number[] = [];
    interval(10, time)
      .pipe(take(3))
      .subscribe((tick) => seen.push(tick));
    const cancelled = timer(5, time).subscribe(() => seen.push(-1));
    cancelled.unsubscribe();
    time.schedule<number>(
      function (state = 0) {
        seen.push(100 + state);
        if (state < 2) this.schedule(state + 1, 50);
      },
      40,
      0,
    );
    await time.advance(1_000);
    expect(seen).toEqual([0, 1, 2, 100, 101, 102]);
    expect(asyncScheduler.now()).toBeGreaterThan(time.now());
  });

  it("orders ten thousand actions as sorting would", async () => {
    const time = new VirtualTime();
    const random = new SeededRandom("heap");
    const due = Array.from({ length: 10_000 }, (_, i) => ({ at: random.integer(0, 500), i }));
    const ran: { at: number; i: number }[] = [];
    for (const item of due) time.schedule(() => ran.push(item), item.at);
    const subscriptions = due.slice(0, 100).map(({ at }) => time.schedule(() => ran.push({ at, i: -1 }), at));
    for (const subscription of subscriptions) subscription.unsubscribe();
    await time.advance(500);
    expect(ran).toEqual(due.toSorted((a, b) => a.at - b.at || a.i - b.i));
  });

  it("runUntil says what it waited for, and stops where the condition holds", async () => {
    const time = new VirtualTime();
    let fired = 0;
    for (let at = 1; at <= 10; at++) time.schedule(() => fired++, at);
    await time.runUntil(() => fired === 3, 100);
    expect(time.now()).toBe(3);
    await expect(time.runUntil(() => fired === 99, 50, "ninety-nine")).rejects.toThrow(
      "not within 50 virtual ms (from 3): ninety-nine",
    );
    expect([time.now(), fired]).toEqual([53, 10]);
    await expect(Promise.all([time.advance(1), time.advance(1)])).rejects.toThrow("already running");
  });

  it("E22 a host's wall clock jumps and its monotonic one does not; a killed host runs nothing any more", async () => {
    const time = new VirtualTime();
    const host = new VirtualHost(time, 1);
    const before = host.clock.wall();
    const ran: string[] = [];
    host.turn.schedule(() => ran.push("turn"));
    host.scheduler.schedule(() => ran.push("timer"), 10);
    time.schedule(() => ran.push("somebody else's"), 10);
    host.jumpWall(-3_600_000);
    await time.advance(5);
    expect([host.clock.wall() - before, host.clock.monotonic()]).toEqual([-3_600_000 + 5, 5]);
    host.kill();
    await time.advance(10);
    expect(ran).toEqual(["turn", "somebody else's"]);
  });
});

describe("chance and checksums", () => {
  it("E03 equal seeds draw equal numbers, uniform in [0, 1), and different seeds different ones", () => {
    const draw = (seed: number | string) => {
      const random = new SeededRandom(seed);
      return Array.from({ length: 20_000 }, () => random.next());
    };
    const numbers = draw(7);
    expect(draw(7)).toEqual(numbers);
    expect(draw(8).slice(0, 5)).not.toEqual(numbers.slice(0, 5));
    for (let tenth = 0; tenth < 10; tenth++) {
      const share = numbers.filter((number) => Math.floor(number * 10) === tenth).length / numbers.length;
      expect(Math.abs(share - 0.1)).toBeLessThan(0.01);
    }
    expect(new SeededRandom(7).hex(8)).toMatch(/^[0-9a-f]{16}$/);
  });

  it("L02 CRC-32 has the standard's check value, and goes on where it ended", () => {
    const digits = new TextEncoder().encode("123456789");
    expect(crc32.crc32(digits)).toBe(0xcbf43926);
    expect(crc32.crc32(digits.subarray(4), crc32.crc32(digits.subarray(0, 4)))).toBe(0xcbf43926);
    expect(crc32.crc32(new Uint8Array(0))).toBe(0);
    const bytes = Uint8Array.from({ length: 70 }, (_, i) => (i * 151) ^ 0xa5);
    for (let length = 0; length <= bytes.length; length++)
      for (const previous of [0, 1, 0xffffffff])
        expect(crc32.crc32(bytes.subarray(0, length), previous)).toBe(zlib.crc32(bytes.subarray(0, length), previous));
    for (const [from, to] of [
      [3, 70],
      [5, 5],
      [1, 8],
    ] as const)
      expect(crc32.crc32Part(bytes, from, to, 9)).toBe(zlib.crc32(bytes.subarray(from, to), 9));
  });
});
