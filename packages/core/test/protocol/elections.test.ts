import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Envelope } from "../../src/model/message.js";
import { dropped, onWire, saidAfter, sent, waits, writes, written } from "../support/effects.js";
import { incarnationOf, Lab, T } from "../support/lab.js";

const WAIT = [T, 2 * T] as const;
const ENTRY_1 = { index: 1, term: 0 };
const self = (id: string) => ({ id, incarnation: incarnationOf(id) });

describe("where a node begins", () => {
  it("E01 a fresh node has term 0, no vote, an empty log, and follows", () => {
    const lab = new Lab(["a"], { strangers: ["x"] });
    expect(lab.describe("x")).toMatchObject({
      role: "follower",
      term: 0,
      votedFor: null,
      leader: null,
      last: { index: 0, term: 0 },
      commitIndex: 0,
    });
    expect(lab.node("x").seen).toEqual([
      { type: "UpdatePeers", configuration: lab.describe("x").configuration, others: [] },
      { type: "ArmTimer", timer: "election", between: WAIT, generation: 1 },
    ]);
  });

  it("E01 a learner begins as one that never asks for votes", () => {
    const lab = new Lab(["a", "b", "l"], { learners: ["l"] });
    expect(sent(lab.timeOut("l"))).toEqual([]);
    expect(lab.describe("l")).toMatchObject({ role: "follower", term: 0 });
  });
});

