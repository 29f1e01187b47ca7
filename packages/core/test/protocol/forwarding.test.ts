import { describe, expect, it } from "vitest";
import { dropped, sent } from "../support/effects.js";
import { incarnationOf, Lab, type LabOptions } from "../support/lab.js";
import { bytes, ordersOf } from "../support/messages.js";

const leading = (options: LabOptions = {}): Lab => new Lab(["a", "b", "c"], options).elect("a").beat("a");
const forward = (lab: Lab, id: string, request: number) =>
  lab.step(id, { type: "ForwardRequested", request, payload: bytes("x") });
const propose = (request: number, forTerm = 1) => ({ type: "Propose", forTerm, request, payload: bytes("x") }) as const;
const NOTHING = new Uint8Array(0);

describe("R18 on the leader", () => {
  it("R18 a command for exactly its term is taken, in that term only", () => {
    const lab = leading();
    expect(lab.receive("b", "a", propose(5))).toEqual([
      {
        type: "TakeForwarded",
        from: "b",
        fromIncarnation: incarnationOf("b"),
        request: 5,
        payload: bytes("x"),
        onlyInTerm: 1,
      },
    ]);
  });

  it("R18 one that comes first when its term's leader leads no more is refused, naming the new one, and never taken", () => {
    const lab = leading();
    lab.elect("c").beat("c");
    for (const copy of [1, 2]) {
      const effects = lab.receive("b", "a", propose(5));
      expect(ordersOf(effects, "TakeForwarded")).toEqual([]);
      const refusal = { to: "b", message: { request: 5, outcome: "refused", code: "NotLeader" } };
      expect(sent(effects)).toMatchObject(copy === 1 ? [refusal] : []);
    }
  });

  it("R18 C02 a copy of what a leader took is not refused when it leads no more: the first may still take effect", () => {
    const lab = leading();
    lab.receive("b", "a", propose(5));
    lab.elect("c").beat("c");
    expect(lab.receive("b", "a", propose(5))).toEqual([]);
    expect(dropped(lab, "a")).toMatchObject({ "forwarded command seen before": 1 });
  });

  it("R18 C02 whoever did not lead its term in this run cannot know: the run before may have taken it", () => {
    const lab = leading();
    const unknown = [{ to: "b", message: { request: 5, outcome: "unknown", code: "LeadershipLost" } }];
    for (const forTerm of [0, 2]) {
      const effects = lab.receive("b", "a", propose(5, forTerm));
      expect(ordersOf(effects, "TakeForwarded")).toEqual([]);
      expect(sent(effects)).toMatchObject(unknown);
    }
    expect(sent(lab.receive("b", "c", propose(5)))).toMatchObject(unknown);
    lab.receive("b", "a", propose(5));
    lab.crash("a").restart("a");
    expect(sent(lab.receive("b", "a", propose(5)))).toMatchObject(unknown);
  });

  it("R18 each number once: a copy that the network kept is dropped", () => {
    const lab = leading();
    lab.receive("b", "a", propose(5));
    expect(lab.receive("b", "a", propose(5))).toEqual([]);
    expect(lab.receive("b", "a", propose(4))).toEqual([]);
    expect(dropped(lab, "a")).toMatchObject({ "forwarded command seen before": 2 });
    expect(ordersOf(lab.receive("b", "a", propose(6)), "TakeForwarded")).toHaveLength(1);
  });

  it("R18 numbers are the sender's, in that start of it", () => {
    const lab = leading();
    lab.receive("b", "a", propose(5));
    expect(ordersOf(lab.receive("c", "a", propose(5)), "TakeForwarded")).toHaveLength(1);
    const restarted = lab.receive("b", "a", propose(1), { startNumber: 2 });
    expect(ordersOf(restarted, "TakeForwarded")).toHaveLength(1);
    expect(lab.receive("b", "a", propose(6), { startNumber: 1 })).toEqual([]);
  });

  it("R18 F02 what became of it goes back to the node it came from", () => {
    const lab = leading();
    const effects = lab.step("a", {
      type: "ForwardedSettled",
      to: "b",
      toIncarnation: incarnationOf("b"),
      request: 5,
      outcome: "ok",
      code: "",
      reason: "",
      result: bytes("r"),
    });
    const answer = { type: "ProposeResponse", request: 5, outcome: "ok", code: "", reason: "", result: bytes("r") };
    // Q08: and with it how far this node has applied, the command included.
    const message = { ...answer, applied: lab.describe("a").appliedIndex };
    expect(sent(effects)).toEqual([{ to: "b", message }]);
  });
});

