import { Codec, type Gathered, GatheredBatch, StateMachine } from "@hexraft/core/ports";
import { jointMembership } from "@hexraft/membership";
import { InSession, SessionCodec, SessionStateMachine, sessions } from "@hexraft/sessions";
import { kvStateMachine } from "@hexraft/statemachine-kv";
import { planOf, profiles, Simulation, type World } from "@hexraft/testing/simulator";
import { ContainerModule } from "inversify";
import { describe, expect, it } from "vitest";
import { campaign, worlds } from "../src/index.js";

const profile = {
  ...profiles.swarm,
  durationMs: 20_000,
  everyMs: 3_000,
  electionTimeoutMs: [300],
  sessionsEvery: 1,
  witnessEvery: 0,
};

describe("worlds whose clients use sessions", () => {
  it("C02 C03 C04 I14 what is said again is done once, and who was silent too long is told so", async () => {
    const faults: string[] = [];
    const { coverage } = await campaign({
      world: "files",
      profile,
      firstSeed: 1,
      seeds: 6,
      onViolation: ({ seed, violation }) => faults.push(`seed ${seed}: ${violation}`),
    });
    expect(faults).toEqual([]);
    const wanted = ["sessions.opened", "sessions.repeated", "sessions.expired", "snapshotsSaved"];
    expect(wanted.filter((what) => (coverage[what] ?? 0) === 0)).toEqual([]);
  }, 60_000);

  it("C03 I14 a service that does again what is said again is found out", async () => {
    const { violation } = await new Simulation(hasty, planOf(1, profile)).run();
    expect(violation?.message).toMatch(/^I15 the command at \d+ returned .*, not /);
  });
});

/** Sessions that forget each number as soon as it is done: its repeats come under numbers that nobody used. */
const forgetful = new ContainerModule(({ onActivation }) => {
  onActivation(StateMachine, (context, machine) => {
    const codec = context.get(Codec);
    if (!(machine instanceof SessionStateMachine) || !(codec instanceof SessionCodec)) return machine;
    const apply = machine.apply.bind(machine);
    machine.apply = (batch) => {
      const entries: Gathered[] = [];
      batch.each((payload, index, term, logTimeMs) => {
        const said = codec.decodeCommand(payload);
        const anew = said instanceof InSession && new InSession(said.session, index, 1, said.command);
        entries.push({ payload: anew === false ? payload : codec.encodeCommand(anew), index, term, logTimeMs });
      });
      return apply(new GatheredBatch(entries));
    };
    return machine;
  });
});

const hasty: World = {
  ...worlds.files,
  sessions: {
    ...worlds.files.sessions,
    modules: () => [sessions(kvStateMachine(), { ttlMs: 4_000 }), jointMembership(), forgetful],
  },
};
