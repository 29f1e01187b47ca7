import { describe, expect, it } from "vitest";
import { SuspendWatch } from "../../src/components/suspend-watch.js";

/** A watch over two clocks that the test sets: 20 ms are forgiven in windows of 1,000. */
function watch() {
  const clocks = { monotonic: 5_000, wall: 1_700_000_000_000 };
  const made = new SuspendWatch({ monotonic: () => clocks.monotonic, wall: () => Math.floor(clocks.wall) }, 20, 1_000);
  made.stoodStill();
  const after = (monotonicMs: number, wallMs = monotonicMs): number => {
    clocks.monotonic += monotonicMs;
    clocks.wall += wallMs;
    return made.stoodStill();
  };
  return { after };
}

describe("SuspendWatch", () => {
  it("Q05/suspend the wall clock went on, and the monotonic one did not: said once, with how long", () => {
    const { after } = watch();
    expect(after(100)).toBe(0);
    expect(after(3, 503)).toBe(500);
    expect(after(3)).toBe(0);
  });

  it("Q05/suspend short ones add up within a window", () => {
    const { after } = watch();
    expect([after(10, 25), after(10, 25)].map((ms) => ms > 0)).toEqual([false, true]);
  });

  it("Q05/suspend a clock that is slewed is no alarm, nor is one that is read in whole milliseconds", () => {
    const { after } = watch();
    for (let ms = 0; ms < 20_000; ms += 10) expect(after(10, 10.005)).toBe(0);
  });

  it("Q05/suspend E22 a wall clock that is set back is no alarm, and hides no later stand-still", () => {
    const { after } = watch();
    expect(after(10, -3_600_000)).toBe(0);
    expect(after(0, 50)).toBe(50);
  });
});