describe("the disk comes first", () => {
  it("E02 a candidate asks for votes, and counts its own, only once term and vote are durable", () => {
    const lab = new Lab(["a", "b", "c"]);
    lab.timeOut("a");
    const round = lab.wire[0]?.message.type === "PreVoteRequest" ? lab.wire[0].message.round : -1;
    const effects = lab.receive("b", "a", { type: "PreVoteResponse", term: 1, round, granted: true });
    expect(sent(effects)).toEqual([]);
    const request = { type: "VoteRequest", term: 1, last: ENTRY_1, transfer: false };
    expect(writes(effects)).toEqual([
      {
        type: "Persist",
        number: 1,
        commitHint: 0,
        hardState: { term: 1, vote: self("a"), recoveryNumber: 0, removedAt: 0 },
        then: [
          { type: "Send", to: "b", toIncarnation: incarnationOf("b"), message: request },
          { type: "Send", to: "c", toIncarnation: incarnationOf("c"), message: request },
          { type: "Deliver", event: { type: "OwnBallotPersisted", term: 1 } },
        ],
      },
    ]);
  });

  it("E02 a granted vote travels inside its write, and so does all that is said before that write is durable", () => {
    const lab = new Lab(["a", "b", "c"]);
    lab.pass(T);
    const granting = lab.receive("a", "b", { type: "VoteRequest", term: 1, last: ENTRY_1, transfer: false });
    expect(sent(granting)).toEqual([]);
    expect(written(granting)).toEqual([{ term: 1, vote: "a" }]);
    expect(saidAfter(granting)).toEqual([{ to: "a", message: { type: "VoteResponse", term: 1, granted: true } }]);

    // A refusal names the term, too: it waits for a write that may hold nothing else.
    const refusing = lab.receive("c", "b", { type: "VoteRequest", term: 1, last: ENTRY_1, transfer: false });
    expect(sent(refusing)).toEqual([]);
    expect(writes(refusing)).toMatchObject([
      { number: 2, then: [{ message: { type: "VoteResponse", granted: false } }] },
    ]);
  });

  it("E02 a heartbeat answer that names a term just adopted waits for that term to be durable", () => {
    const lab = new Lab(["a", "b", "c"]);
    const effects = lab.receive("a", "b", { type: "Heartbeat", term: 7, commit: 0, round: 1 });
    expect(sent(effects)).toEqual([]);
    expect(written(effects)).toEqual([{ term: 7, vote: null }]);
    expect(saidAfter(effects)).toMatchObject([{ message: { type: "HeartbeatResponse", term: 7 } }]);
  });

  /** The highest term, and whether a vote in it, that this message reveals of its sender. */
  function revealed({ message }: Envelope): { term: number; vote?: string } {
    switch (message.type) {
      case "PreVoteRequest":
        return { term: message.term - 1 };
      case "PreVoteResponse":
        return { term: message.granted ? 0 : message.term };
      case "VoteRequest":
        return { term: message.term, vote: "own" };
      case "VoteResponse":
        return message.granted ? { term: message.term, vote: "asker" } : { term: message.term };
      default:
        return { term: "term" in message ? message.term : 0 };
    }
  }

  it("E02 in no order of events does anything on the wire name a term or a vote that the sender's disk does not hold", () => {
    const ids = ["a", "b", "c"] as const;
    const id = fc.constantFrom(...ids);
    const move = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant("deliver" as const), at: fc.nat(40) }) },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant("persist" as const), id, count: fc.integer({ min: 1, max: 2 }) }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("timeOut" as const), id }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("drop" as const), at: fc.nat(40) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("beat" as const), id }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("propose" as const), id }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("crash" as const), id }) },
    );
    fc.assert(
      fc.property(fc.array(move, { minLength: 20, maxLength: 120 }), fc.boolean(), (moves, preVote) => {
        const lab = new Lab(ids, { preVote });
        for (const each of moves) {
          const known = new Set(lab.wire);
          switch (each.do) {
            case "deliver": {
              const taken = lab.wire[each.at % Math.max(1, lab.wire.length)];
              lab.deliver((envelope) => envelope === taken);
              break;
            }
            case "drop": {
              const taken = lab.wire[each.at % Math.max(1, lab.wire.length)];
              lab.take((envelope) => envelope === taken);
              break;
            }
            case "persist":
              lab.persist(each.id, each.count);
              break;
            case "timeOut":
              lab.timeOut(each.id);
              break;
            case "beat":
              lab.pass(T / 5).fire(each.id, "heartbeat");
              break;
            case "propose":
              lab.propose(each.id, "x");
              break;
            case "crash":
              lab.crash(each.id).restart(each.id);
              break;
            default:
              each satisfies never;
          }
          const undurable = lab.wire.filter((envelope) => {
            if (known.has(envelope)) return false;
            const { term, vote } = revealed(envelope);
            const held = lab.node(envelope.from).disk.hardState;
            const voter = vote === "own" ? envelope.from : envelope.to;
            const holdsVote = vote === undefined || held.term > term || held.vote?.id === voter;
            return held.term < term || !holdsVote;
          });
          expect(undurable).toEqual([]);
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe("the election wait", () => {
  it("E03 every wait is asked for as [T, 2T), or is the exact rest of one that was drawn so", () => {
    const ids = ["a", "b", "c"] as const;
    const id = fc.constantFrom(...ids);
    const move = fc.oneof(
      fc.record({ do: fc.constant("fire" as const), id, share: fc.double({ min: 0, max: 0.999, noNaN: true }) }),
      fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 900 }) }),
      fc.record({ do: fc.constant("settle" as const) }),
      fc.record({ do: fc.constant("beat" as const), id }),
      fc.record({ do: fc.constant("crash" as const), id }),
    );
    fc.assert(
      fc.property(fc.array(move, { minLength: 10, maxLength: 60 }), (moves) => {
        const lab = new Lab(ids);
        for (const each of moves) {
          if (each.do === "pass") lab.pass(each.ms);
          else if (each.do === "settle") lab.settle();
          else if (each.do === "beat") lab.fire(each.id, "heartbeat");
          else if (each.do === "crash") lab.crash(each.id).restart(each.id);
          else {
            const [low, high] = lab.node(each.id).timers.get("election")?.between ?? [0, 0];
            lab.pass(low).fire(each.id, "election", low + each.share * (high - low));
          }
          for (const { seen } of lab.nodes.values()) {
            const drawn = waits(seen.splice(0)).filter(([low, high]) => low !== high || low >= 2 * T);
            expect(drawn).toEqual(drawn.map(() => WAIT));
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it("E03 contact leaves the timer alone; when it fires, exactly the rest of the same draw is waited", () => {
    const lab = new Lab(["a", "b", "c"]);
    lab.pass(700);
    const contact = lab.receive("a", "b", { type: "Heartbeat", term: 0, commit: 0, round: 1 });
    expect(waits(contact)).toEqual([]);
    lab.pass(800);
    expect(lab.fire("b", "election", 1_500)).toEqual([
      { type: "ArmTimer", timer: "election", between: [700, 700], generation: 2 },
    ]);
  });

  it("E03 a new round is waited for with a new draw", () => {
    const lab = new Lab(["a", "b", "c"]);
    expect(waits(lab.timeOut("a"))).toEqual([WAIT]);
    expect(waits(lab.timeOut("a"))).toEqual([WAIT]);
  });

  it("E04/contact leader contact restarts the wait", () => {
    const lab = new Lab(["a", "b", "c"]);
    lab.pass(T - 1).receive("a", "b", { type: "AppendEntries", term: 0, prev: ENTRY_1, commit: 0, blocks: [] });
    lab.pass(1);
    expect(sent(lab.fire("b", "election", T))).toEqual([]);
    lab.pass(T - 1);
    expect(sent(lab.fire("b", "election"))).toHaveLength(2);
  });

  it("E04/granted a granted vote restarts the wait", () => {
    const lab = new Lab(["a", "b", "c"]);
    lab.pass(T);
    expect(waits(lab.receive("a", "b", { type: "VoteRequest", term: 1, last: ENTRY_1, transfer: false }))).toEqual([
      WAIT,
    ]);
  });

  it("E04/role-left a candidate, a pre-candidate and a leader that become followers begin a wait", () => {
    const higher = { type: "Heartbeat", term: 9, commit: 0, round: 1 } as const;
    const preCandidate = new Lab(["a", "b", "c"]);
    preCandidate.timeOut("a");
    expect(waits(preCandidate.receive("b", "a", higher))).toEqual([WAIT]);

    const candidate = new Lab(["a", "b", "c"], { preVote: false });
    candidate.timeOut("a");
    expect(candidate.raft("a").role).toBe("candidate");
    expect(waits(candidate.receive("b", "a", higher))).toEqual([WAIT]);

    const leader = new Lab(["a", "b", "c"]).elect("a");
    expect(leader.raft("a").role).toBe("leader");
    expect(waits(leader.receive("b", "a", higher))).toEqual([WAIT]);
  });

  it("E04/start a node that starts begins a wait", () => {
    const lab = new Lab(["a", "b", "c"]);
    lab.crash("a").restart("a");
    expect(waits(lab.node("a").seen)).toEqual([WAIT]);
  });

  it("E04/became-voter a learner that a snapshot makes a voter begins a wait", () => {
    const lab = new Lab(["a", "b", "l"], { learners: ["l"] });
    const configuration = { ...lab.configuration, voters: ["a", "b", "l"], learners: [] };
    const meta = {
      id: { index: 50, term: 1 },
      configuration: { id: { index: 40, term: 1 }, configuration },
      logTimeMs: 0,
      formatVersion: 1,
      sizeBytes: 1,
      checksum: 1,
    };
    lab.receive("a", "l", { type: "InstallSnapshot", term: 1, transfer: 1, meta });
    lab.persist("l");
    lab.pass(T - 1);
    expect(waits(lab.step("l", { type: "SnapshotReceived", transfer: 1, meta }))).toEqual([WAIT]);
  });

  it("E04/refused a refused vote restarts nothing", () => {
    const lab = new Lab(["a", "b", "c"], { logs: { b: [1] } });
    lab.pass(T);
    const effects = lab.receive("a", "b", { type: "VoteRequest", term: 2, last: ENTRY_1, transfer: false });
    expect(saidAfter(effects)).toEqual([{ to: "a", message: { type: "VoteResponse", term: 2, granted: false } }]);
    expect(waits(effects)).toEqual([]);
    // It is as old as before.
    expect(sent(lab.fire("b", "election", T))).toEqual([]);
    expect(lab.raft("b").role).toBe("pre-candidate");
  });

  it("E04/pre-vote no pre-vote that is handled restarts anything, granted or refused", () => {
    const lab = new Lab(["a", "b", "c"]);
    const ask = { type: "PreVoteRequest", term: 1, round: 1, last: ENTRY_1 } as const;
    expect(waits(lab.receive("a", "b", ask))).toEqual([]);
    lab.pass(T);
    const effects = lab.receive("a", "b", ask);
    expect(sent(effects)).toMatchObject([{ message: { granted: true } }]);
    expect(waits(effects)).toEqual([]);
    expect(sent(lab.fire("b", "election", T))).toHaveLength(2);
  });

  it("E04/older-term a leader of an older term is no contact", () => {
    const lab = new Lab(["a", "b", "c"], { hardStates: { b: { term: 3 } } });
    lab.pass(T - 1).receive("a", "b", { type: "Heartbeat", term: 2, commit: 0, round: 1 });
    lab.pass(1);
    expect(sent(lab.fire("b", "election", T))).toHaveLength(2);
  });

  it("E04/term-adopted a follower that merely adopts a higher term goes on waiting", () => {
    const lab = new Lab(["a", "b", "c"]);
    lab.pass(T - 1);
    expect(waits(lab.receive("a", "b", { type: "VoteResponse", term: 5, granted: false }))).toEqual([]);
    lab.persist("b");
    lab.pass(1);
    expect(sent(lab.fire("b", "election", T))).toHaveLength(2);
  });

  it("E04 a follower whose wait ran out starts a pre-vote, and knows no leader any more", () => {
    const lab = new Lab(["a", "b", "c"]).elect("a");
    expect(lab.raft("b").leader).toBe("a");
    const effects = lab.timeOut("b");
    expect(lab.describe("b")).toMatchObject({ role: "pre-candidate", term: 1, leader: null });
    expect(sent(effects).map(({ message }) => message.type)).toEqual(["PreVoteRequest", "PreVoteRequest"]);
  });
});

describe("who wins", () => {
  it("E12 a split vote times out, and a new pre-vote round starts with a fresh wait", () => {
    const lab = new Lab(["a", "b", "c", "d"]);
    lab.pass(T);
    for (const id of ["a", "b"]) lab.fire(id, "election");
    lab.deliver();
    lab.deliver();
    for (const id of ["a", "b"]) lab.persist(id);
    expect(lab.raft("a").role).toBe("candidate");
    expect(lab.raft("b").role).toBe("candidate");
    lab.take(({ from, to }) => (from === "a" && to === "d") || (from === "b" && to === "c"));
    lab.settle();
    expect(lab.leaders()).toEqual([]);
    const effects = lab.timeOut("a");
    expect(waits(effects)).toEqual([WAIT]);
    expect(lab.describe("a")).toMatchObject({ role: "pre-candidate", term: 1 });
    expect(sent(effects)).toMatchObject([
      { to: "b", message: { type: "PreVoteRequest", term: 2 } },
      { to: "c", message: { type: "PreVoteRequest", term: 2 } },
      { to: "d", message: { type: "PreVoteRequest", term: 2 } },
    ]);
    lab.settle();
    expect(lab.leaders()).toEqual(["a"]);
    expect(lab.raft("a").term).toBe(2);
  });

  it("E15 a new leader appends an entry of its own term, knows nothing of the others, and replicates at once", () => {
    const lab = new Lab(["a", "b", "c"], { logs: { a: [1, 1], b: [1], c: [1] } });
    lab.timeOut("a");
    lab.deliver();
    lab.deliver();
    lab.persist("a");
    lab.deliver(({ to }) => to === "b");
    lab.persist("b");
    const [vote] = lab.take(({ to }) => to === "a") as [Envelope];
    const effects = lab.step("a", { type: "MessageReceived", envelope: vote });
    expect(lab.describe("a")).toMatchObject({ role: "leader", term: 2, last: { index: 4, term: 2 }, commitIndex: 0 });
    expect(writes(effects)).toMatchObject([{ blocks: [{ first: 4, term: 2, count: 1 }] }]);
    expect(lab.describe("a").peers).toMatchObject([
      { id: "b", state: "probe", match: 0, next: 4 },
      { id: "c", state: "probe", match: 0, next: 4 },
    ]);
    const append = { type: "AppendEntries", term: 2, prev: { index: 3, term: 1 }, blocks: [{ first: 4, term: 2 }] };
    expect(sent(effects).filter(({ message }) => message.type === "AppendEntries")).toMatchObject([
      { to: "b", message: append },
      { to: "c", message: append },
    ]);
    // Its own match is what its disk holds.
    expect(lab.describe("a").durableIndex).toBe(3);
  });

  it("E18 a group with one voter elects itself once its own vote is durable, without a message", () => {
    const lab = new Lab(["a", "l"], { learners: ["l"] });
    const effects = lab.timeOut("a");
    expect(sent(effects)).toEqual([]);
    expect(written(effects)).toEqual([{ term: 1, vote: "a" }]);
    expect(lab.raft("a").role).toBe("candidate");
    lab.persist("a", 1);
    expect(lab.raft("a").role).toBe("leader");
    expect(
      onWire(lab).every((line) => line.startsWith("a>l")),
      "only the learner is told",
    ).toBe(true);
    expect(dropped(lab, "a")).toEqual({});
  });
});
