import { CommandBatch, EntryType, LogBlock } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { checkReplay } from "../../src/simulator/invariants/replay.js";
import { Doctored, voting } from "./doctored.js";
import { registerWorld } from "./register.js";

const ALL = ["n1", "n2", "n3"];
const encoder = new TextEncoder();

function commands(first: number, ...texts: readonly string[]): LogBlock {
  const payloads = texts.map((text) => encoder.encode(text));
  return LogBlock.of(first, 1, 0, EntryType.command, payloads);
}

function batch(first: number, ...texts: readonly string[]): CommandBatch {
  const block = commands(first, ...texts);
  return new CommandBatch([block], first, block.last);
}

/** n1 leads term 1, and everybody has two entries of it committed. */
function settled(): Doctored {
  const cluster = new Doctored();
  cluster.leads("n1", 1);
  cluster.holds(ALL, 1, 1, "a", "b");
  for (const id of ALL) cluster.shows(id, { role: id === "n1" ? "leader" : "follower", commitIndex: 2 });
  expect(cluster.referee.violation).toBeUndefined();
  return cluster;
}

describe("the referee", () => {
  it("I1 sees two leaders of one term", () => {
    const cluster = settled();
    cluster.voted(["n2", "n3"], 1, "n2");
    cluster.shows("n2", { role: "leader", commitIndex: 2 });
    expect(cluster.broken).toBe("I1");
  });

  it("I2 sees a leader's log shrink in memory, and be cut on its disk", () => {
    const shrinking = settled();
    shrinking.shows("n1", { role: "leader", commitIndex: 2, lastIndex: 5 });
    shrinking.shows("n1", { role: "leader", commitIndex: 2, lastIndex: 4 });
    const cutting = settled();
    cutting.wrote("n1", { truncateFrom: 2 });
    expect([shrinking.broken, cutting.broken]).toEqual(["I2", "I2"]);
  });

  it("I3 sees two logs that agree on an entry, and not on what is before it", () => {
    const cluster = settled();
    cluster.holds(["n1"], 3, 1, "c");
    cluster.holds(["n2"], 3, 1, "C");
    expect(cluster.referee.violation?.message).toContain("I3 the logs of n1 and n2 both hold 3/1");
  });

  it("M12 I3 takes a witness's entries for what others know them to be", () => {
    const cluster = new Doctored(["n3"]);
    cluster.leads("n1", 1);
    cluster.holds(["n1"], 1, 1, "a", "b");
    cluster.wrote("n3", { blocks: [commands(1, "a", "b").bare(true)] });
    cluster.holds(["n2"], 1, 1, "A", "b");
    expect(cluster.referee.violation?.message).toContain("I3 the logs of n1 and n2 both hold 1/1");
  });

  it("M12 sees a witness that keeps payloads, and a full member that lacks them", () => {
    const keeping = new Doctored(["n3"]);
    keeping.wrote("n3", { blocks: [commands(1, "a")] });
    const lacking = new Doctored(["n3"]);
    lacking.wrote("n2", { blocks: [commands(1, "a").bare(true)] });
    expect([keeping, lacking].map(({ referee }) => referee.violation?.message)).toEqual([
      "M12 n3 keeps entries 1–1 with payloads, and is a witness",
      "M12 n2 keeps entries 1–1 without payloads, and is none",
    ]);
  });

  it("M12 sees a witness that leads, and one that gives away entries", () => {
    const leading = new Doctored(["n3"]);
    leading.shows("n3", { role: "leader", term: 2 });
    const giving = new Doctored(["n3"]);
    const found = { first: 1, last: 1, prevTerm: 0, nextTerm: 0, leaderTerm: 0, commit: 0, base: 0 };
    giving.said("n3", "n2", { type: "RepairResponse", ...found, blocks: [commands(1, "a")] });
    expect([leading, giving].map(({ referee }) => referee.violation?.message)).toEqual([
      "M12 n3 is a witness, and a leader of term 2",
      "M12 n3 is a witness, and gives n2 entries for a repair",
    ]);
  });

  it("I4 sees a leader that lacks what was committed before it", () => {
    const cluster = new Doctored();
    cluster.leads("n1", 1);
    cluster.holds(["n1", "n2"], 1, 1, "a", "b");
    cluster.shows("n1", { role: "leader", commitIndex: 2 });
    cluster.voted(["n2", "n3"], 2, "n3");
    cluster.shows("n3", { role: "leader", term: 2 });
    expect(cluster.referee.violation?.message).toContain("I4 n3 leads in term 2 without 2/1");
  });

  it("I5 sees a command that nobody committed, another one in its place, and another result of it", () => {
    const early = settled();
    early.referee.handed("n1", batch(3, "c"));
    const other = settled();
    other.referee.applied("n1", batch(1, "a"), [1]);
    other.referee.applied("n2", batch(1, "A"), [1]);
    const differing = settled();
    differing.referee.applied("n1", batch(1, "a"), [1]);
    differing.referee.applied("n2", batch(1, "a"), [2]);
    expect([early.broken, other.broken, differing.broken]).toEqual(["I5", "I5", "I5"]);
  });

  it("I6 sees a commit that one disk holds, and counts no learner's", () => {
    const alone = new Doctored();
    alone.leads("n1", 1);
    alone.holds(["n1"], 1, 1, "a");
    alone.shows("n1", { role: "leader", commitIndex: 1 });
    const learned = new Doctored();
    const configuration = voting(["n1", "n2"], ["n3"]);
    learned.leads("n1", 1, { configuration });
    learned.holds(["n1", "n3"], 1, 1, "a");
    learned.shows("n1", { role: "leader", commitIndex: 1, configuration });
    expect([alone.broken, learned.broken]).toEqual(["I6", "I6"]);
  });

  it("I7 sees another entry where one was committed", () => {
    const cluster = settled();
    cluster.opened("n3", {
      hardState: { term: 0, vote: null, recoveryNumber: 0, removedAt: 0 },
      last: { index: 2, term: 1 },
    });
    cluster.shows("n3", { term: 3, commitIndex: 2 });
    expect(cluster.referee.violation?.message).toContain("I7 n3 has 1/3 committed, and n1 had 1/1");
  });

  it("I8 sees a term, a commit index or a match that goes back", () => {
    const term = settled();
    term.shows("n2", { term: 0, commitIndex: 2 });
    const commit = settled();
    commit.shows("n2", { commitIndex: 1 });
    const match = settled();
    for (const held of [2, 1])
      match.shows("n1", {
        role: "leader",
        commitIndex: 2,
        description: { peers: [{ id: "n2", match: held, next: 3 }] },
      });
    expect([term.broken, commit.broken, match.broken]).toEqual(["I8", "I8", "I8"]);
  });

  it("I8 sees a disk that lost what it promised, and one that comes back as somebody else's", () => {
    const shorter = settled();
    shorter.opened("n2", { last: { index: 1, term: 1 } });
    const forgetful = settled();
    forgetful.opened("n2", {
      hardState: { term: 1, vote: null, recoveryNumber: 0, removedAt: 0 },
      last: { index: 2, term: 1 },
    });
    const other = settled();
    other.opened("n3", { incarnation: "00000000000000f3" });
    expect([shorter.broken, forgetful.broken, other.broken]).toEqual(["I8", "I8", "I8"]);
    expect(forgetful.referee.violation?.what).toContain("vote free, not n1");
  });

  it("I9 sees indices out of order, and commands that are applied twice or left out", () => {
    const ahead = settled();
    ahead.shows("n2", { commitIndex: 2, description: { appliedIndex: 3 } });
    const purged = settled();
    purged.shows("n2", { commitIndex: 2, description: { base: { index: 1, term: 1 }, appliedIndex: 1 } });
    const twice = settled();
    twice.referee.handed("n1", batch(1, "a", "b"));
    twice.referee.handed("n1", batch(2, "b"));
    const skipping = settled();
    skipping.referee.applied("n1", batch(1, "a", "b"), [1, 2]);
    skipping.referee.handed("n2", batch(2, "b"));
    expect([ahead.broken, purged.broken, twice.broken, skipping.broken]).toEqual(["I9", "I9", "I9", "I9"]);
  });

  it("I10 sees a heartbeat that tells a commit its receiver does not hold, and a leader that would send what is held", () => {
    const telling = new Doctored();
    telling.leads("n1", 1);
    telling.holds(["n1", "n2"], 1, 1, "a");
    telling.shows("n1", { role: "leader", commitIndex: 1 });
    telling.said("n1", "n3", { type: "Heartbeat", term: 1, commit: 1, round: 1 });
    const sending = settled();
    sending.shows("n1", { role: "leader", commitIndex: 2, description: { peers: [{ id: "n2", match: 2, next: 2 }] } });
    expect([telling.broken, sending.broken]).toEqual(["I10", "I10"]);
  });

  it("I11 sees two changes at once, neighbours without a common majority, and a leader without one", () => {
    const twice = settled();
    twice.holdsConfiguration(["n1"], 3, voting(["n1", "n2"]));
    twice.holdsConfiguration(["n1"], 4, voting(["n1", "n2", "n3"]));
    const apart = settled();
    apart.holdsConfiguration(ALL, 3, voting(["n1"]));
    for (const id of ALL) apart.shows(id, { role: id === "n1" ? "leader" : "follower", commitIndex: 3 });
    apart.holdsConfiguration(["n1"], 4, voting(["n2", "n3"]));
    const usurped = settled();
    usurped.voted(["n3"], 2, "n3");
    usurped.shows("n3", { role: "leader", term: 2, commitIndex: 2 });
    expect([twice.broken, apart.broken, usurped.broken]).toEqual(["I11", "I11", "I11"]);
    expect(apart.referee.violation?.what).toContain("two disjoint sets can decide");
    expect(usurped.referee.violation?.what).toContain("only [n3] wrote down a vote for it");
  });

  it("I12 sees a vote, a term and an acknowledgement that a power cut would take back", () => {
    const voted = settled();
    voted.said("n3", "n2", { type: "VoteResponse", term: 2, granted: true });
    const naming = settled();
    naming.said("n1", "n2", { type: "Heartbeat", term: 2, commit: 0, round: 1 });
    const holding = settled();
    holding.said("n1", "n2", {
      type: "AppendEntriesResponse",
      term: 1,
      success: true,
      match: 3,
      prevIndex: 2,
      hintIndex: 0,
      hintTerm: 0,
      last: 3,
      needsSnapshot: 0,
    });
    expect([voted.broken, naming.broken, holding.broken]).toEqual(["I12", "I12", "I12"]);
  });

  it("I13 sees states that differ at one index", () => {
    const cluster = settled();
    cluster.referee.applies.state(2, 7, "saved by n1");
    cluster.referee.applies.state(2, 8, "loaded by n2");
    expect(cluster.referee.violation?.what).toBe("the state after entry 2 differs: saved by n1, and loaded by n2");
  });

  it("I13 sees results and states that all replicas share, and that no replay of the log makes", async () => {
    const lying = settled();
    lying.referee.applied("n1", batch(1, "r1+2+x"), [3]);
    lying.referee.applies.state(1, 0, "saved by n1");
    const bent = settled();
    bent.referee.applied("n1", batch(1, "r1+2+x"), [2]);
    bent.referee.applies.state(1, 0, "saved by n1");
    for (const { referee } of [lying, bent])
      await checkReplay(registerWorld.modules(), undefined, referee.applies, (invariant, what) =>
        referee.accuse(invariant, what),
      );
    expect(lying.referee.violation?.message).toContain("I13 the command at 1 returned something else to a replay");
    expect(bent.referee.violation?.message).toContain("I13 the state after entry 1, saved by n1, is not what a replay");
  });
});
