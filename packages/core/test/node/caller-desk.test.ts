import { describe, expect, it } from "vitest";
import { RaftError } from "../../src/model/errors.js";
import { settled } from "../components/support/entries.js";
import { answered, bytes, desk, failure, forever, upperCase } from "./support/desk.js";

describe("CallerDesk", () => {
  it("Q01 a read is asked of the state machine only once its index is confirmed, and at that index", async () => {
    const { made, reads, waits } = desk();
    const answer = made.reads.read("what", "linearizable", forever);
    expect(reads).toEqual([1]);
    expect(waits).toEqual([]);
    made.reads.ready({ type: "ReadReady", requests: [1], index: 17 });
    expect(waits).toMatchObject([{ index: 17 }]);
    waits[0]?.run();
    expect(await answer).toBe("what");
  });

  it("Q08/token what a leader had applied when it did a forwarded command counts as shown here", async () => {
    const { made } = desk(upperCase);
    const forward = made.forwards.forward(bytes("a"), forever);
    expect(made.reads.shownIndex).toBe(3);
    const { response } = answered(1, "ok");
    made.forwards.answered({ type: "ForwardAnswered", response: { ...response, applied: 8 } });
    await forward;
    expect(made.reads.shownIndex).toBe(8);
  });

  it("Q07 a read that was not confirmed fails with a retryable error, and is never asked later", async () => {
    const { made, waits } = desk();
    const answer = failure(made.reads.read("what", "linearizable", forever));
    made.reads.failed({ type: "ReadFailed", requests: [1], error: new RaftError("ReadTimeout", "refused", "no") });
    expect(await answer).toMatchObject({ code: "ReadTimeout", retryable: true });
    made.reads.ready({ type: "ReadReady", requests: [1], index: 17 });
    expect(waits).toEqual([]);
  });

  it("O04 close answers everybody: reads and what waits refused, what was passed on unknown", async () => {
    const { made, sink } = desk();
    const read = failure(made.reads.read("what", "linearizable", forever));
    const forward = failure(made.forwards.forward(bytes("a"), forever));
    const order = failure(made.order(() => {}, forever));
    made.close((outcome) => new RaftError("Stopped", outcome, "bye"));
    expect(await Promise.all([read, forward, order])).toMatchObject([
      { code: "Stopped", outcome: "refused" },
      { code: "Stopped", outcome: "unknown" },
      { code: "Stopped", outcome: "unknown" },
    ]);
    await settled();
    expect(sink.waiting).toBe(0);
  });
});
