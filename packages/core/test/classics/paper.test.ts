import { describe, expect, it } from "vitest";
import type { Term } from "../../src/model/log-id.js";
import type { VoteResponse } from "../../src/model/message.js";
import { saidAfter, sent, waits, writes, written } from "../support/effects.js";
import { Lab, type LabOptions, T } from "../support/lab.js";
import { accepted, append, commands, followerB, ordersOf } from "../support/messages.js";
import { ReadingLab } from "../support/reading-lab.js";

/*
 * What sections 5.1–5.4 of the Raft paper say, sentence by sentence, as etcd's raft_paper_test picked them out. Pre-vote
 * is off: the paper has none. Entry 1 of every log is the configuration, of term 0; the paper's entries begin at 2.
 */
const PAPER: LabOptions = { preVote: false };
const ENTRY_1 = { index: 1, term: 0 };
const WAIT = [T, 2 * T] as const;

type Role = "follower" | "candidate" | "leader";

/** Three nodes; a has this role, in term 1 unless it follows in term 0. */
function inRole(role: Role): Lab {
  const lab = new Lab(["a", "b", "c"], PAPER);
  if (role === "leader") lab.elect("a");
  if (role === "candidate") {
    lab.timeOut("a");
    lab.persist("a");
    lab.take();
  }
  expect(lab.describe("a").role).toBe(role);
  return lab;
}

/** a and so many others; a is a candidate of term 1 whose ballot is durable. */
function candidateOf(size: number): Lab {
  const lab = new Lab(["a", "b", "c", "d", "e"].slice(0, size), PAPER);
  lab.timeOut("a");
  lab.persist("a");
  return lab;
}

const vote = (term: Term, granted: boolean): VoteResponse => ({ type: "VoteResponse", term, granted });

/** The turn ends: what was proposed leaves. */
const endTurn = (lab: Lab, id: string) => lab.step(id, { type: "TurnEnded" });

describe("§5.1 terms", () => {
  it.each<Role>(["follower", "candidate", "leader"])(
    "E13 E11 a %s that hears of a higher term adopts it and follows",
    (role) => {
      const lab = inRole(role);
      const effects = lab.receive("b", "a", append(2, ENTRY_1, 0));
      expect(lab.describe("a")).toMatchObject({ role: "follower", term: 2, leader: "b", votedFor: null });
      expect(written(effects)).toEqual([{ term: 2, vote: null }]);
    },
  );

  it("E14 a request of an older term is refused: nothing is appended, and the answer says the term", () => {
    const lab = followerB([1], 3);
    const effects = lab.receive("a", "b", append(2, { index: 2, term: 1 }, 2, commands(3, 2, "late")));
    expect(sent(effects)).toMatchObject([
      { to: "a", message: { type: "AppendEntriesResponse", term: 3, success: false } },
    ]);
    expect(writes(effects)).toEqual([]);
    expect(lab.terms("b")).toEqual([0, 1]);
    expect(lab.describe("b")).toMatchObject({ term: 3, leader: null, commitIndex: 0 });
  });
});

