import { describe, expect, it } from "vitest";
import { profiles, type SimulateReport, simulate } from "../../src/simulator.js";
import { RegisterMachine, registerModel, registerWorkload } from "./register.js";
import { registerSessions, SessionRegisters } from "./session-registers.js";

const trial = (make: () => SessionRegisters, seeds: number, sessionsEvery = 1): Promise<SimulateReport> =>
  simulate({
    model: registerModel,
    workload: registerWorkload,
    stateMachine: () => new RegisterMachine(),
    sessions: registerSessions(make),
    profile: { ...profiles.user, sessionsEvery },
    seeds,
  });

const seen = ({ coverage }: SimulateReport): readonly boolean[] =>
  ["opened", "repeated", "expired"].map((what) => (coverage[`sessions.${what}`] ?? 0) > 0);

describe("simulate with sessions", () => {
  it("C03 C04 I14 a service that does once what it hears twice breaks nothing, and hears much of it twice", async () => {
    const report = await trial(() => new SessionRegisters(), 3);
    expect(report.text).toBe("");
    expect(seen(report)).toEqual([true, true, true]);
  });

  it("C03 finds a service that does it again, though it says what it said before", async () => {
    class Twice extends SessionRegisters {
      protected override repeated(command: Uint8Array): void {
        this.execute(command);
      }
    }
    const report = await trial(() => new Twice(), 5);
    expect(report.failure?.violation?.invariant).toBe("I15");
  });

  it("C03 finds a service whose snapshots forget who has said what", async () => {
    class Forgetful extends SessionRegisters {
      override async snapshotLoad(bytes: AsyncIterable<Uint8Array>): Promise<void> {
        await super.snapshotLoad(bytes);
        this.table = [];
      }
    }
    const report = await trial(() => new Forgetful(), 20);
    expect(report.failure?.violation?.invariant).toMatch(/^I(5|13)$/);
  });

  it("C03 a profile that asks for none gives its clients none", async () => {
    const report = await trial(() => new SessionRegisters(), 1, 0);
    expect(report.text).toBe("");
    expect(seen(report)).toEqual([false, false, false]);
  });
});
