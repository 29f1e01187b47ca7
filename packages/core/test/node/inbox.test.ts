import { describe, expect, it } from "vitest";
import { ClosureQueue } from "../../src/components/closure-queue.js";
import { RaftError } from "../../src/model/errors.js";
import type { Envelope } from "../../src/model/message.js";
import { EVENTS_PER_TURN_MAX, Inbox, MESSAGE_BYTES_WAITING_MAX, MESSAGES_WAITING_MAX } from "../../src/node/inbox.js";
import type { Effect } from "../../src/protocol/effect.js";
import type { RaftEvent } from "../../src/protocol/event.js";
import { recordingLogger } from "../components/support/entries.js";

/** An inbox over a protocol that only writes down what it is told, and turns that come when the test says so. */
function inbox(answer: (event: RaftEvent) => readonly Effect[] = () => []) {
  let now = 0;
  const drains: (() => void)[] = [];
  const log: string[] = [];
  const stepped: RaftEvent[] = [];
  const stillMs: number[] = [];
  const raft = {
    turnWork: false,
    step: (event: RaftEvent, at: number) => {
      stepped.push(event);
      log.push(`${event.type}@${at}`);
      if (event.type === "TurnEnded") raft.turnWork = false;
      return answer(event);
    },
  };
  const closures = new ClosureQueue(recordingLogger());
  const made = new Inbox(
    raft,
    { monotonic: () => ++now, wall: () => 0 },
    { schedule: (drain) => void drains.push(drain) },
    closures,
    {
      began: () => void log.push("began"),
      stoodStill: () => stillMs.splice(0)[0] ?? 0,
      run: (effects) => {
        for (const effect of effects) {
          if (effect.type === "ProposalsAccepted") closures.accepted(effect);
          if (effect.type === "ProposalsRefused") closures.refused(effect);
        }
      },
      ended: () => {
        log.push("ended");
        closures.deliver();
      },
      failed: (error) => {
        log.push(`failed: ${(error as Error).message}`);
        made.close(new RaftError("Halted", "refused", "halted"));
      },
    },
    1_000,
    5_000,
  );
  const turn = (): void => {
    for (const drain of drains.splice(0)) drain();
  };
  return { made, turn, log, stepped, stillMs, raft, drains, closures };
}
const applied = (upTo: number): RaftEvent => ({ type: "Applied", upTo });
const arrived = (payload = new Uint8Array(0)): RaftEvent => ({
  type: "MessageReceived",
  envelope: { message: { type: "Propose", forTerm: 1, request: 1, payload } } as Envelope,
});
const proposal = (made: Inbox, heard: string[] = []) =>
  made.propose(Uint8Array.of(1), null, (error, result) => void heard.push(error?.message ?? String(result)));