describe("§5.2 elections", () => {
  it("E01 a node that starts is a follower", () => {
    const lab = new Lab(["a", "b", "c"], PAPER);
    for (const id of lab.ids) expect(lab.describe(id)).toMatchObject({ role: "follower", term: 0, leader: null });
  });

  it("R19 a leader sends a heartbeat to every follower, each interval", () => {
    const lab = inRole("leader");
    for (let beat = 0; beat < 3; beat++) {
      lab.pass(T / 5);
      const heartbeats = sent(lab.fire("a", "heartbeat")).filter(({ message }) => message.type === "Heartbeat");
      expect(heartbeats.map(({ to }) => to).toSorted()).toEqual(["b", "c"]);
      lab.settle();
    }
  });

  it.each<Role>(["follower", "candidate"])(
    "E02 E04 E12 a %s whose wait runs out raises its term, votes for itself and asks all at once",
    (role) => {
      const lab = inRole(role);
      const { term } = lab.describe("a");
      const effects = lab.timeOut("a");
      expect(lab.describe("a")).toMatchObject({ role: "candidate", term: term + 1, votedFor: "a", leader: null });
      expect(written(effects)).toEqual([{ term: term + 1, vote: "a" }]);
      // Not a word before the ballot is durable.
      expect(sent(effects)).toEqual([]);
      lab.persist("a");
      const asked = lab.take().map(({ to, message }) => [to, message.type, "term" in message ? message.term : 0]);
      expect(asked).toEqual([
        ["b", "VoteRequest", term + 1],
        ["c", "VoteRequest", term + 1],
      ]);
    },
  );

  it.each<[size: number, granted: number, refused: number, role: Role]>([
    [1, 0, 0, "leader"],
    [3, 2, 0, "leader"],
    [3, 1, 0, "leader"],
    [3, 1, 1, "leader"],
    [5, 4, 0, "leader"],
    [5, 3, 0, "leader"],
    [5, 2, 0, "leader"],
    [5, 2, 2, "leader"],
    [3, 0, 2, "follower"],
    [5, 1, 3, "follower"],
    [5, 0, 4, "follower"],
    [3, 0, 0, "candidate"],
    [3, 0, 1, "candidate"],
    [5, 1, 0, "candidate"],
    [5, 1, 2, "candidate"],
    [5, 0, 2, "candidate"],
  ])(
    "E10 E18 one round decides: of %i nodes %i others grant and %i refuse, and it is a %s",
    (size, granted, refused, role) => {
      const lab = candidateOf(size);
      const others = lab.ids.slice(1);
      for (const id of others.slice(0, granted)) lab.receive(id, "a", vote(1, true));
      for (const id of others.slice(granted, granted + refused)) lab.receive(id, "a", vote(1, false));
      expect(lab.describe("a")).toMatchObject({ role, term: 1 });
    },
  );

  it.each<[voted: string | null, asker: string, granted: boolean]>([
    [null, "a", true],
    [null, "c", true],
    ["a", "a", true],
    ["c", "c", true],
    ["c", "a", false],
    ["a", "c", false],
  ])("E09 a voter that gave its vote to %s answers %s with granted: %s", (voted, asker, granted) => {
    const lab = new Lab(["a", "b", "c"], { ...PAPER, hardStates: { b: { term: 1 } } }).pass(T);
    const ask = (from: string) =>
      lab.receive(from, "b", { type: "VoteRequest", term: 1, last: ENTRY_1, transfer: false });
    if (voted !== null) {
      ask(voted);
      lab.persist("b");
    }
    const effects = ask(asker);
    expect([...sent(effects), ...saidAfter(effects)]).toEqual([{ to: asker, message: vote(1, granted) }]);
  });

  it.each([1, 2])("E11 a candidate of term 1 that hears a leader of term %i follows it", (term) => {
    const lab = inRole("candidate");
    lab.receive("b", "a", append(term, ENTRY_1, 0));
    expect(lab.describe("a")).toMatchObject({ role: "follower", term, leader: "b" });
  });

  it.each<Role>(["follower", "candidate"])("E03 a %s draws each wait anew from [T, 2T)", (role) => {
    const lab = inRole(role);
    for (let round = 0; round < 5; round++) {
      expect(waits(lab.timeOut("a")).at(-1)).toEqual(WAIT);
      lab.persist("a");
    }
  });

  it.each<Role>(["follower", "candidate"])(
    "E03 E12 so that of five %ss one is mostly first by more than a message's way",
    (role) => {
      const lab = candidateOf(5);
      const armed = role === "candidate" ? lab.node("a").timers.get("election") : lab.node("b").timers.get("election");
      const [low, high] = armed?.between ?? [0, 0];
      let seed = 7;
      const draw = () => {
        seed = (seed * 48_271) % 2_147_483_647;
        return low + (seed / 2_147_483_647) * (high - low);
      };
      const rounds = 1_000;
      let conflicts = 0;
      for (let round = 0; round < rounds; round++) {
        const [first = 0, second = 0] = Array.from({ length: 5 }, draw).toSorted((a, b) => a - b);
        if (second - first < T / 20) conflicts++;
      }
      expect(conflicts / rounds).toBeLessThan(0.3);
    },
  );
});