describe("R18 C01 on the follower", () => {
  const number = (lab: Lab, request: number): number => {
    const message = sent(forward(lab, "b", request))[0]?.message;
    return message?.type === "Propose" ? message.request : -1;
  };
  const response = (request: number) =>
    ({ type: "ProposeResponse", request, outcome: "ok", code: "", reason: "", result: NOTHING }) as const;

  it("R18 C01 a command is passed on, once, for the leader's term", () => {
    const lab = leading();
    const effects = forward(lab, "b", 1);
    expect(sent(effects)).toMatchObject([{ to: "a", message: { type: "Propose", forTerm: 1, payload: bytes("x") } }]);
    lab.take();
    for (let i = 0; i < 20; i++) lab.beat("a");
    expect(lab.node("b").seen.filter((each) => each.type === "Send" && each.message.type === "Propose")).toHaveLength(
      1,
    );
  });

  it("R18 its answer reaches the caller, once", () => {
    const lab = leading();
    const request = number(lab, 1);
    expect(lab.receive("a", "b", response(request))).toEqual([
      { type: "ForwardAnswered", response: { ...response(request), request: 1 } },
    ]);
    expect(lab.receive("a", "b", response(request))).toEqual([]);
  });

  it("R18 T11 no number is used again after a restart: an answer to the last run's command is not one to this run's", () => {
    const lab = leading();
    const before = number(lab, 1);
    lab.crash("b").restart("b").beat("a");
    expect(number(lab, 1)).not.toBe(before);
    expect(ordersOf(lab.receive("a", "b", response(before)), "ForwardAnswered")).toEqual([]);
  });

  it("R18 C02 no answer means unknown: the leader changes, or the connection to it ends", () => {
    for (const event of ["term", "connection", "halt"]) {
      const lab = leading();
      forward(lab, "b", 1);
      forward(lab, "b", 2);
      const effects =
        event === "term"
          ? lab.receive("c", "b", { type: "Heartbeat", term: 2, commit: 0, round: 1 })
          : event === "connection"
            ? lab.step("b", { type: "PeerDown", id: "a" })
            : lab.step("b", { type: "StorageFailed", reason: "EIO" });
      expect(ordersOf(effects, "ForwardFailed"), `after ${event}`).toMatchObject([
        { requests: [1, 2], error: { outcome: "unknown" } },
      ]);
    }
  });

  it("R18 C02 without a leader it is refused: it never left", () => {
    const effects = forward(new Lab(["a", "b"]), "a", 1);
    expect(ordersOf(effects, "ForwardFailed")).toMatchObject([
      { requests: [1], error: { code: "NotLeader", outcome: "refused" } },
    ]);
  });

  it("R18 R12 beyond the bound it is refused at once", () => {
    const lab = leading({ pendingRequestsMax: 1 });
    forward(lab, "b", 1);
    const effects = forward(lab, "b", 2);
    expect(sent(effects)).toEqual([]);
    expect(ordersOf(effects, "ForwardFailed")).toMatchObject([
      { requests: [2], error: { code: "Overloaded", outcome: "refused" } },
    ]);
  });

  it("R18 R12 a command whose caller gave up makes room: what the network lost must not count for ever", () => {
    const lab = leading({ pendingRequestsMax: 1 });
    forward(lab, "b", 1);
    lab.step("b", { type: "ForwardAbandoned", request: 1 });
    expect(sent(forward(lab, "b", 2))).toMatchObject([{ to: "a", message: { type: "Propose" } }]);
  });
});
