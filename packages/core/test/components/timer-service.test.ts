import { describe, expect, it } from "vitest";
import { TimerService } from "../../src/components/timer-service.js";
import { drawing, ManualTime } from "./support/manual-time.js";
import { RecordingSink } from "./support/recording-sink.js";

function service(random = drawing(0.5), tickMs = 10) {
  const time = new ManualTime();
  const sink = new RecordingSink();
  const rung: number[] = [];
  const owner = { alarmRang: () => void rung.push(time.now()) };
  return { time, sink, random, rung, timers: new TimerService(time, random, tickMs, sink, owner) };
}
const election = (generation: number, between: readonly [number, number] = [150, 300]) =>
  ({ type: "ArmTimer", timer: "election", between, generation }) as const;

describe("TimerService", () => {
  it("E03 a wait is drawn uniformly from the range, out of the injected source, and the event carries it", () => {
    const { time, sink, timers } = service(drawing(0, 0.5, 0.999));
    for (const generation of [1, 2, 3]) {
      timers.arm(election(generation));
      time.advance(400);
    }
    expect(sink.of("TimerFired").map(({ drawnMs, generation }) => [generation, drawnMs])).toEqual([
      [1, 150],
      [2, 225],
      [3, 150 + 0.999 * 150],
    ]);
  });

  it("E03 a range of one length draws nothing", () => {
    const { random, timers, time, sink } = service();
    timers.arm({ type: "ArmTimer", timer: "heartbeat", between: [30, 30], generation: 1 });
    time.advance(30);
    expect(random.drawn).toBe(0);
    expect(sink.of("TimerFired")).toEqual([{ type: "TimerFired", timer: "heartbeat", generation: 1, drawnMs: 30 }]);
  });

  it("E22 no timer fires before its time by the scheduler's clock, nor more than a tick after it", () => {
    const { time, sink, timers } = service();
    timers.arm(election(1));
    time.advance(224);
    expect(sink.events).toEqual([]);
    time.advance(11);
    expect(sink.of("TimerFired")).toHaveLength(1);
  });

  it("E22 arming anew moves the deadline, and never costs more than one waiting action", () => {
    const { time, sink, timers } = service();
    for (let generation = 1; generation <= 1_000; generation++) timers.arm(election(generation));
    expect(time.pending).toBe(1);
    expect(time.scheduled).toBeLessThanOrEqual(2);
    time.advance(1_000);
    expect(sink.of("TimerFired").map(({ generation }) => generation)).toEqual([1_000]);
  });

  it("a disarmed timer does not fire, and a shorter one overtakes a longer one", () => {
    const { time, sink, timers } = service(drawing(0));
    timers.arm(election(1, [500, 500]));
    timers.arm({ type: "ArmTimer", timer: "heartbeat", between: [50, 50], generation: 1 });
    time.advance(60);
    expect(sink.of("TimerFired").map(({ timer }) => timer)).toEqual(["heartbeat"]);
    timers.disarm({ type: "DisarmTimer", timer: "election" });
    time.advance(1_000);
    expect(sink.of("TimerFired")).toHaveLength(1);
  });

  it("C05 an alarm keeps the earliest of its settings, rings once, and is never closer than a tick", () => {
    const { time, timers, rung } = service();
    timers.atMost(time.now() + 100);
    timers.atMost(time.now() + 1);
    timers.atMost(time.now() + 500);
    time.advance(1_000);
    expect(rung).toEqual([1_010]);
  });

  it("O04 after close nothing waits in the scheduler and nothing fires", () => {
    const { time, sink, timers } = service();
    timers.arm(election(1));
    timers.close();
    timers.arm(election(2));
    expect(time.pending).toBe(0);
    time.advance(1_000);
    expect(sink.events).toEqual([]);
  });

  it("E24 a process that stood still says so once, for how long, and before its late timers", () => {
    const time = new ManualTime();
    const sink = new RecordingSink();
    const timers = new TimerService(time, drawing(0), 10, sink, { alarmRang: () => {} }, 150);
    timers.arm({ type: "ArmTimer", timer: "heartbeat", between: [30, 30], generation: 1 });
    time.standStill(179);
    timers.noticePause();
    expect(sink.events).toEqual([]);
    time.standStill(5);
    timers.noticePause();
    timers.noticePause();
    time.advance(0);
    expect(sink.events).toEqual([
      { type: "EventLoopPaused", forMs: 154 },
      { type: "TimerFired", timer: "heartbeat", generation: 1, drawnMs: 30 },
    ]);
  });

  it("E24 a pause that the late timer itself finds is said before it, too; the next one anew", () => {
    const time = new ManualTime();
    const sink = new RecordingSink();
    const timers = new TimerService(time, drawing(0), 10, sink, { alarmRang: () => {} }, 150);
    for (const generation of [1, 2]) {
      timers.arm({ type: "ArmTimer", timer: "heartbeat", between: [30, 30], generation });
      time.standStill(400);
      time.advance(0);
    }
    expect(sink.events.map(({ type }) => type)).toEqual([
      "EventLoopPaused",
      "TimerFired",
      "EventLoopPaused",
      "TimerFired",
    ]);
  });
});