describe("§5.3 replication", () => {
  it("R06 R09 a leader appends a proposal to its own log and sends it to all, beside its own disk", () => {
    const lab = inRole("leader");
    const { last, commitIndex } = lab.describe("a");
    const effects = [...lab.propose("a", "x"), ...endTurn(lab, "a")];
    expect(
      writes(effects)
        .flatMap(({ blocks }) => blocks ?? [])
        .map(({ first, term }) => [first, term]),
    ).toEqual([[3, 1]]);
    const appends = sent(effects).map(({ to, message }) => [to, message.type === "AppendEntries" && message.prev]);
    expect(appends).toEqual([
      ["b", last],
      ["c", last],
    ]);
    expect(lab.describe("a")).toMatchObject({ last: { index: 3, term: 1 }, commitIndex });
  });

  it("R05 R14 once it is safely replicated the leader commits and applies it, and tells the followers with what it sends next", () => {
    const lab = inRole("leader");
    lab.propose("a", "x");
    endTurn(lab, "a");
    lab.persist("a");
    lab.deliver(({ to }) => to === "b");
    lab.persist("b");
    expect(lab.describe("a").commitIndex).toBe(2);
    lab.deliver(({ to }) => to === "a");
    expect(lab.describe("a").commitIndex).toBe(3);
    expect(ordersOf(lab.node("a").seen, "Apply").at(-1)?.upTo).toBe(3);
    for (const id of ["b", "c"]) expect(lab.describe(id).commitIndex).toBe(2);
    lab.settle().beat("a");
    for (const id of lab.ids) expect(lab.node(id).applied).toEqual(["1:-", "2:-", "3:x"]);
  });

  it.each<[size: number, acceptors: number, committed: boolean]>([
    [1, 0, true],
    [3, 0, false],
    [3, 1, true],
    [3, 2, true],
    [5, 0, false],
    [5, 1, false],
    [5, 2, true],
    [5, 3, true],
    [5, 4, true],
  ])("R05 R07 of %i nodes %i followers hold the entry: committed is %s", (size, acceptors, committed) => {
    const lab = new Lab(["a", "b", "c", "d", "e"].slice(0, size), PAPER).elect("a");
    lab.propose("a", "x");
    endTurn(lab, "a");
    lab.take();
    lab.persist("a");
    for (const id of lab.ids.slice(1, 1 + acceptors)) lab.receive(id, "a", accepted(1, 3));
    expect(lab.describe("a").commitIndex).toBe(committed ? 3 : 2);
  });

  it.each<[Term[]]>([[[]], [[2]], [[1, 2]], [[1]]])(
    "R05 an entry of the leader's own term commits all before it: %j",
    (terms) => {
      const lab = new ReadingLab(["a", "b", "c"], {
        ...PAPER,
        logs: { a: terms },
        hardStates: { a: { term: 2 }, b: { term: 2 } },
      }).elect("a");
      lab.propose("a", "some data");
      lab.settle();
      const { term, commitIndex } = lab.describe("a");
      expect(lab.terms("a")).toEqual([0, ...terms, term, term]);
      expect(commitIndex).toBe(1 + terms.length + 2);
      expect(lab.node("a").applied).toHaveLength(commitIndex);
    },
  );

  it.each<[entries: string[], commit: number]>([
    [["one"], 2],
    [["one", "two"], 3],
    [["one", "two"], 2],
  ])("R07 R14 a follower applies what it learns is committed, in order: %j up to %i", (entries, commit) => {
    const lab = followerB([], 1);
    lab.receive("a", "b", append(1, ENTRY_1, commit, commands(2, 1, ...entries)));
    lab.persist("b");
    expect(lab.describe("b").commitIndex).toBe(commit);
    expect(lab.node("b").applied).toEqual(["1:-", ...entries.map((text, i) => `${i + 2}:${text}`)].slice(0, commit));
  });

  it.each<[prev: { index: number; term: Term }, refused: { hintIndex: number; hintTerm: Term } | undefined]>([
    [{ index: 1, term: 0 }, undefined],
    [{ index: 2, term: 1 }, undefined],
    [{ index: 3, term: 2 }, undefined],
    [
      { index: 2, term: 2 },
      { hintIndex: 2, hintTerm: 1 },
    ],
    [
      { index: 4, term: 3 },
      { hintIndex: 3, hintTerm: 2 },
    ],
  ])("R01 R04 a follower with terms 1, 2 checks prev %j", (prev, refused) => {
    const lab = followerB([1, 2], 3);
    const effects = lab.receive("a", "b", append(3, prev, 0));
    const answers = [...sent(effects), ...saidAfter(effects)].map(({ message }) => message);
    expect(answers).toMatchObject([
      refused === undefined
        ? { success: true, match: prev.index }
        : { success: false, prevIndex: prev.index, ...refused },
    ]);
  });

  it.each<[prev: { index: number; term: Term }, terms: Term[], log: Term[]]>([
    [{ index: 3, term: 2 }, [3], [1, 2, 3]],
    [{ index: 2, term: 1 }, [3, 4], [1, 3, 4]],
    [{ index: 1, term: 0 }, [1], [1, 2]],
    [{ index: 1, term: 0 }, [3], [3]],
  ])("R02 L07 a follower with terms 1, 2 drops what conflicts behind %j and appends %j", (prev, terms, log) => {
    const lab = followerB([1, 2], 4);
    const blocks = terms.map((term, i) => commands(prev.index + 1 + i, term, "n"));
    lab.receive("a", "b", append(4, prev, 0, ...blocks));
    expect(lab.terms("b")).toEqual([0, ...log]);
    lab.persist("b");
    expect(lab.node("b").disk.blocks.flatMap((block) => Array.from({ length: block.count }, () => block.term))).toEqual(
      [0, ...log],
    );
  });

  it.each<[name: string, log: Term[]]>([
    ["a: one entry is missing", [1, 1, 1, 4, 4, 5, 5, 6, 6]],
    ["b: many are missing", [1, 1, 1, 4]],
    ["c: one too many", [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6]],
    ["d: two of a later term", [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7]],
    ["e: missing and others instead", [1, 1, 1, 4, 4, 4, 4]],
    ["f: two terms that nobody else saw", [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]],
  ])("R02 R04 the leader of term 8 makes a follower's log its own, figure 7, %s", (_name, log) => {
    const own: Term[] = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
    const lab = new ReadingLab(["a", "b", "c"], {
      ...PAPER,
      logs: { a: own, b: log },
      hardStates: { a: { term: 7 }, b: { term: 7 }, c: { term: 7 } },
    }).elect("a");
    lab.propose("a", "after");
    lab.settle().beat("a");
    expect(lab.describe("a")).toMatchObject({ role: "leader", term: 8 });
    for (const id of lab.ids) expect(lab.terms(id)).toEqual([0, ...own, 8, 8]);
    for (const id of lab.ids) expect(lab.describe(id).commitIndex).toBe(own.length + 3);
  });
});

