import { Codec, type CommandBatch, StateMachine } from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import { describe, expect, it } from "vitest";
import { profiles, type Releases, type SimulateReport, simulate } from "../../src/simulator.js";
import { RegisterMachine, registerModel, registerWorkload } from "./register.js";

/** What a command of format 2 begins with. */
const FORMAT_2 = 2;

/** Release 2 lays its commands out behind a byte more. */
class ReleasedRegisters extends RegisterMachine {
  constructor(private readonly release: number) {
    super();
  }

  override open() {
    return { appliedIndex: 0, formatVersion: this.release };
  }

  formatOpened(): void {}

  override apply(batch: CommandBatch): readonly unknown[] {
    return batch.map((payload) => {
      const isNewer = payload[0] === FORMAT_2;
      if (isNewer && this.release < FORMAT_2) throw new Error("a command that this release cannot read");
      return this.execute(isNewer ? payload.subarray(1) : payload);
    });
  }
}

const codecThatWaitsFor = (format: number): Codec<Uint8Array, number> => ({
  encodeCommand: (command, open = 1) => (open < format ? command : Uint8Array.of(FORMAT_2, ...command)),
  decodeCommand: (payload) => (payload[0] === FORMAT_2 ? payload.subarray(1) : payload),
  encodeResult: (result) => new Uint8Array(new Float64Array([result]).buffer),
  decodeResult: (bytes) => new Float64Array(bytes.slice().buffer)[0] as number,
});

const releases = (waitsFor: number): Releases => ({
  newest: 2,
  formatOf: (payload) => (payload[0] === FORMAT_2 ? FORMAT_2 : 1),
  modules: (release) => [
    new ContainerModule(({ bind }) => {
      bind(StateMachine).toConstantValue(new ReleasedRegisters(release));
      bind(Codec).toConstantValue(codecThatWaitsFor(release < FORMAT_2 ? Number.POSITIVE_INFINITY : waitsFor));
    }),
  ],
});

const trial = (waitsFor: number, upgradesEvery = 1): Promise<SimulateReport> =>
  simulate({
    model: registerModel,
    workload: registerWorkload,
    stateMachine: () => new RegisterMachine(),
    releases: releases(waitsFor),
    profile: { ...profiles.user, upgradesEvery },
    seeds: 3,
  });

describe("simulate with releases", () => {
  it("F05 a release that writes its format once that is open breaks nothing, wherever its nodes are upgraded", async () => {
    const { text, coverage } = await trial(FORMAT_2);
    expect(text).toBe("");
    expect(coverage["upgrades.restarts"]).toBeGreaterThan(0);
  });

  it("F05 finds a release that writes its format from the start", async () => {
    const { failure } = await trial(1);
    expect(failure?.violation?.invariant).toBe("F05");
  });

  it("F05 a profile that asks for no upgrades has none", async () => {
    const { text, coverage } = await trial(FORMAT_2, 0);
    expect(text).toBe("");
    expect(coverage["upgrades.restarts"] ?? 0).toBe(0);
  });
});
