import { describe, expect, it } from "vitest";
import { SharedTimers } from "../../src/components/shared-timers.js";

/** A scheduler whose time a test moves. */
class Hand {
  nowMs = 0;
  scheduled = 0;
  private actions: { readonly dueMs: number; readonly work: () => void }[] = [];

  now(): number {
    return this.nowMs;
  }

  schedule(work: () => void, delayMs: number): { unsubscribe(): void } {
    const action = { dueMs: this.nowMs + delayMs, work };
    this.scheduled++;
    this.actions.push(action);
    return { unsubscribe: () => void (this.actions = this.actions.filter((each) => each !== action)) };
  }

  get waiting(): number {
    return this.actions.length;
  }

  moveTo(ms: number): void {
    this.nowMs = ms;
    for (const action of this.actions.filter(({ dueMs }) => dueMs <= ms)) {
      this.actions = this.actions.filter((each) => each !== action);
      action.work();
    }
  }
}

describe("SharedTimers", () => {
  it("G01 E22 however many deadlines wait, the scheduler has one action, and none runs early", () => {
    const hand = new Hand();
    const errors: unknown[] = [];
    const timers = new SharedTimers(hand, 10, (error) => errors.push(error));
    const ran: number[] = [];
    for (let i = 1; i <= 100; i++) timers.schedule(() => ran.push(i), 20 + i / 10);
    expect(hand.waiting).toBe(1);
    hand.moveTo(25);
    expect(ran).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    expect(hand.waiting).toBe(1);
    hand.moveTo(40);
    expect(ran).toHaveLength(100);
    expect(timers.waiting).toBe(0);
    expect(hand.waiting).toBe(0);
    expect(hand.scheduled).toBeLessThan(6);
    expect(errors).toEqual([]);
  });

  it("G01 a deadline that was called off does not run, not even by one that runs in the same tick", () => {
    const hand = new Hand();
    const timers = new SharedTimers(hand, 10, () => {});
    const ran: string[] = [];
    timers.schedule(() => second.unsubscribe(), 10);
    const second = timers.schedule(() => ran.push("second"), 10);
    timers.schedule(() => ran.push("third"), 10);
    hand.moveTo(10);
    expect(ran).toEqual(["third"]);
  });

  it("G03 a deadline that throws is told of, and stops no other one", () => {
    const hand = new Hand();
    const errors: unknown[] = [];
    const timers = new SharedTimers(hand, 10, (error) => errors.push(error));
    const ran: string[] = [];
    timers.schedule(() => {
      throw new Error("boom");
    }, 10);
    timers.schedule(() => ran.push("after"), 10);
    timers.schedule(() => ran.push("later"), 30);
    expect(() => hand.moveTo(10)).not.toThrow();
    hand.moveTo(30);
    expect(errors).toEqual([new Error("boom")]);
    expect(ran).toEqual(["after", "later"]);
    timers.schedule(() => ran.push("never"), 10);
    timers.close();
    hand.moveTo(100);
    expect(ran).toEqual(["after", "later"]);
  });
});
