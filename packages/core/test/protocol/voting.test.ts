import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Configuration } from "../../src/model/configuration.js";
import { encodeConfiguration } from "../../src/model/configuration-layout.js";
import { EntryType, LogBlock } from "../../src/model/log-block.js";
import type { Term } from "../../src/model/log-id.js";
import { dropped, saidAfter, sent, writes, written } from "../support/effects.js";
import { incarnationOf, Lab, memberOf, T } from "../support/lab.js";

const ENTRY_1 = { index: 1, term: 0 };
const THREE = ["a", "b", "c"] as const;
const ask = (term: Term, last = ENTRY_1) => ({ type: "VoteRequest", term, last, transfer: false }) as const;
const votes = (effects: Parameters<typeof sent>[0]) => [...sent(effects), ...saidAfter(effects)];
const GRANT = (term: Term) => [{ to: "a", message: { type: "VoteResponse", term, granted: true } }];
const REFUSAL = (term: Term) => [{ to: "a", message: { type: "VoteResponse", term, granted: false } }];

/** A candidate of term 1 among these, its own ballot cast. */
function candidate(ids: readonly string[]): Lab {
  const lab = new Lab(ids, { preVote: false });
  lab.timeOut("a");
  lab.persist("a");
  lab.take();
  return lab;
}

describe("E08 whose log is up to date", () => {
  const votedFor = (own: readonly Term[], last: { index: number; term: Term }): boolean => {
    const lab = new Lab(THREE, { logs: { b: own } });
    lab.pass(T).receive("a", "b", ask(9, last));
    return lab.describe("b").votedFor === "a";
  };

  it("E08 the higher last term wins, however short its log", () => {
    expect(votedFor([1, 1, 1], { index: 2, term: 2 })).toBe(true);
    expect(votedFor([2], { index: 9, term: 1 })).toBe(false);
  });

  it("E08 with equal last terms the longer log wins, or ties", () => {
    expect(votedFor([1, 1], { index: 4, term: 1 })).toBe(true);
    expect(votedFor([1, 1], { index: 3, term: 1 })).toBe(true);
    expect(votedFor([1, 1], { index: 2, term: 1 })).toBe(false);
  });

  it("E08 of two logs at least one is up to date for the other, and both only if they end alike", () => {
    const log = fc
      .array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 })
      .map((terms) => terms.toSorted((a, b) => a - b));
    fc.assert(
      fc.property(log, log, (one, two) => {
        const end = (terms: readonly Term[]) => ({ index: terms.length + 1, term: terms.at(-1) ?? 0 });
        const both = [votedFor(one, end(two)), votedFor(two, end(one))];
        const alike = one.length === two.length && one.at(-1) === two.at(-1);
        expect(both.filter(Boolean).length).toBe(alike ? 2 : 1);
      }),
      { numRuns: 60 },
    );
  });

  it("E08 after full compaction the last term is the base's", () => {
    const lab = new Lab(THREE);
    const { disk } = lab.node("b");
    lab.crash("b");
    const id = { index: 20, term: 5 };
    const configuration = { id: ENTRY_1, configuration: lab.configuration };
    const snapshot = { id, configuration, logTimeMs: 0, formatVersion: 1, sizeBytes: 0, checksum: 0 };
    Object.assign(disk, { base: id, blocks: [], snapshot, hardState: { ...disk.hardState, term: 5 } });
    lab.restart("b").pass(T);
    expect(votes(lab.receive("a", "b", ask(6, { index: 30, term: 4 })))).toEqual(REFUSAL(6));
    expect(votes(lab.receive("a", "b", ask(6, { index: 19, term: 5 })))).toEqual(REFUSAL(6));
    expect(votes(lab.receive("a", "b", ask(6, { index: 20, term: 5 })))).toEqual(GRANT(6));
  });
});

describe("E09 one vote per term", () => {
  it("E09 first come, first served", () => {
    const lab = new Lab(THREE);
    lab.pass(T);
    expect(votes(lab.receive("a", "b", ask(1)))).toEqual(GRANT(1));
    expect(votes(lab.receive("c", "b", ask(1)))).toMatchObject([{ to: "c", message: { granted: false } }]);
    expect(lab.describe("b").votedFor).toBe("a");
  });

  it("E09 a repeated request of the node voted for is granted again, without a second write", () => {
    const lab = new Lab(THREE);
    lab.pass(T).receive("a", "b", ask(1));
    lab.persist("b");
    const again = lab.receive("a", "b", ask(1));
    expect(sent(again)).toEqual(GRANT(1));
    expect(writes(again)).toEqual([]);
  });

  it("E09 another incarnation under the same name is another node", () => {
    const lab = new Lab(THREE);
    lab.pass(T).receive("a", "b", ask(1));
    lab.persist("b");
    expect(sent(lab.receive("a", "b", ask(1), { fromIncarnation: incarnationOf("a", 2) }))).toEqual(REFUSAL(1));
  });

  it("E09 the vote holds across a crash", () => {
    const lab = new Lab(THREE);
    lab.pass(T).receive("a", "b", ask(1));
    lab.persist("b");
    lab.crash("b").restart("b").pass(T);
    expect(sent(lab.receive("c", "b", ask(1)))).toMatchObject([{ to: "c", message: { granted: false } }]);
    expect(sent(lab.receive("a", "b", ask(1)))).toEqual(GRANT(1));
  });

  it("E09 E02 a vote lost in a crash was never said, so another may have it", () => {
    const lab = new Lab(THREE);
    lab.pass(T).receive("a", "b", ask(1));
    expect(lab.wire).toEqual([]);
    lab.crash("b").restart("b").pass(T);
    expect(lab.describe("b")).toMatchObject({ term: 0, votedFor: null });
    expect(votes(lab.receive("c", "b", ask(1)))).toMatchObject([{ to: "c", message: { granted: true } }]);
  });

  it("E09 a candidate has voted: for itself", () => {
    const lab = candidate(THREE);
    expect(sent(lab.receive("b", "a", ask(1)))).toMatchObject([{ to: "b", message: { granted: false } }]);
    expect(lab.describe("a")).toMatchObject({ role: "candidate", votedFor: "a" });
  });
});

