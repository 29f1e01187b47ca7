import { describe, expect, it } from "vitest";
import { TERM_MAX } from "../../src/model/log-id.js";
import type { Message } from "../../src/model/message.js";
import { dropped, saidAfter, sent, writes, written } from "../support/effects.js";
import { incarnationOf, Lab, T } from "../support/lab.js";

const THREE = ["a", "b", "c"] as const;
const ENTRY_1 = { index: 1, term: 0 };
const vote = (id: string) => ({ id, incarnation: incarnationOf(id) });

/** One message of each kind that a leader sends. */
function leadersMessages(lab: Lab, term: number): Message[] {
  const configuration = { id: ENTRY_1, configuration: lab.configuration };
  const meta = { id: ENTRY_1, configuration, logTimeMs: 0, formatVersion: 1, sizeBytes: 1, checksum: 1 };
  return [
    { type: "AppendEntries", term, prev: ENTRY_1, commit: 0, blocks: [] },
    { type: "Heartbeat", term, commit: 0, round: 1 },
    { type: "InstallSnapshot", term, transfer: 1, meta },
  ];
}

/** One answer of each kind. */
const answers = (term: number): Message[] => [
  { type: "VoteResponse", term, granted: true },
  { type: "PreVoteResponse", term, round: 1, granted: false },
  {
    type: "AppendEntriesResponse",
    term,
    success: true,
    match: 1,
    prevIndex: 0,
    hintIndex: 0,
    hintTerm: 0,
    last: 1,
    needsSnapshot: 0,
  },
  { type: "HeartbeatResponse", term, round: 1, last: 1, needsSnapshot: 0 },
  { type: "InstallSnapshotResponse", term, transfer: 1, status: "done", offset: 0, match: 1 },
];

/** Node a of three as a (pre-)candidate; its term is 5 then. */
function asking(preVote: boolean): Lab {
  const lab = new Lab(THREE, { preVote, hardStates: { a: { term: preVote ? 5 : 4 } } });
  lab.timeOut("a");
  lab.persist("a");
  lab.take();
  return lab;
}

describe("E11 one who asks for votes hears a leader", () => {
  it("E11/candidate follows one of an equal or of a higher term", () => {
    for (const term of [5, 6])
      for (const message of leadersMessages(new Lab(THREE), term)) {
        const lab = asking(false);
        lab.receive("b", "a", message);
        expect(lab.describe("a")).toMatchObject({ role: "follower", term, leader: "b" });
      }
  });

  it("E11/pre-candidate follows one of an equal or of a higher term", () => {
    for (const term of [5, 6])
      for (const message of leadersMessages(new Lab(THREE), term)) {
        const lab = asking(true);
        lab.receive("b", "a", message);
        expect(lab.describe("a")).toMatchObject({ role: "follower", term, leader: "b" });
      }
  });

  it("E11/lower-term refuses one of a lower term with the current one, and goes on", () => {
    for (const preVote of [true, false])
      for (const message of leadersMessages(new Lab(THREE), 4)) {
        const lab = asking(preVote);
        const effects = lab.receive("b", "a", message);
        expect(sent(effects)).toMatchObject([{ to: "b", message: { type: `${message.type}Response`, term: 5 } }]);
        expect(lab.describe("a")).toMatchObject({ role: preVote ? "pre-candidate" : "candidate", leader: null });
      }
  });
});

