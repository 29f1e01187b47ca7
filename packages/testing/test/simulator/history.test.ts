import type { Consistency } from "@hexraft/core";
import { describe, expect, it } from "vitest";
import { checkLooseReads } from "../../src/simulator/clients/consistencies.js";
import { checkEffects } from "../../src/simulator/clients/effects.js";
import type { AppliedEntry } from "../../src/simulator/invariants/applies.js";
import { checkWitness, History, type Operation } from "../../src/simulator.js";
import { registerModel } from "./register.js";

const encoder = new TextEncoder();

/** The register service applied these commands, the first of them at index 1, and said these sums. */
const applied = (...entries: readonly (readonly [command: string, result: number])[]): (AppliedEntry | undefined)[] => [
  undefined,
  ...entries.map(([command, result], i) => ({
    index: i + 1,
    term: 1,
    payload: encoder.encode(command),
    result,
    logTimeMs: 0,
    first: "n1",
    payloadHash: 0,
    resultHash: 0,
  })),
];

/** Clients call one after the other. */
class Calls {
  readonly history = new History();
  readonly faults: string[] = [];

  apply(
    command: string,
    outcome: "ok" | "refused" | "unknown",
    output: number | undefined,
    ...taken: number[]
  ): Operation {
    const act = { kind: "apply" as const, command: encoder.encode(command) };
    const operation = this.history.begin(1, act, "n1", 0);
    operation.taken = taken.map((index) => ({ index, term: 1 }));
    if (taken[0] !== undefined) operation.index = taken[0];
    this.history.end(operation, outcome, output);
    return operation;
  }

  read(query: string, index: number, output: number): void {
    const operation = this.history.begin(2, { kind: "read", query }, "n1", 0);
    operation.index = index;
    this.history.end(operation, "ok", output);
  }

  /** What is wrong with what they heard. */
  judged(...entries: readonly (readonly [string, number])[]): string {
    const faults: string[] = [];
    const accuse = (invariant: string, what: string): void => void faults.push(`${invariant} ${what}`);
    const { operations } = this.history;
    const log = applied(...entries);
    checkEffects(operations, log, accuse);
    const decode = (payload: Uint8Array): unknown => payload;
    checkWitness({ model: registerModel, operations, applied: log, decode, accuse });
    return faults[0] ?? "";
  }
}

describe("what clients heard, held against the log", () => {
  it("I14 I15 finds nothing where each command took effect once, and everybody heard what was", () => {
    const calls = new Calls();
    calls.apply("a+1", "ok", 1, 1);
    calls.apply("a+2", "unknown", undefined, 2);
    calls.apply("a+4", "refused", undefined, 9);
    calls.read("a", 2, 3);
    expect(calls.judged(["a+1", 1], ["a+2", 3])).toBe("");
  });

  it("I14 finds a command that took effect twice", () => {
    const calls = new Calls();
    calls.apply("a+1", "ok", 1, 1, 2);
    expect(calls.judged(["a+1", 1], ["a+1", 2])).toBe("I14 call 0 of client 1 took effect at 1 and 2");
  });

  it("I14 C02 finds a command that was refused and took effect, and one that was acknowledged and did not", () => {
    const refused = new Calls();
    refused.apply("a+1", "refused", undefined, 1);
    expect(refused.judged(["a+1", 1])).toBe("I14 call 0 of client 1 was refused, and took effect at 1");
    const lost = new Calls();
    lost.apply("a+1", "ok", 1, 1);
    expect(lost.judged()).toBe(
      "I14 call 0 of client 1 was acknowledged, and what it was taken as, 1/1, was never applied",
    );
  });

  it("I15 finds a result, a read and an order that the model does not explain", () => {
    const result = new Calls();
    result.apply("a+1", "ok", 2, 1);
    expect(result.judged(["a+1", 1])).toBe("I15 call 0 (apply of client 1 via n1) heard 2, not 1");
    const read = new Calls();
    read.apply("a+1", "ok", 1, 1);
    read.read("a", 1, 0);
    expect(read.judged(["a+1", 1])).toBe("I15 call 1 (read of client 2 via n1) at 1 heard 0, not 1");
    const stale = new Calls();
    stale.apply("a+1", "ok", 1, 1);
    stale.read("a", 0, 0);
    expect(stale.judged(["a+1", 1])).toContain("began after call 0 (apply of client 1 via n1) was answered");
  });

  it("I16 finds an acknowledged write that is nowhere in the end", () => {
    const calls = new Calls();
    const { taken: _, ...operation } = calls.apply("a+1", "ok", 1, 1);
    const faults: string[] = [];
    checkWitness({
      model: registerModel,
      operations: [operation],
      applied: [undefined, undefined],
      decode: (payload) => payload,
      accuse: (invariant, what) => faults.push(`${invariant} ${what}`),
    });
    expect(faults).toEqual(["I16 call 0 (apply of client 1 via n1) was acknowledged at 1, where nothing is"]);
  });
});

describe("reads that ask for less", () => {
  /** A write answered at 1,000 ms, then a read that began at `invokedMs`, and what was seen of both. */
  const judged = (consistency: Consistency, index: number, invokedMs: number, tokenIndex?: number): string => {
    const history = new History();
    const faults: string[] = [];
    const write = history.begin(1, { kind: "apply", command: encoder.encode("a") }, "n1", 900);
    history.end(write, "ok", 1);
    Object.assign(write, { index: 2, returnedMs: 1_000 });
    const read = history.begin(2, { kind: "read", query: "a", consistency }, "n2", invokedMs);
    history.end(read, "ok", 0);
    Object.assign(read, { index, returnedMs: invokedMs + 1, ...(tokenIndex !== undefined && { tokenIndex }) });
    checkLooseReads(history.operations, applied(["a", 1], ["b", 2]), (invariant, what) =>
      faults.push(`${invariant} ${what}`),
    );
    return faults.join("; ");
  };

  it("I15 Q08 one that is older than it may be is seen, and one that is just young enough is not", () => {
    expect(judged({ maxStalenessMs: 100 }, 1, 1_050)).toBe("");
    expect(judged({ maxStalenessMs: 100 }, 2, 1_500)).toBe("");
    expect(judged({ maxStalenessMs: 100 }, 1, 1_500)).toMatch(/^I15 call 1 was answered at 1, not older than 100 ms/);
  });

  it("I15 Q08 one that does not show what its token names is seen, and so is a token that names too little", () => {
    expect(judged({ atLeast: "c/main/0/2" }, 2, 1_050, 2)).toBe("");
    expect(judged({ atLeast: "c/main/0/2" }, 1, 1_050)).toBe("I15 call 1 was answered at 1, and was to show 2");
    expect(judged("linearizable", 2, 1_050, 1)).toMatch(/the token that was given afterwards names 1$/);
  });
});
