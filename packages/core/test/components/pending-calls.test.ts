import { describe, expect, it } from "vitest";
import { PendingCalls } from "../../src/components/pending-calls.js";
import { RaftError } from "../../src/model/errors.js";

function calls(max = 10) {
  const heard: string[] = [];
  const asked: number[] = [];
  const made = new PendingCalls<string>("reads", max, { atMost: (dueMs) => void asked.push(dueMs) });
  const add = (request: number, deadlineMs = Number.POSITIVE_INFINITY, signal?: AbortSignal) =>
    made.add(request, {
      resolve: (answer) => void heard.push(`${request}: ${answer}`),
      reject: (error) => void heard.push(`${request}: ${error instanceof RaftError ? error.code : error.message}`),
      deadlineMs,
      signal,
      gaveUp: (code) => new RaftError(code, "refused", "gave up"),
    });
  return { made, add, heard, asked };
}

describe("PendingCalls", () => {
  it("Q07 every call is answered once, by its number", () => {
    const { made, add, heard } = calls();
    for (const request of [1, 2, 3]) add(request);
    made.resolve(2, "B");
    made.resolve(2, "again");
    made.fail([1, 2], new RaftError("ReadTimeout", "refused", "no"));
    made.failAll(new RaftError("Stopped", "refused", "bye"));
    expect(heard).toEqual(["2: B", "1: ReadTimeout", "3: Stopped"]);
    expect(made.size).toBe(0);
  });

  it("R12 C05 the number of them is bounded, and one too many is told so at once", () => {
    const { add, heard } = calls(2);
    expect([add(1), add(2), add(3)]).toEqual([true, true, false]);
    expect(heard).toEqual(["3: Overloaded"]);
  });

  it("Q07 C05 deadlines are swept, not timed one by one; the next one is asked for", () => {
    const { made, add, heard, asked } = calls();
    add(1, 100);
    add(2, 200);
    made.sweep(150);
    expect(heard).toEqual(["1: DeadlineExceeded"]);
    expect(asked).toEqual([100, 200, 200]);
  });

  it("C05 a call is called off by its signal, and leaves nothing behind when it is answered first", () => {
    const { made, add, heard } = calls();
    const off = new AbortController();
    const kept = new AbortController();
    add(1, undefined, off.signal);
    add(2, undefined, kept.signal);
    made.resolve(2, "B");
    off.abort();
    kept.abort();
    expect(heard).toEqual(["2: B", "1: Cancelled"]);
  });
});
