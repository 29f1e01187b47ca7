import type { Answered } from "@hexraft/client";
import { RaftError } from "@hexraft/core/ports";
import type { KvAnswer, KvCommand, KvQuery, KvResult } from "@hexraft/statemachine-kv";
import { describe, expect, it } from "vitest";
import {
  type Asked,
  Availability,
  type Caller,
  isSound,
  Journal,
  KeyHistory,
  type Outage,
  Registers,
} from "../src/index.js";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** A service of one map, which may forget what it acknowledged, or answer with what was there before. */
class Liar {
  readonly held = new Map<string, string>();
  private readonly before = new Map<string, string>();
  forgetful = false;
  stale = false;
  silent = false;

  get client(): Asked {
    return {
      propose: (command: KvCommand) => Promise.resolve(this.propose(command)),
      read: (query: KvQuery) => Promise.resolve(this.read(query)),
    } as unknown as Asked;
  }

  get caller(): Caller {
    return { name: "one", client: this.client, deadlineMs: 1_000 };
  }

  /** Everything at once. */
  range = () => {
    const entries = Array.from(this.held, ([key, value]) => ({
      key: encoder.encode(key),
      value: encoder.encode(value),
    }));
    return Promise.resolve({ type: "range", entries, next: null } as const);
  };

  private propose(command: KvCommand): Answered<KvResult> {
    if (this.silent) return { outcome: "unknown", error: new RaftError("ConnectionLost", "unknown", "nobody answers") };
    if (command.type !== "put" && command.type !== "compareAndSet") throw new Error(command.type);
    const key = decoder.decode(command.key);
    const held = this.held.get(key);
    if (command.type === "compareAndSet") {
      const expected = command.expected === null ? undefined : decoder.decode(command.expected);
      const actual = held === undefined ? null : encoder.encode(held);
      if (held !== expected) return { outcome: "ok", value: { type: "compareAndSet", done: false, actual } };
    }
    if (!this.forgetful) {
      if (held !== undefined) this.before.set(key, held);
      this.held.set(key, decoder.decode(command.value ?? undefined));
    }
    const value: KvResult =
      command.type === "put" ? { type: "put", done: true } : { type: "compareAndSet", done: true, actual: null };
    return { outcome: "ok", value };
  }

  private read(query: KvQuery): Answered<KvAnswer> {
    if (query.type !== "get") throw new Error(query.type);
    const key = decoder.decode(query.key);
    const value = (this.stale ? this.before.get(key) : undefined) ?? this.held.get(key);
    return { outcome: "ok", value: { type: "get", value: value === undefined ? null : encoder.encode(value) } };
  }
}

/** Some hundred turns of one caller over `liar`, and what the registers say then. */
async function findings(liar: Liar, then: () => void = () => {}) {
  let draw = 0;
  const registers = new Registers(2, { operationsMax: 40, unknownMax: 2 }, () => (draw = (draw + 0.381966) % 1));
  for (let turn = 0; turn < 60; turn++) await registers.turn(liar.caller, `v${turn}`);
  then();
  for (let turn = 60; turn < 120; turn++) await registers.turn(liar.caller, `v${turn}`);
  liar.silent = false;
  registers.finish();
  while ((await registers.settle(liar.caller)) > 0);
  return registers.findings;
}

describe("what clients of a chaotic cluster see", () => {
  it("I15 an honest service is explained, key by key, in histories that stay short", async () => {
    const { checked, contradictions, undecided } = await findings(new Liar());
    expect({ contradictions, undecided }).toEqual({ contradictions: [], undecided: 0 });
    expect(checked).toBeGreaterThanOrEqual(4);
  });

  it("I15 a service that answers with what was there before is caught", async () => {
    const liar = new Liar();
    const { contradictions } = await findings(liar, () => {
      liar.stale = true;
    });
    expect(contradictions.length).toBeGreaterThan(0);
    expect(contradictions[0]).toContain("register/");
  });

  it("I15 a service that acknowledges and forgets is caught", async () => {
    const liar = new Liar();
    const { contradictions } = await findings(liar, () => {
      liar.forgetful = true;
    });
    expect(contradictions.length).toBeGreaterThan(0);
  });

  it("C02 a key with too many unknown outcomes is given up for a new one, and still decided", async () => {
    const liar = new Liar();
    const { checked, contradictions, undecided } = await findings(liar, () => {
      liar.silent = true;
    });
    expect({ contradictions, undecided }).toEqual({ contradictions: [], undecided: 0 });
    expect(checked).toBeGreaterThan(10);
  });

  it("I16 C02 counts what was acknowledged and is not there, or is something else; what was not acknowledged is nobody's loss", async () => {
    const liar = new Liar();
    const journal = new Journal();
    for (let i = 0; i < 5; i++) expect(await journal.write(liar.client, 1_000)).toBe(true);
    liar.silent = true;
    expect(await journal.write(liar.client, 1_000)).toBe(false);
    expect(await journal.lost(liar)).toBe(0);
    const [first, second] = liar.held.keys();
    liar.held.delete(first as string);
    liar.held.set(second as string, "something else");
    expect(await journal.lost(liar)).toBe(2);
  });

  it("reads a key once more before it judges it, and waits for those who still ask", async () => {
    const history = new KeyHistory("k", { operationsMax: 2, unknownMax: 1 });
    const asked = history.ask(new Liar().caller, { type: "get", key: "k" });
    expect([history.isQuiet, history.isFull]).toEqual([false, false]);
    await asked;
    await history.ask(new Liar().caller, { type: "put", key: "k", value: "v" });
    expect([history.isQuiet, history.isFull, history.lastSeen]).toEqual([true, true, "v"]);
  });

  it("knows the longest time without a success, also if it is the last, and how long nobody could have answered in it", () => {
    const told: Outage[] = [];
    const availability = new Availability(200, (outage) => void told.push(outage));
    availability.success(100);
    availability.looked(110, false); // the first look: since when nobody knows
    availability.looked(120, true);
    availability.success(150);
    availability.looked(200, true);
    availability.looked(210, false);
    availability.looked(225, false);
    availability.success(400);
    expect(availability.worst).toEqual({ fromMs: 150, lastedMs: 250, withoutMajorityMs: 25 });
    availability.success(420);
    availability.looked(1_000, true);
    availability.end(1_000);
    expect(availability.worst).toEqual({ fromMs: 420, lastedMs: 580, withoutMajorityMs: 0 });
    expect(told.map(({ lastedMs }) => lastedMs)).toEqual([250, 580]);
  });

  it("calls nothing sound that was lost, not explained, or not decided", () => {
    const good = {
      operations: 1,
      faults: 1,
      lost: 0,
      linearizable: true,
      undecided: 0,
      maxUnavailableMs: 1,
      noMajorityMs: 0,
    };
    expect(isSound(good)).toBe(true);
    expect([{ lost: 1 }, { linearizable: false }, { undecided: 1 }].map((bad) => isSound({ ...good, ...bad }))).toEqual(
      [false, false, false],
    );
  });
});
