import { describe, expect, it } from "vitest";
import type { FsmCaller } from "../../src/components/fsm-caller.js";
import type { Done } from "../../src/components/proposal-group.js";
import { NotLeader, RaftError } from "../../src/model/errors.js";
import { CallerDesk } from "../../src/node/caller-desk.js";
import type { Inbox } from "../../src/node/inbox.js";
import type { Codec } from "../../src/ports/codec.js";
import { Rejected, type StateMachine } from "../../src/ports/state-machine.js";
import type { ForwardAnswered, TakeForwarded } from "../../src/protocol/effect.js";
import { settled } from "../components/support/entries.js";
import { RecordingSink } from "../components/support/recording-sink.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (from: Uint8Array): string => new TextDecoder().decode(from);
const upperCase: Codec = {
  encodeCommand: (command) => bytes(String(command)),
  decodeCommand: text,
  encodeResult: (result) => {
    if (result === "unspeakable") throw new Error("it has no words for that");
    return bytes(String(result).toUpperCase());
  },
  decodeResult: text,
};
const forever = { deadlineMs: Number.POSITIVE_INFINITY };

/** A desk between an inbox that writes down and a state machine that answers with its query. */
function desk(codec?: Codec) {
  const sink = new RecordingSink();
  const forwarded: { payload: string; onlyInTerm: number; done: Done }[] = [];
  const reads: number[] = [];
  const waits: { index: number; run: () => unknown; failed: (error: RaftError) => void }[] = [];
  const inbox: Pick<Inbox, "post" | "inNextTurn" | "read" | "proposeForwarded"> = {
    post: (event) => sink.post(event),
    inNextTurn: (work) => sink.inNextTurn(work),
    read: (request) => void reads.push(request),
    proposeForwarded: (payload, onlyInTerm, done) => void forwarded.push({ payload: text(payload), onlyInTerm, done }),
  };
  const fsm: Pick<FsmCaller, "readAt" | "appliedId"> = {
    readAt: (index, run, failed) => void waits.push({ index, run, failed }),
    appliedId: { index: 3, term: 1 },
  };
  const stateMachine = { read: (query: unknown) => query } as StateMachine;
  const bounds = { pendingRequestsMax: 2 };
  const memory = { lastRequest: 0, forwardedUpTo: 0 };
  const alarm = { atMost: () => {} };
  const made = new CallerDesk({ stateMachine, codec }, bounds, inbox as Inbox, fsm as FsmCaller, alarm, memory);
  return { made, sink, forwarded, reads, waits };
}
const taken: TakeForwarded = {
  type: "TakeForwarded",
  from: "n2",
  fromIncarnation: "b".repeat(16),
  request: 9,
  payload: bytes("set x"),
  onlyInTerm: 4,
};
const answered = (
  request: number,
  outcome: "ok" | "refused" | "unknown",
  code = "",
  reason = "",
  result = "",
): ForwardAnswered => ({
  type: "ForwardAnswered",
  response: { type: "ProposeResponse", request, outcome, code, reason, result: bytes(result) },
});
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "it resolved",
    (error: unknown) => error,
  );