describe("§5.4 safety", () => {
  it.each<[Term[]]>([[[1]], [[1, 2]]])("E08 a vote request says where its candidate's log ends: %j", (terms) => {
    const lab = new Lab(["a", "b", "c"], { ...PAPER, logs: { a: terms } });
    lab.timeOut("a");
    lab.persist("a");
    const last = { index: 1 + terms.length, term: terms.at(-1) };
    expect(lab.take().map(({ message }) => message)).toMatchObject(
      ["b", "c"].map(() => ({ type: "VoteRequest", term: (terms.at(-1) as number) + 1, last })),
    );
  });

  it.each<[log: Term[], candidate: { index: number; term: Term }, granted: boolean]>([
    [[1], { index: 2, term: 1 }, true],
    [[1], { index: 3, term: 1 }, true],
    [[1, 1], { index: 2, term: 1 }, false],
    [[1], { index: 2, term: 2 }, true],
    [[1], { index: 3, term: 2 }, true],
    [[1, 1], { index: 2, term: 2 }, true],
    [[2], { index: 2, term: 1 }, false],
    [[2], { index: 3, term: 1 }, false],
  ])(
    "E08 a voter whose log has the terms %j answers a candidate that ends at %j with granted: %s",
    (log, last, granted) => {
      const lab = followerB(log, 3).pass(T);
      const effects = lab.receive("a", "b", { type: "VoteRequest", term: 4, last, transfer: false });
      expect([...sent(effects), ...saidAfter(effects)]).toEqual([{ to: "a", message: vote(4, granted) }]);
    },
  );

  it.each<[acknowledged: number, commit: number]>([
    [2, 0],
    [3, 0],
    [4, 4],
  ])(
    "R05 a leader of term 3 over entries of terms 1 and 2: acknowledged up to %i, committed up to %i",
    (acknowledged, commit) => {
      const lab = new Lab(["a", "b", "c"], { ...PAPER, logs: { a: [1, 2] }, hardStates: { a: { term: 2 } } });
      lab.timeOut("a");
      lab.persist("a");
      lab.receive("b", "a", vote(3, true));
      lab.persist("a");
      expect(lab.describe("a")).toMatchObject({ role: "leader", last: { index: 4, term: 3 } });
      lab.receive("b", "a", accepted(3, acknowledged));
      expect(lab.describe("a").commitIndex).toBe(commit);
    },
  );
});
