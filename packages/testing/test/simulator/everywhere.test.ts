import { describe, expect, it } from "vitest";
import { exponential, scaled } from "../../src/simulator/chance.js";
import { fingerprint } from "../../src/simulator/fingerprint.js";
import { Trace } from "../../src/simulator/trace/trace.js";
import { planOf, profiles } from "../../src/simulator.js";
import { SeededRandom } from "../../src/time/seeded-random.js";

/*
 * What a run is made of beside the nodes themselves, whose behaviour changes with every version: each of these is the same on
 * every machine and Node version, or the pinned numbers show it. Who changes one on purpose writes the new number down.
 */
describe("a seed is the same run everywhere", () => {
  it("I19 plans", () => {
    const plans = (profile: keyof typeof profiles) =>
      fingerprint(Array.from({ length: 50 }, (_, seed) => planOf(seed, profiles[profile])));
    expect({ swarm: plans("swarm"), user: plans("user"), rot: plans("rot") }).toMatchInlineSnapshot(`
      {
        "rot": 1857945582,
        "swarm": 2939069876,
        "user": 3533541759,
      }
    `);
  });

  it("I19 chance, to the last bit", () => {
    const random = new SeededRandom("everywhere");
    const drawn = Array.from({ length: 1_000 }, () => [exponential(random), scaled(random, 0.3, 7_000)]);
    expect(fingerprint(drawn)).toMatchInlineSnapshot(`1323863503`);
  });

  it("I19 what a trace comes to", () => {
    let now = 0;
    const trace = new Trace(() => now, false);
    for (; now < 3_000; now += 0.7) trace.note("process", "n1", `at ${now.toFixed(1)}`);
    expect(trace.hash).toMatchInlineSnapshot(`"bcd5192f8518ead5"`);
  });
});
