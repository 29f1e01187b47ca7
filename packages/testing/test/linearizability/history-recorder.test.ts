import { RaftError } from "@hexraft/core";
import { describe, expect, it } from "vitest";
import {
  checkLinearizable,
  HistoryRecorder,
  type RegisterOperation,
  type RegisterResult,
  registerModel,
} from "../../src/linearizability.js";
import { READ, write } from "./histories.js";

const recorder = (operationsMax?: number) =>
  new HistoryRecorder<RegisterOperation<number>, RegisterResult<number>>(operationsMax);

describe("what clients see is written down", () => {
  it("I15 the order of calls and returns is kept, whatever the clock says", () => {
    const seen = recorder();
    const slow = seen.call("a", write(1));
    seen.call("b", READ).ok(null);
    slow.ok(null);
    expect(seen.history()).toMatchObject([
      { client: "a", calledAt: 1, returnedAt: 4, outcome: "ok" },
      { client: "b", calledAt: 2, returnedAt: 3, outcome: "ok", result: null },
    ]);
    expect(checkLinearizable(registerModel<number>(), seen.history()).verdict).toBe("linearizable");
  });

  it("C02 refused is refused; any other error, and no answer at all, is unknown", async () => {
    const seen = recorder();
    const failing = (error: Error) =>
      seen.record("a", write(1), async () => {
        throw error;
      });
    await expect(failing(new RaftError("Overloaded", "refused", "full"))).rejects.toThrow("full");
    await expect(failing(new RaftError("LeadershipLost", "unknown", "gone"))).rejects.toThrow("gone");
    await expect(failing(new Error("reset"))).rejects.toThrow("reset");
    seen.call("b", write(2));
    await expect(seen.record("c", READ, () => Promise.resolve(2))).resolves.toBe(2);
    expect(seen.history().map(({ outcome }) => outcome)).toEqual(["refused", "unknown", "unknown", "unknown", "ok"]);
  });

  it("I15 a call has one outcome", () => {
    const call = recorder().call("a", READ);
    call.ok(null);
    expect(() => call.refused()).toThrow("settled twice");
  });

  it("I15 a history is bounded", () => {
    const seen = recorder(1);
    seen.call("a", READ);
    expect(() => seen.call("a", READ)).toThrow("operationsMax");
  });
});