describe("E13 a higher term", () => {
  it("E13 in any message is adopted, clears the vote, and makes the node follow", () => {
    const request: Message = { type: "VoteRequest", term: 8, last: { index: 1, term: 0 }, transfer: false };
    const timeoutNow: Message = { type: "TimeoutNow", term: 8, last: ENTRY_1 };
    for (const message of [...leadersMessages(new Lab(THREE), 8), ...answers(8), timeoutNow, request]) {
      // The asker's log is too short for the vote, so that only the term is news.
      const lab = new Lab(THREE, { logs: { a: [1] }, hardStates: { a: { term: 3, vote: vote("c") } } });
      lab.pass(T);
      const effects = lab.receive("b", "a", message);
      expect(written(effects)).toEqual([{ term: 8, vote: null }]);
      expect(lab.raft("a").role).toBe("follower");
    }
  });

  it("E13 deposes a leader and ends a candidacy", () => {
    const leader = new Lab(THREE).elect("a");
    leader.receive("b", "a", { type: "HeartbeatResponse", term: 9, round: 1, last: 1, needsSnapshot: 0 });
    expect(leader.describe("a")).toMatchObject({ role: "follower", term: 9, leader: null });
    const candidate = asking(false);
    candidate.receive("b", "a", { type: "VoteResponse", term: 9, granted: false });
    expect(candidate.describe("a")).toMatchObject({ role: "follower", term: 9, votedFor: null });
  });

  it("E23 E13 every change of term is told with its cause, also one that changes neither role nor leader", () => {
    const lab = new Lab(THREE);
    lab.receive("b", "a", { type: "VoteResponse", term: 3, granted: false });
    lab.persist("a");
    lab.receive("b", "a", { type: "Heartbeat", term: 3, commit: 0, round: 1 });
    lab.receive("c", "a", { type: "HeartbeatResponse", term: 5, round: 1, last: 1, needsSnapshot: 0 });
    lab.pass(2 * T).fire("a", "election");
    const told = lab.node("a").seen.flatMap((each) => (each.type === "Notify" ? [each.notice] : []));
    expect(told).toEqual([
      { kind: "role", role: "follower", term: 3, leader: null, cause: "heard of term 3 from b" },
      { kind: "leader", leader: "b", term: 3, cause: "heard the leader of term 3" },
      { kind: "leader", leader: null, term: 5, cause: "heard of term 5 from c" },
      { kind: "role", role: "pre-candidate", term: 5, leader: null, cause: "election timeout" },
    ]);
  });

  it("E13/pre-vote-request not in a pre-vote request: that term does not exist yet", () => {
    const lab = new Lab(THREE);
    lab.pass(T);
    expect(writes(lab.receive("b", "a", { type: "PreVoteRequest", term: 9, round: 1, last: ENTRY_1 }))).toEqual([]);
    expect(lab.raft("a").term).toBe(0);
  });

  it("E13/granted-pre-vote not in a granted pre-vote; in a refused one it is the refuser's own", () => {
    const lab = asking(true);
    lab.receive("b", "a", { type: "PreVoteResponse", term: 9, round: 1, granted: true });
    expect(lab.describe("a")).toMatchObject({ role: "pre-candidate", term: 5 });
    lab.receive("b", "a", { type: "PreVoteResponse", term: 9, round: 1, granted: false });
    expect(lab.describe("a")).toMatchObject({ role: "follower", term: 9 });
  });

  it("E13/ignored-vote-request not in a vote request that E07 ignores", () => {
    const lab = new Lab(THREE);
    lab.receive("b", "a", { type: "VoteRequest", term: 9, last: { index: 9, term: 9 }, transfer: false });
    expect(lab.raft("a").term).toBe(0);
  });

  it("E13/same-term-step-down a step-down in the same term keeps the vote", () => {
    const lab = asking(false);
    lab.receive("b", "a", { type: "Heartbeat", term: 5, commit: 0, round: 1 });
    expect(lab.describe("a")).toMatchObject({ role: "follower", term: 5, votedFor: "a" });
  });

  it("E13 a term above 2⁵² is malformed and adopted by nobody", () => {
    const lab = new Lab(THREE);
    for (const term of [TERM_MAX + 1, Number.NaN, -1, 1.5]) {
      const effects = lab.receive("b", "a", { type: "Heartbeat", term, commit: 0, round: 1 });
      expect(effects).toEqual([]);
    }
    expect(lab.raft("a").term).toBe(0);
    expect(dropped(lab, "a")).toEqual({ malformed: 4 });
  });
});