describe("CallerDesk", () => {
  it("R18 F02 a peer's command is proposed in its term only, and its result goes back laid out", () => {
    const { made, forwarded, sink } = desk(upperCase);
    made.forwards.take(taken);
    expect(forwarded).toMatchObject([{ payload: "set x", onlyInTerm: 4 }]);
    forwarded[0]?.done(null, "done");
    expect(sink.of("ForwardedSettled")).toEqual([
      {
        type: "ForwardedSettled",
        to: "n2",
        toIncarnation: "b".repeat(16),
        request: 9,
        outcome: "ok",
        code: "",
        reason: "",
        result: bytes("DONE"),
      },
    ]);
  });

  it("R18 C02 a peer hears refused as refused and unknown as unknown", () => {
    const { made, forwarded, sink } = desk();
    made.forwards.take(taken);
    forwarded[0]?.done(new NotLeader("n3", "h:3"));
    forwarded[0]?.done(new RaftError("LeadershipLost", "unknown", "lost"));
    expect(sink.of("ForwardedSettled").map(({ outcome, code }) => [outcome, code])).toEqual([
      ["refused", "NotLeader"],
      ["unknown", "LeadershipLost"],
    ]);
  });

  it("F01 F02 a rejected command is a result on the other side too", async () => {
    const { made, forwarded, sink } = desk(upperCase);
    made.forwards.take(taken);
    forwarded[0]?.done(null, new Rejected("Taken", "somebody has it"));
    expect(sink.of("ForwardedSettled")).toMatchObject([{ outcome: "ok", code: "Taken", reason: "somebody has it" }]);
    const there = made.forwards.forward(bytes("set x"), forever);
    made.forwards.answered(answered(1, "ok", "Taken", "somebody has it"));
    expect(await there).toEqual(new Rejected("Taken", "somebody has it"));
  });

  it("F01 F02 T09 a rejection of a class of its own is one on the other side, and a plain one wherever its class is not known", async () => {
    class Expired extends Rejected {}
    const own: Codec = {
      ...upperCase,
      encodeResult: () => bytes("its own words"),
      decodeResult: (from) => (text(from) === "its own words" ? new Expired("Gone", "too late") : "no rejection"),
    };
    const { made, forwarded, sink } = desk(own);
    made.forwards.take(taken);
    forwarded[0]?.done(null, new Expired("Gone", "too late"));
    expect(sink.of("ForwardedSettled")).toMatchObject([
      { outcome: "ok", code: "Gone", reason: "too late", result: bytes("its own words") },
    ]);
    const heard = async (codec: Codec | undefined, code: string, result: string) => {
      const side = desk(codec).made.forwards;
      const there = side.forward(bytes("set x"), forever);
      side.answered(answered(1, "ok", code, "too late", result));
      return there;
    };
    expect(await heard(own, "Gone", "its own words")).toBeInstanceOf(Expired);
    const plain = [
      await heard(own, "Gone", ""), // an older release said it
      await heard(own, "Gone", "other words"),
      await heard(own, "Other", "its own words"),
      await heard(undefined, "Gone", "its own words"),
    ];
    expect(plain.map((each) => (each as object).constructor)).toEqual([Rejected, Rejected, Rejected, Rejected]);
    expect(plain[1]).toEqual(new Rejected("Gone", "too late"));
    // Whoever cannot lay it out says its code and reason all the same.
    const noWords = () => upperCase.encodeResult("unspeakable");
    const mute = desk({ ...own, encodeResult: noWords });
    mute.made.forwards.take(taken);
    mute.forwarded[0]?.done(null, new Expired("Gone", "too late"));
    expect(mute.sink.of("ForwardedSettled")).toMatchObject([{ outcome: "ok", code: "Gone", result: bytes("") }]);
  });

  it("F02 C02 a result that cannot be laid out is unknown, for the command took effect", () => {
    const { made, forwarded, sink } = desk(upperCase);
    made.forwards.take(taken);
    forwarded[0]?.done(null, "unspeakable");
    const plain = desk();
    plain.made.forwards.take(taken);
    plain.forwarded[0]?.done(null, { an: "object" });
    for (const [settlement] of [sink.of("ForwardedSettled"), plain.sink.of("ForwardedSettled")])
      expect(settlement).toMatchObject({ outcome: "unknown", code: "BadCommand" });
  });

  it("R18 T11 each command is passed on once, under a number of its own, and answered by that", async () => {
    const { made, sink } = desk(upperCase);
    const calls = [made.forwards.forward(bytes("a"), forever), made.forwards.forward(bytes("b"), forever)];
    expect(sink.of("ForwardRequested").map(({ request, payload }) => [request, text(payload)])).toEqual([
      [1, "a"],
      [2, "b"],
    ]);
    made.forwards.answered(answered(2, "ok", "", "", "B"));
    made.forwards.answered(answered(2, "ok", "", "", "again"));
    made.forwards.answered(answered(1, "unknown", "LeadershipLost", "the leader lost office"));
    expect(await calls[1]).toBe("B");
    expect(await failure(calls[0] as Promise<unknown>)).toMatchObject({ code: "LeadershipLost", outcome: "unknown" });
    expect(sink.of("ForwardRequested")).toHaveLength(2);
  });

  it("R12 more forwarded commands than pendingRequestsMax are refused at once", async () => {
    const { made, sink } = desk();
    const calls = [1, 2, 3].map(() => failure(made.forwards.forward(bytes("a"), forever)));
    expect(await calls[2]).toMatchObject({ code: "Overloaded", outcome: "refused" });
    expect(sink.of("ForwardRequested")).toHaveLength(2);
    made.forwards.failed({ type: "ForwardFailed", requests: [1, 2], error: new NotLeader(null, null) });
    expect(await Promise.all(calls.slice(0, 2))).toMatchObject([{ code: "NotLeader" }, { code: "NotLeader" }]);
  });

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