describe("E10 the ballot", () => {
  const grant = { type: "VoteResponse", term: 1, granted: true } as const;
  const refusal = { ...grant, granted: false } as const;

  it("E10 won by a majority of grants, pending until then", () => {
    const lab = candidate(["a", "b", "c", "d", "e"]);
    lab.receive("b", "a", grant);
    expect(lab.raft("a").role).toBe("candidate");
    lab.receive("c", "a", grant);
    expect(lab.raft("a").role).toBe("leader");
  });

  it("E10 lost once no majority is left: follower in the same term, the vote kept", () => {
    const lab = candidate(["a", "b", "c", "d", "e"]);
    for (const id of ["b", "c"]) lab.receive(id, "a", refusal);
    expect(lab.raft("a").role).toBe("candidate");
    lab.receive("d", "a", refusal);
    expect(lab.describe("a")).toMatchObject({ role: "follower", term: 1, votedFor: "a" });
  });

  it("E10 a duplicate counts nothing", () => {
    const lab = candidate(["a", "b", "c", "d", "e"]);
    for (let i = 0; i < 3; i++) lab.receive("b", "a", grant);
    expect(lab.raft("a").role).toBe("candidate");
  });

  it("E10 the vote of a non-voter counts nothing", () => {
    const lab = new Lab(["a", "b", "c", "l"], { learners: ["l"], strangers: ["x"], preVote: false });
    lab.timeOut("a");
    lab.persist("a");
    for (const id of ["l", "x"]) lab.receive(id, "a", grant);
    expect(lab.raft("a").role).toBe("candidate");
    expect(dropped(lab, "a")).toEqual({ "vote of a stranger": 2 });
  });

  it("E10 the vote of another incarnation counts nothing", () => {
    const lab = candidate(THREE);
    lab.receive("b", "a", grant, { fromIncarnation: incarnationOf("b", 2) });
    expect(lab.raft("a").role).toBe("candidate");
  });

  it("E10 the vote of another term counts nothing", () => {
    const lab = candidate(THREE);
    lab.timeOut("a");
    lab.persist("a");
    expect(lab.raft("a").term).toBe(2);
    lab.receive("b", "a", grant);
    expect(lab.describe("a")).toMatchObject({ role: "candidate", term: 2 });
    lab.receive("b", "a", { ...grant, term: 3 });
    expect(lab.describe("a")).toMatchObject({ role: "follower", term: 3 });
  });

  it("E10/joint in the joint phase both majorities are needed, and either may lose the ballot", () => {
    const joint = (): Lab => {
      const lab = new Lab(["a", "b", "c"], { strangers: ["d", "e"], preVote: false });
      const configuration: Configuration = {
        ...lab.configuration,
        members: ["a", "b", "c", "d", "e"].map(memberOf),
        voters: ["a", "d", "e"],
        votersOld: ["a", "b", "c"],
      };
      const block = LogBlock.of(2, 0, 0, EntryType.configuration, [encodeConfiguration(configuration)]);
      lab.receive("b", "a", { type: "AppendEntries", term: 0, prev: ENTRY_1, commit: 0, blocks: [block] });
      lab.timeOut("a");
      lab.persist("a");
      return lab;
    };
    const winning = joint();
    winning.receive("b", "a", grant);
    winning.receive("c", "a", grant);
    expect(winning.raft("a").role).toBe("candidate");
    winning.receive("d", "a", grant);
    expect(winning.raft("a").role).toBe("leader");

    const losing = joint();
    for (const id of ["b", "c"]) losing.receive(id, "a", grant);
    losing.receive("d", "a", refusal);
    expect(losing.raft("a").role).toBe("candidate");
    losing.receive("e", "a", refusal);
    expect(losing.describe("a")).toMatchObject({ role: "follower", term: 1 });
  });

  it("E10 a vote that comes when the candidacy is over makes no leader", () => {
    const lab = candidate(THREE);
    lab.receive("c", "a", { type: "Heartbeat", term: 1, commit: 0, round: 1 });
    lab.receive("b", "a", grant);
    expect(lab.describe("a")).toMatchObject({ role: "follower", leader: "c" });
  });
});

it("E09 E19 a learner and a stranger vote, too: whether it counts is the asker's business", () => {
  const lab = new Lab(["a", "b", "l"], { learners: ["l"], strangers: ["x"] });
  lab.pass(T);
  for (const id of ["l", "x"]) {
    const effects = lab.receive("a", id, ask(1));
    expect(written(effects)).toEqual([{ term: 1, vote: "a" }]);
    expect(saidAfter(effects)).toEqual(GRANT(1));
  }
});
