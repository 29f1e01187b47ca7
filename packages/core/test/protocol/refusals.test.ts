import { describe, expect, it } from "vitest";
import type { Term } from "../../src/model/log-id.js";
import { dropped, sent } from "../support/effects.js";
import { Lab } from "../support/lab.js";
import { append, followerB, refused, saveAt } from "../support/messages.js";
import { ReadingLab } from "../support/reading-lab.js";

const refusalOf = (terms: readonly Term[], prev: { index: number; term: Term }, commit = 0) => {
  const lab = followerB(terms, 9);
  if (commit > 0) lab.receive("a", "b", append(9, { index: commit, term: lab.raft("b").termAt(commit) ?? 0 }, commit));
  return sent(lab.receive("a", "b", append(9, prev, 0)))[0]?.message;
};

describe("R04 what a refusal says", () => {
  it("R04 a shorter log: its last index and that entry's term", () => {
    expect(refusalOf([1, 1, 2], { index: 9, term: 5 })).toEqual(refused(9, 9, { index: 4, term: 2 }, 4));
  });

  it("R04 another term at prev: that term, and the first index it has", () => {
    expect(refusalOf([1, 2, 2, 2, 3], { index: 5, term: 8 })).toEqual(refused(9, 5, { index: 3, term: 2 }, 6));
  });

  it("R04 never below commit + 1, for there the logs are known to agree", () => {
    expect(refusalOf([2, 2, 2, 2], { index: 5, term: 8 }, 3)).toEqual(refused(9, 5, { index: 4, term: 2 }, 5));
  });
});

/** Leader a with these terms, elected by c; b, with those, hears nothing as yet. */
function leaderA(terms: readonly Term[], others: readonly Term[], options = {}): Lab {
  const lab = new ReadingLab(["a", "b", "c"], { logs: { a: terms, b: others, c: terms }, ...options });
  lab.cut("a", "b").cut("b", "c").elect("a");
  return lab;
}

/** Heals the link and lets the logs of a and b meet; returns how many messages were refused on the way. */
function refusalsUntilEqual(lab: Lab): number {
  lab.heal();
  let refusals = 0;
  lab.pass(200);
  lab.fire("a", "heartbeat");
  for (let i = 0; i < 200 && lab.describe("b").last.index < lab.describe("a").last.index; i++) {
    lab.persist("a");
    lab.persist("b");
    lab.persist("c");
    refusals += lab.wire.filter(({ message }) => message.type === "AppendEntriesResponse" && !message.success).length;
    lab.deliver();
  }
  lab.settle();
  return refusals;
}

describe("R04 where the leader continues", () => {
  it("R04 the paper's figure 7: every follower's log comes to equal the leader's, one round trip per differing term at most", () => {
    const leader = [1, 1, 4, 4, 5, 5, 6, 6, 6];
    const followers: Record<string, [Term[], number]> = {
      a: [[1, 1, 4, 4, 5, 5, 6, 6], 1],
      b: [[1], 1],
      c: [[1, 1, 4, 4, 5, 5, 6, 6, 6, 6], 0],
      d: [[1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7], 0],
      e: [[1, 1, 4, 4, 4, 4], 2],
      f: [[1, 1, 2, 2, 2, 3, 3, 3, 3, 3], 2],
    };
    for (const [name, [terms, most]] of Object.entries(followers)) {
      const lab = leaderA(leader, terms, { hardStates: { a: { term: 7 }, c: { term: 7 } } });
      const refusals = refusalsUntilEqual(lab);
      expect(lab.terms("b"), `follower ${name}`).toEqual(lab.terms("a"));
      expect(refusals, `follower ${name}`).toBeLessThanOrEqual(most);
    }
  });

  it("R04 at its own last entry of the hinted term", () => {
    const lab = leaderA([1, 2, 2, 2, 4, 4], [1, 2, 2, 3]);
    lab.heal();
    lab.receive("b", "a", refused(5, 7, { index: 4, term: 2 }, 9));
    expect(lab.take(({ to }) => to === "b").at(-1)?.message).toMatchObject({ prev: { index: 5, term: 2 } });
  });

  it("R04 else at the hint", () => {
    const lab = leaderA([1, 4, 4, 4, 4, 4], [1, 3, 3, 3]);
    lab.heal();
    lab.receive("b", "a", refused(5, 7, { index: 3, term: 3 }, 9));
    expect(lab.take(({ to }) => to === "b").at(-1)?.message).toMatchObject({ prev: { index: 2, term: 1 } });
  });

  it("R04 a refusal of an older message is not obeyed by a probe", () => {
    const lab = leaderA([1, 2, 2, 2], []);
    lab.receive("b", "a", refused(3, 5, { index: 1, term: 0 }, 1));
    const { next } = lab.describe("a").peers.find(({ id }) => id === "b") as { next: number };
    expect(next).toBe(2);
    const copy = lab.receive("b", "a", refused(3, 5, { index: 4, term: 1 }, 4));
    expect(sent(copy)).toEqual([]);
    expect(lab.describe("a").peers).toContainEqual(expect.objectContaining({ id: "b", next: 2 }));
    expect(dropped(lab, "a")).toMatchObject({ "refusal of an older message": 1 });
  });

  it("R04 R11 nor one at or below match by a peer in replicate, and next never falls below match + 1", () => {
    const lab = new Lab(["a", "b", "c"]).elect("a");
    lab.propose("a", "x", "y");
    lab.settle();
    lab.receive("b", "a", refused(1, 4, { index: 1, term: 0 }, 1));
    expect(lab.describe("a").peers[0]).toMatchObject({ id: "b", state: "replicate", match: 4, next: 5 });
    lab.receive("b", "a", refused(1, 5, { index: 1, term: 0 }, 1));
    expect(lab.describe("a").peers[0]).toMatchObject({ id: "b", state: "probe", match: 4, next: 5 });
  });

  it("R04/compacted a follower that ends below the leader's base gets the snapshot after one refusal, not after a probe per entry", () => {
    const terms = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];
    const lab = leaderA(terms, [1], { compactionMarginEntries: 0 });
    saveAt(lab, "a", 6);
    saveAt(lab, "a", 8);
    lab.settle();
    expect(lab.describe("a").base.index).toBe(6);
    const refusal = refused(2, 13, { index: 2, term: 1 }, 2);
    expect(sent(lab.receive("b", "a", refusal)).map(({ message }) => message.type)).toEqual(["InstallSnapshot"]);
  });
});