describe("E14 a lower term", () => {
  const at5 = () => new Lab(THREE, { hardStates: { a: { term: 5 } } });

  it("E14/requests every request is answered with the current term, so that its sender steps down", () => {
    const asks: Message[] = [
      ...leadersMessages(new Lab(THREE), 3),
      { type: "VoteRequest", term: 3, last: { index: 9, term: 3 }, transfer: false },
      { type: "PreVoteRequest", term: 3, round: 6, last: { index: 9, term: 3 } },
    ];
    for (const message of asks) {
      const lab = at5();
      const effects = lab.receive("b", "a", message);
      const type = message.type.replace("Request", "").concat("Response");
      expect(sent(effects)).toMatchObject([{ to: "b", message: { type, term: 5 } }]);
      expect(writes(effects)).toEqual([]);
    }
  });

  it("E14/requests the answer to a pre-vote names its round, that to an append is a refusal", () => {
    const lab = at5();
    expect(sent(lab.receive("b", "a", { type: "PreVoteRequest", term: 3, round: 6, last: ENTRY_1 }))).toMatchObject([
      { message: { round: 6, granted: false } },
    ]);
    expect(sent(lab.receive("b", "a", leadersMessages(lab, 3)[0] as Message))).toMatchObject([
      { message: { success: false, match: 0 } },
    ]);
  });

  it("E14/requests R20 the answer says how far the log goes: a sender who leads again would take less for a loss", () => {
    const asks = leadersMessages(new Lab(THREE), 3).filter(
      ({ type }) => type === "AppendEntries" || type === "Heartbeat",
    );
    expect(asks).toHaveLength(2);
    for (const message of asks) {
      const lab = at5();
      const { last } = lab.describe("a");
      expect(last.index).toBeGreaterThan(0);
      expect(sent(lab.receive("b", "a", message))).toMatchObject([{ message: { last: last.index } }]);
    }
  });

  it("E14/timeout-now is dropped", () => {
    const lab = at5();
    lab.receive("b", "a", { type: "Heartbeat", term: 5, commit: 0, round: 1 });
    expect(lab.receive("b", "a", { type: "TimeoutNow", term: 3, last: ENTRY_1 })).toEqual([]);
  });

  it("E14/responses are dropped", () => {
    for (const message of answers(3).filter(({ type }) => type !== "PreVoteResponse")) {
      const lab = asking(false);
      expect(lab.receive("b", "a", message)).toEqual([]);
      expect(lab.describe("a")).toMatchObject({ role: "candidate", term: 5 });
    }
  });

  it("E14/refused-pre-vote of the running round counts as a refusal", () => {
    const lab = new Lab(THREE, { hardStates: { a: { term: 5 } } });
    lab.timeOut("a");
    const [asked] = lab.take();
    const round = asked?.message.type === "PreVoteRequest" ? asked.message.round : 0;
    for (const id of ["b", "c"]) lab.receive(id, "a", { type: "PreVoteResponse", term: 2, round, granted: false });
    expect(lab.describe("a")).toMatchObject({ role: "follower", term: 5 });
  });

  it("E14/no-term Propose, ReadIndex and their answers have no term in this sense", () => {
    const lab = at5();
    lab.receive("b", "a", { type: "Propose", forTerm: 99, request: 1, payload: new Uint8Array(1) });
    lab.receive("b", "a", { type: "ReadIndex", request: 1 });
    expect(lab.raft("a").term).toBe(5);
  });

  it("E14/never-stuck a node that comes back with a higher term than the leader is not stuck: a leader is there within 4T", () => {
    const lab = new Lab(THREE, { preVote: true }).elect("a").beat("a").isolate("c");
    lab.receive("b", "c", { type: "VoteResponse", term: 40, granted: false });
    lab.settle().beat("a").heal();
    const healedAt = lab.now;
    lab.beat("a");
    // The leader was told of term 40.
    expect(lab.leaders()).toEqual([]);
    // The first to time out may be the one that has not heard of term 40 yet: its pre-vote is how it hears of it.
    lab.timeOut("b");
    lab.settle();
    expect(lab.raft("b").term).toBe(40);
    lab.timeOut("a");
    lab.settle();
    expect(lab.leaders()).toEqual(["a"]);
    expect(lab.raft("a").term).toBe(41);
    lab.beat("a");
    expect(lab.describe("c")).toMatchObject({ leader: "a", commitIndex: lab.raft("a").commitIndex });
    expect(lab.now - healedAt).toBeLessThanOrEqual(4 * T);
  });
});

