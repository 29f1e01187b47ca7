import { LogStorage } from "@hexraft/core/ports";
import { fileStorage } from "@hexraft/storage-file";
import { fileKit, planOf, profiles, Simulation, shrink } from "@hexraft/testing/simulator";
import { ContainerModule } from "inversify";
import { describe, expect, it } from "vitest";
import { campaign, worlds } from "../src/index.js";

const short = { ...profiles.swarm, durationMs: 20_000, everyMs: 3_000, electionTimeoutMs: [300] };

describe("our own worlds", () => {
  it("I1 I3 I4 I5 I6 I7 I8 I9 I10 I12 I13 I15 I16 I17 I18 ten seeds of everything break nothing", async () => {
    const faults: string[] = [];
    const report = await campaign({
      world: "files",
      profile: short,
      firstSeed: 1,
      seeds: 10,
      onViolation: ({ seed, violation }) => faults.push(`seed ${seed}: ${violation}`),
    });
    expect(faults).toEqual([]);
    const unseen = ["elections", "crashInsideIo", "shadowCrashes", "configurationChanges", "snapshotsSaved"].filter(
      (what) => (report.coverage[what] ?? 0) === 0,
    );
    expect(unseen).toEqual([]);
  }, 60_000);

  it("I19 the same seed twice gives the same trace", async () => {
    const hashOf = async () => (await new Simulation(worlds.files, planOf(3, short)).run()).traceHash;
    expect(await hashOf()).toBe(await hashOf());
  });
});

/** The file adapter under somebody who answers before the disk did. */
const hastyDisks = fileKit((directory) => [
  fileStorage({ directory, segmentBytesMax: 16 * 1024, preallocate: false }),
  new ContainerModule(({ onActivation }) => {
    onActivation(LogStorage, (_, storage) => {
      const write = storage.write.bind(storage);
      storage.write = (order) => {
        write(order).catch(() => {});
        return Promise.resolve();
      };
      return storage;
    });
  }),
]);

describe("a storage that answers before it is durable", () => {
  it("I12 is found out by a crash of a copy of its disk", async () => {
    const { violation } = await new Simulation({ ...worlds.files, disks: hastyDisks }, planOf(1, profiles.calm)).run();
    expect(violation?.message).toMatch(/^I12 a power cut now would leave n\d with/);
  });

  it("I12 shrinks to a shorter plan with fewer faults", async () => {
    const plan = planOf(3, short);
    const found = await shrink(plan, (smaller) =>
      new Simulation({ ...worlds.files, disks: hastyDisks }, smaller).run(),
    );
    expect(found?.plan.faults.length).toBeLessThan(plan.faults.length / 2);
    expect(found?.plan.durationMs).toBeLessThan(short.durationMs);
    expect(found?.report.violation?.invariant).toBe("I12");
  }, 60_000);
});