describe("Inbox", () => {
  it("events are stepped in the order they came, one at a time, each with the time of its own step (E22)", () => {
    const { made, turn, log } = inbox();
    made.open(() => []);
    turn();
    made.post(applied(1));
    made.post(applied(2));
    log.length = 0;
    turn();
    expect(log).toEqual(["began", "Applied@1", "Applied@2", "ended"]);
  });

  it("what came before the node was open waits, behind the effects of its start", () => {
    const { made, turn, log, drains } = inbox();
    made.post(applied(1));
    expect(drains).toHaveLength(0);
    made.open(() => {
      log.push("start");
      return [];
    });
    turn();
    expect(log[1]).toBe("Applied@1");
  });

  it("a drain handles what was queued when it began; the rest has a turn of its own", () => {
    const { made, turn, stepped } = inbox((event) => {
      if (event.type === "Applied" && event.upTo < 3) made.post(applied(event.upTo + 1));
      return [];
    });
    made.open(() => []);
    made.post(applied(1));
    turn();
    expect(stepped).toHaveLength(1);
    turn();
    expect(stepped).toHaveLength(2);
  });

  it("R19 a turn is bounded, and so are the messages that wait", () => {
    const { made, turn, stepped } = inbox();
    made.open(() => []);
    turn();
    for (let i = 0; i < MESSAGES_WAITING_MAX + 5; i++) made.post(arrived());
    made.post(applied(1));
    turn();
    expect(stepped).toHaveLength(EVENTS_PER_TURN_MAX);
    while (made.waiting > 0) turn();
    expect(stepped).toHaveLength(MESSAGES_WAITING_MAX + 1);
    expect(made.describe()).toMatchObject({ droppedMessages: 5 });
  });

  it("R19 the bytes of the messages that wait are bounded too; one always waits", () => {
    const { made, turn, stepped } = inbox();
    made.open(() => []);
    turn();
    const half = new Uint8Array(MESSAGE_BYTES_WAITING_MAX / 2 + 1);
    for (let round = 1; round <= 2; round++) {
      made.post(arrived(half));
      made.post(arrived(half));
      made.post(arrived());
      turn();
      expect(stepped).toHaveLength(2 * round);
      expect(made.describe()).toMatchObject({ droppedMessages: round });
    }
    made.post(arrived(new Uint8Array(MESSAGE_BYTES_WAITING_MAX + 1)));
    turn();
    expect(stepped).toHaveLength(5);
  });

  it("L04 the news of a dead disk overtakes what waits, so that nothing more is said", () => {
    const { made, turn, stepped } = inbox();
    made.open(() => []);
    turn();
    made.post(arrived());
    made.post({ type: "StorageFailed", reason: "EIO" });
    turn();
    expect(stepped.map(({ type }) => type)).toEqual(["StorageFailed", "MessageReceived"]);
  });

  it("R10 the proposals of a turn are one event, after its messages; forwarded ones one per term (R18)", () => {
    const { made, turn, stepped } = inbox();
    made.open(() => []);
    turn();
    proposal(made);
    made.proposeForwarded(Uint8Array.of(2), 7, () => {});
    proposal(made);
    made.proposeForwarded(Uint8Array.of(3), 8, () => {});
    made.proposeForwarded(Uint8Array.of(4), 7, () => {});
    made.post(applied(1));
    turn();
    expect(stepped).toMatchObject([
      { type: "Applied" },
      { type: "ProposalsSubmitted", payloads: [Uint8Array.of(1), Uint8Array.of(1)] },
      { type: "ProposalsSubmitted", payloads: [Uint8Array.of(2), Uint8Array.of(4)], onlyInTerm: 7 },
      { type: "ProposalsSubmitted", payloads: [Uint8Array.of(3)], onlyInTerm: 8 },
    ]);
    expect(stepped[1]).not.toHaveProperty("onlyInTerm");
  });

  it("Q03 the reads of a turn are one event", () => {
    const { made, turn, stepped } = inbox();
    made.open(() => []);
    turn();
    for (const request of [4, 5, 6]) made.read(request);
    turn();
    expect(stepped).toEqual([{ type: "ReadRequested", requests: [4, 5, 6] }]);
  });

  it("Q05/suspend time is looked at before the host's stand-still: a lease is never judged by an instant before it", () => {
    const { made, turn, log, stillMs } = inbox();
    made.open(() => []);
    turn();
    log.length = 0;
    made.readUnderLease(4);
    turn();
    stillMs.push(70);
    made.readUnderLease(5);
    made.readBounded({ request: 6, maxStalenessMs: 10 });
    turn();
    expect(log.filter((line) => line.includes("@"))).toEqual([
      "LeaseReadRequested@1",
      "EventLoopPaused@3",
      "LeaseReadRequested@4",
      "BoundedReadRequested@5",
    ]);
  });

  it("Q05 Q08 the reads of a turn are one event for each kind", () => {
    const { made, turn, stepped } = inbox();
    made.open(() => []);
    turn();
    for (const request of [4, 5]) made.readUnderLease(request);
    for (const request of [6, 7]) made.readBounded({ request, maxStalenessMs: request });
    expect(made.waiting).toBe(4);
    turn();
    expect(stepped).toEqual([
      { type: "LeaseReadRequested", requests: [4, 5] },
      {
        type: "BoundedReadRequested",
        reads: [
          { request: 6, maxStalenessMs: 6 },
          { request: 7, maxStalenessMs: 7 },
        ],
      },
    ]);
  });

  it("R08 news of a commit waits one turn, so that it can ride on what the answered callers propose", () => {
    const { made, turn, raft, stepped } = inbox((event) => {
      if (event.type === "Applied") raft.turnWork = true;
      return [];
    });
    made.open(() => []);
    turn();
    made.post(applied(1));
    turn();
    expect(stepped.map(({ type }) => type)).toEqual(["Applied"]);
    proposal(made);
    turn();
    expect(stepped.map(({ type }) => type)).toEqual(["Applied", "ProposalsSubmitted", "TurnEnded"]);
  });

  it("R08 news of a commit is told also if nothing else happens", () => {
    const { made, turn, raft, stepped, drains } = inbox((event) => {
      if (event.type === "Applied") raft.turnWork = true;
      return [];
    });
    made.open(() => []);
    made.post(applied(1));
    turn();
    turn();
    expect(stepped.at(-1)).toEqual({ type: "TurnEnded" });
    expect(drains).toHaveLength(0);
  });

  it("callers are answered after the drain: a caller that proposes at once waits for the next turn", () => {
    const heard: string[] = [];
    const { made, turn, stepped } = inbox((event) =>
      event.type === "ProposalsSubmitted"
        ? [
            {
              type: "ProposalsRefused",
              count: event.payloads.length,
              error: new RaftError("NotLeader", "refused", "no"),
            },
          ]
        : [],
    );
    made.open(() => []);
    turn();
    made.propose(Uint8Array.of(1), null, (error) => {
      heard.push(String(error?.message));
      proposal(made, heard);
    });
    turn();
    expect(heard).toEqual(["no"]);
    expect(stepped).toHaveLength(1);
    turn();
    expect(heard).toEqual(["no", "no"]);
  });

  it("R12 a turn gathers no more bytes than its bound; what is beyond is refused in a later turn", () => {
    const { made, turn } = inbox();
    made.open(() => []);
    turn();
    const heard: string[] = [];
    const propose = () =>
      made.propose(new Uint8Array(600), null, (error) => {
        heard.push(error instanceof RaftError ? `${error.code} ${error.outcome}` : "ok");
      });
    propose();
    propose();
    expect(heard).toEqual([]);
    turn();
    expect(heard).toEqual(["Overloaded refused"]);
  });

  it("a step that throws stops the group in place: nothing after it is stepped, waiting proposals are refused (C02)", () => {
    const { made, turn, log, stepped, drains } = inbox((event) => {
      if (event.type === "Applied" && event.upTo === 2) throw new Error("R08 the commit index never goes back");
      return [];
    });
    made.open(() => []);
    turn();
    const heard: string[] = [];
    for (const upTo of [1, 2, 3]) made.post(applied(upTo));
    proposal(made, heard);
    turn();
    expect(stepped).toHaveLength(2);
    expect(log).toContain("failed: R08 the commit index never goes back");
    expect(heard).toEqual(["halted"]);
    made.post(applied(4));
    expect(drains).toHaveLength(0);
  });

  it("never schedules a second turn before the first ran", () => {
    const { made, drains, turn } = inbox();
    made.open(() => []);
    for (let i = 0; i < 10; i++) {
      made.post(applied(i));
      proposal(made);
      made.read(i);
    }
    expect(drains).toHaveLength(1);
    turn();
    expect(drains).toHaveLength(0);
  });
});