describe("E17 two leaders in one term", () => {
  const heartbeat = (term: number): Message => ({ type: "Heartbeat", term, commit: 0, round: 1 });
  const halts = (lab: Lab, id: string, from: string, message: Message): boolean =>
    lab.receive(from, id, message).some((each) => each.type === "Halt");

  it("E17/follower a follower that hears a second one stops in place", () => {
    for (const message of leadersMessages(new Lab(THREE), 1)) {
      const lab = new Lab(THREE);
      lab.receive("b", "a", heartbeat(1));
      lab.persist("a");
      const effects = lab.receive("c", "a", message);
      expect(effects.find((each) => each.type === "Halt")).toMatchObject({
        details: { term: 1, first: vote("b"), second: vote("c") },
      });
      expect(sent(effects)).toEqual([]);
    }
  });

  it("E17/leader a leader that hears another one of its term stops in place, and its callers hear unknown", () => {
    const lab = new Lab(THREE).elect("a");
    lab.propose("a", "x");
    const effects = lab.receive("b", "a", heartbeat(1));
    expect(effects.map(({ type }) => type)).toEqual(["Halt", "AbandonProposals"]);
    expect(effects[1]).toMatchObject({ above: 2, error: { code: "Halted", outcome: "unknown" } });
    expect(lab.describe("a")).toMatchObject({ role: "follower", leader: null });
  });

  it("E17/after-step-down a leader that stepped down in its term still knows whose term it was", () => {
    const lab = new Lab(THREE).elect("a");
    lab.pass(T).fire("a", "heartbeat");
    expect(lab.raft("a").role).toBe("follower");
    expect(halts(lab, "a", "b", heartbeat(1))).toBe(true);
  });

  it("E17/silence nothing is said afterwards, no pending answer, and no hand-over", () => {
    const lab = new Lab(THREE);
    lab.pass(T).receive("b", "a", { type: "VoteRequest", term: 1, last: ENTRY_1, transfer: false });
    lab.receive("b", "a", heartbeat(1));
    expect(lab.node("a").writes.length).toBeGreaterThan(0);
    expect(halts(lab, "a", "c", heartbeat(1))).toBe(true);
    lab.persist("a");
    expect(lab.wire).toEqual([]);
    lab.pass(9 * T);
    for (const timer of ["election", "heartbeat", "transfer"] as const) expect(lab.fire("a", timer)).toEqual([]);
    expect(lab.receive("b", "a", heartbeat(7))).toEqual([]);
    expect(lab.step("a", { type: "TransferRequested", request: 1, to: "b", isStopping: false })).toEqual([]);
  });

  it("E17/older-start what an earlier run of the sender left in the network is no evidence", () => {
    const lab = new Lab(THREE);
    lab.receive("c", "a", { type: "ReadIndex", request: 1 }, { startNumber: 2 });
    lab.receive("b", "a", heartbeat(1));
    lab.persist("a");
    expect(lab.receive("c", "a", heartbeat(1), { startNumber: 1 })).toEqual([]);
    expect(lab.describe("a").halted).toBe("");
    expect(dropped(lab, "a")).toEqual({ "of an older start": 1 });
  });

  it("E17/another-term leaders of different terms are none", () => {
    const lab = new Lab(THREE);
    lab.receive("b", "a", heartbeat(1));
    lab.receive("c", "a", heartbeat(2));
    lab.receive("b", "a", heartbeat(3));
    expect(lab.describe("a")).toMatchObject({ halted: "", term: 3, leader: "b" });
    expect(saidAfter(lab.node("a").seen)).toHaveLength(3);
  });
});
