import { describe, expect, it } from "vitest";
import { NotLeader, RaftError } from "../../src/model/errors.js";
import type { Codec } from "../../src/ports/codec.js";
import { Rejected } from "../../src/ports/state-machine.js";
import type { TakeForwarded } from "../../src/protocol/effect.js";
import { answered, bytes, desk, failure, forever, text, upperCase } from "./support/desk.js";

const taken: TakeForwarded = {
  type: "TakeForwarded",
  from: "n2",
  fromIncarnation: "b".repeat(16),
  request: 9,
  payload: bytes("set x"),
  onlyInTerm: 4,
};

describe("ForwardDesk", () => {
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
});
