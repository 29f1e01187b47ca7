import { randomUUID } from "node:crypto";
import type { CommandBatch } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { type DiskKit, memoryKit, planOf, profiles, Simulation, simulate } from "../../src/simulator.js";
import { RegisterMachine, registerModel, registerWorkload, registerWorld } from "./register.js";

const short = { ...profiles.user, durationMs: 1_000, kinds: [] };
const service = { model: registerModel, workload: registerWorkload };

describe("simulate", () => {
  it("I1 I5 I7 I15 I16 I17 ten short seeds of crashes, cuts and loss break nothing", async () => {
    const report = await simulate({ ...service, stateMachine: () => new RegisterMachine(), seeds: 10 });
    expect(report.text).toBe("");
    const unseen = ["elections", "crashInsideIo", "truncations", "calls.ok", "calls.unknown", "message.lost"].filter(
      (what) => (report.coverage[what] ?? 0) === 0,
    );
    expect(unseen).toEqual([]);
  });

  it("I19 the same seed twice gives the same trace, and another seed another one", async () => {
    const hashOf = async (seed: number) =>
      (await new Simulation(registerWorld, planOf(seed, profiles.user)).run()).traceHash;
    const first = await hashOf(7);
    expect(await hashOf(7)).toBe(first);
    expect(await hashOf(8)).not.toBe(first);
  });

  it("I5 finds a state machine whose results depend on which node applies them", async () => {
    let made = 0;
    class Forgetful extends RegisterMachine {
      private readonly number = made++;
      override apply(batch: CommandBatch): readonly unknown[] {
        const results = super.apply(batch);
        return this.number % 3 === 0 ? results.map((sum) => (sum as number) + 1) : results;
      }
    }
    const report = await simulate({ ...service, stateMachine: () => new Forgetful(), seeds: 5 });
    expect(report.failure?.violation?.invariant).toBe("I5");
  });

  it.each([
    { what: "Date.now", ask: () => Date.now() },
    { what: "crypto.randomUUID", ask: () => randomUUID() },
  ])("F07 names the line of a state machine that asks $what, long before replicas differ", async ({ what, ask }) => {
    class Curious extends RegisterMachine {
      override apply(batch: CommandBatch): readonly unknown[] {
        if (batch.count > 0) ask();
        return super.apply(batch);
      }
    }
    const options = { ...service, stateMachine: () => new Curious(), seeds: 1, profile: short };
    const { failure, text } = await simulate(options);
    expect(failure?.violation?.invariant).toBe("F07");
    expect(text).toMatch(new RegExp(`in apply of entr(y|ies) [\\d–]+ ${what} was asked at .*simulate.test.ts:\\d+`));
    expect((await simulate({ ...options, watchesDeterminism: false })).text).toBe("");
  });

  it("F07 finds work that a state machine leaves running, and what is watched is put back in the end", async () => {
    class Hasty extends RegisterMachine {
      override apply(batch: CommandBatch): readonly unknown[] {
        void this.flush();
        return super.apply(batch);
      }
      private async flush(): Promise<void> {
        await Promise.resolve();
      }
    }
    const watched = () => [Date, Math.random, setTimeout, Reflect.get(process, "nextTick"), randomUUID];
    const before = watched();
    const { failure } = await simulate({ ...service, stateMachine: () => new Hasty(), seeds: 1, profile: short });
    expect(failure?.violation?.message).toMatch(/^F07 the state machine of n\d: .* work still ran \(await\)/);
    expect(watched()).toEqual(before);
  });

  it("I13 finds a snapshot that leaves a part of the state out", async () => {
    class Partial extends RegisterMachine {
      override async snapshotLoad(bytes: AsyncIterable<Uint8Array>): Promise<void> {
        await super.snapshotLoad(bytes);
        delete this.registers["r1"];
      }
    }
    const report = await simulate({ ...service, stateMachine: () => new Partial(), seeds: 20 });
    expect(report.failure?.violation?.invariant).toBe("I13");
    expect(report.text).toContain(`seed ${report.failure?.seed}`);
  });

  it("I15 finds a service that does what its model does not", async () => {
    class Saturating extends RegisterMachine {
      override apply(batch: CommandBatch): readonly unknown[] {
        return super.apply(batch).map((sum) => Math.min(sum as number, 50));
      }
    }
    const report = await simulate({ ...service, stateMachine: () => new Saturating(), seeds: 5 });
    expect(report.failure?.violation?.invariant).toBe("I15");
  });

  it("I18 finds a rejection that nobody handles", async () => {
    class Careless extends RegisterMachine {
      override open() {
        void Promise.reject(new Error("nobody looks"));
        return super.open();
      }
    }
    const report = await simulate({
      ...service,
      stateMachine: () => new Careless(),
      seeds: 1,
      profile: short,
    });
    expect(report.failure?.violation?.message).toBe("I18 a rejection that nobody handles: Error: nobody looks");
  });

  it("I19 a world that takes its chance from elsewhere is another one each time", async () => {
    const disks: DiskKit = (place) => {
      const disk = memoryKit(place);
      disk.slow([1, 1 + Math.random()]);
      return disk;
    };
    const world = { ...registerWorld, disks };
    const plan = planOf(7, { ...profiles.user, durationMs: 1_000, kinds: [] });
    const hashes = [await new Simulation(world, plan).run(), await new Simulation(world, plan).run()];
    expect(new Set(hashes.map(({ traceHash }) => traceHash)).size).toBe(2);
  });

  it("I17 finds a state machine that waits for a real timer", async () => {
    class Sleepy extends RegisterMachine {
      timer: NodeJS.Timeout | undefined;
      override open() {
        this.timer = setTimeout(() => {}, 3_000);
        return super.open();
      }
    }
    const machines: Sleepy[] = [];
    const report = await simulate({
      ...service,
      stateMachine: () => machines[machines.push(new Sleepy()) - 1] as Sleepy,
      seeds: 1,
      profile: short,
    });
    for (const machine of machines) clearTimeout(machine.timer);
    expect(report.failure?.violation?.what).toContain("Timeout");
  });
});
