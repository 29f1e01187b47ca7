import { describe, expect, it } from "vitest";
import {
  type Plan,
  planOf,
  profiles,
  readTranscript,
  Simulation,
  simulate,
  writeTranscript,
} from "../../src/simulator.js";
import { RegisterMachine, registerModel, registerWorkload, registerWorld } from "./register.js";

/** Forgets a register when it is loaded from a snapshot. */
class Partial extends RegisterMachine {
  override async snapshotLoad(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    await super.snapshotLoad(bytes);
    delete this.registers["r1"];
  }
}

const service = { model: registerModel, workload: registerWorkload };

describe("transcripts of runs", () => {
  it("I19 a run that was written down is the same run when it is read again", async () => {
    for (const name of Object.keys(profiles) as (keyof typeof profiles)[]) {
      const plan = planOf(5, profiles[name]);
      const report = await new Simulation(registerWorld, planOf(1, profiles.user)).run();
      const read = readTranscript(writeTranscript("registers", plan, report), "a.txt");
      expect(read).toEqual({ world: "registers", plan, saw: null, traceHash: report.traceHash });
    }
  });

  it("I13 a failing seed is kept as a text, and fails the same way again, before any seed", async () => {
    const first = await simulate({ ...service, stateMachine: () => new Partial(), seeds: 20 });
    const [head, ...lines] = first.transcript.split("\n");
    const withNote = [head, "# a register is forgotten", ...lines].join("\r\n");
    const read = readTranscript(withNote, "forgotten.txt");
    expect(read.saw).toBe(first.failure?.violation?.message);
    expect(lines.at(-2)).toContain("[violation] I13");

    const again = { ...service, seeds: 1, firstSeed: 900, kept: { "forgotten.txt": withNote } };
    const second = await simulate({ ...again, stateMachine: () => new Partial() });
    expect([second.seeds, second.failure?.traceHash]).toEqual([0, read.traceHash]);
    const mended = await simulate({ ...again, stateMachine: () => new RegisterMachine() });
    expect([mended.seeds, mended.text, mended.transcript]).toEqual([1, "", ""]);
  });

  it("O05 what is no transcript is refused with file, line and what should be there", async () => {
    const crash = { atMs: 1, forMs: 2, act: { kind: "crash", node: "n1" } } as const;
    const plan: Plan = { ...planOf(1, profiles.user), faults: [crash] };
    const report = await new Simulation(registerWorld, planOf(1, { ...profiles.user, kinds: [] })).run();
    const good = writeTranscript("registers", plan, report);
    const refusal = (from: string | RegExp, to: string): string => {
      const bad = good.replace(from, to);
      expect(bad).not.toBe(good);
      try {
        readTranscript(bad, "kept/a.txt");
      } catch (error) {
        return (error as Error).message;
      }
      throw new Error(`nobody minds ${to}`);
    };
    expect(refusal("transcript 1", "transcript 2")).toBe('kept/a.txt, line 1: must be "hexraft transcript 1"');
    expect(refusal("world ", "word ")).toMatch(/^kept\/a.txt, line 2: must begin with world, plan, fault,/);
    expect(refusal(/^world.*\n/m, "")).toMatch(/line \d+: a line that begins with world is missing before the story/);
    expect(refusal(/^plan.*\n/m, "")).toContain("nodes are those that the plan above it names");
    expect(refusal('"seed":1', '"seed":-1')).toBe("kept/a.txt, line 3: seed must be a number from 0 on");
    expect(refusal(/"nodes":\[[^\]]*\]/, '"nodes":[]')).toContain("line 3: nodes must be names, one or more");
    expect(refusal(/"encode":\w+/, '"encode":7')).toContain("encode true or false");
    expect(refusal('fault {"', "fault {")).toContain("line 4: what follows the first word must be a JSON object");
    expect(refusal('"atMs":1,', "")).toContain("line 4: a fault has atMs and forMs, numbers from 0 on, and act");
    expect(refusal('"crash"', '"crush"')).toContain("line 4: act.kind must be one of crash, crash-in-io,");
    expect(refusal('"node":"n1"', '"node":"n9"')).toContain("line 4: act.node of crash is not one;");
    expect(refusal(/^saw.*\n/m, "")).toContain("a line that begins with saw is missing");
  });
});
