import { describe, expect, it } from "vitest";
import { SimulatedHost } from "../../src/simulator/world/simulated-host.js";
import { SimulatedTime } from "../../src/simulator/world/simulated-time.js";

const HOUR_MS = 3_600_000;

describe("the clock of a simulation", () => {
  it("I18 what a process waited for goes with it, and what others wait for comes in its order", async () => {
    const time = new SimulatedTime();
    const [dead, living] = [new SimulatedHost(time, "dead"), new SimulatedHost(time, "living")];
    const came: string[] = [];
    for (const [who, host] of Object.entries({ dead, living })) {
      host.scheduler.schedule(() => came.push(`${who}, an hour`), HOUR_MS);
      host.after(2, () => came.push(`${who}, second`));
      host.after(1, () => came.push(`${who}, first`));
    }
    time.after(3, () => came.push("nobody's"));

    dead.kill();

    expect(time.waiting).toBe(4);
    await time.run(HOUR_MS);
    expect(came).toEqual(["living, first", "living, second", "nobody's", "living, an hour"]);
  });

  it("I18 calls that were called off by the hundred leave the others in their order", async () => {
    const time = new SimulatedTime();
    const came: number[] = [];
    const all = Array.from({ length: 500 }, (_, i) => time.after((i * 7) % 500, () => came.push((i * 7) % 500)));

    for (const [i, appointment] of all.entries()) if (i % 5 !== 0) time.cancel(appointment);

    expect(time.waiting).toBe(100);
    await time.run(HOUR_MS);
    expect(came).toHaveLength(100);
    expect(came).toEqual(came.toSorted((a, b) => a - b));
    expect(time.waiting).toBe(0);
  });
});
