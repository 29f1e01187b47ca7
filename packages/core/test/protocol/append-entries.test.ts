import { describe, expect, it } from "vitest";
import { votersOnly } from "../../src/model/configuration.js";
import { encodeConfiguration } from "../../src/model/configuration-layout.js";
import { EntryType, LogBlock } from "../../src/model/log-block.js";
import { dropped, sent, writes } from "../support/effects.js";
import { Lab, memberOf } from "../support/lab.js";
import { accepted, append, commands, followerB, metaAt, ordersOf, saveAt } from "../support/messages.js";

const ENTRY_1 = { index: 1, term: 0 };
/** What is written, by what it changes. */
const changes = (effects: Parameters<typeof writes>[0]) =>
  writes(effects).map(({ truncateFrom, blocks }) => ({
    truncateFrom,
    entries: blocks?.map(({ first, last, term }) => [first, last, term]),
  }));

describe("R01 what is accepted", () => {
  it("R01 a prev that the log holds with that very term", () => {
    const lab = followerB([1, 1], 2);
    lab.receive("a", "b", append(2, { index: 3, term: 1 }, 0, commands(4, 2, "x")));
    expect(lab.terms("b")).toEqual([0, 1, 1, 2]);
  });

  it("R01 not a prev of another term, nor one beyond the end", () => {
    const lab = followerB([1, 1], 3);
    for (const prev of [
      { index: 3, term: 2 },
      { index: 4, term: 1 },
    ]) {
      const effects = lab.receive("a", "b", append(3, prev, 0, commands(prev.index + 1, 3, "x")));
      expect(sent(effects)).toMatchObject([{ to: "a", message: { success: false, prevIndex: prev.index } }]);
      expect(writes(effects)).toEqual([]);
    }
    expect(lab.terms("b")).toEqual([0, 1, 1]);
  });

  it("R01 the base, after everything up to it was compacted away", () => {
    const lab = new Lab(["a", "b", "c"], { compactionMarginEntries: 0 }).elect("a");
    lab.propose("a", "x", "y");
    lab.settle().beat("a");
    saveAt(lab, "b", 3);
    saveAt(lab, "b", 4);
    lab.settle();
    expect(lab.describe("b").base).toEqual({ index: 3, term: 1 });
    const effects = lab.receive(
      "a",
      "b",
      append(1, { index: 3, term: 1 }, 4, commands(4, 1, "y"), commands(5, 1, "z")),
    );
    expect(changes(effects)).toEqual([{ truncateFrom: undefined, entries: [[5, 5, 1]] }]);
  });

  it("R01 any prev at or below the commit index, whatever is told of it: what is committed is skipped unseen", () => {
    const lab = followerB([1, 1, 1], 2);
    lab.receive("a", "b", append(2, { index: 4, term: 1 }, 3));
    expect(lab.describe("b").commitIndex).toBe(3);
    // Below the commit index nothing is compared, not even prev: it may be compacted away here.
    const blocks = [commands(3, 2, "?"), commands(4, 2, "n")];
    const effects = lab.receive("a", "b", append(2, { index: 2, term: 0 }, 3, ...blocks));
    expect(changes(effects)).toEqual([{ truncateFrom: 4, entries: [[4, 4, 2]] }]);
    expect(lab.terms("b")).toEqual([0, 1, 1, 2]);
  });
});

describe("R02 what is removed", () => {
  it("R02 only a real conflict truncates, from its first entry on, in one write with what replaces it", () => {
    const lab = followerB([1, 1, 1, 2, 2], 3);
    const effects = lab.receive(
      "a",
      "b",
      append(3, { index: 2, term: 1 }, 0, commands(3, 1, "x", "y"), commands(5, 3, "z")),
    );
    expect(changes(effects)).toEqual([{ truncateFrom: 5, entries: [[5, 5, 3]] }]);
    expect(lab.terms("b")).toEqual([0, 1, 1, 1, 3]);
  });

  it("R02 a conflict inside a block cuts the block: what matches is not written again", () => {
    const lab = followerB([1, 1, 1], 3, { hardStates: { b: { term: 3 } } });
    const effects = lab.receive("a", "b", append(3, ENTRY_1, 0, commands(2, 1, "1.2"), commands(3, 3, "p", "q", "r")));
    expect(changes(effects)).toEqual([{ truncateFrom: 3, entries: [[3, 5, 3]] }]);
    expect(lab.terms("b")).toEqual([0, 1, 3, 3, 3]);
  });

  it("R02 a stale, shorter or duplicated request removes nothing that matches", () => {
    const lab = followerB([1, 1, 1, 1], 1);
    for (const message of [
      append(1, ENTRY_1, 0, commands(2, 1, "1.2")),
      append(1, ENTRY_1, 0, commands(2, 1, "1.2", "1.3")),
      append(1, { index: 2, term: 1 }, 0),
    ]) {
      expect(changes(lab.receive("a", "b", message))).toEqual([]);
      expect(lab.terms("b")).toEqual([0, 1, 1, 1, 1]);
    }
  });

  it("R02 a request that overlaps the end appends only what is new", () => {
    const lab = followerB([1, 1], 1);
    const effects = lab.receive("a", "b", append(1, ENTRY_1, 0, commands(2, 1, "1.2", "1.3", "new")));
    expect(changes(effects)).toEqual([{ truncateFrom: undefined, entries: [[4, 4, 1]] }]);
  });
});

describe("R03 R07 what is acknowledged", () => {
  it("R03 prev + entries, never the last index: an earlier leader's leftovers are not this leader's", () => {
    const lab = followerB([1, 1, 1, 1], 2);
    expect(sent(lab.receive("a", "b", append(2, ENTRY_1, 0, commands(2, 1, "1.2"))))).toEqual([
      { to: "a", message: accepted(2, 2, 5) },
    ]);
    expect(sent(lab.receive("a", "b", append(2, { index: 3, term: 1 }, 0)))).toEqual([
      { to: "a", message: accepted(2, 3, 5) },
    ]);
  });

  it("R03 for a message wholly at or below the commit index it is the commit index", () => {
    const lab = followerB([1, 1, 1, 1], 2);
    lab.receive("a", "b", append(2, { index: 4, term: 1 }, 4));
    lab.take();
    expect(sent(lab.receive("a", "b", append(2, ENTRY_1, 0, commands(2, 1, "1.2"))))).toEqual([
      { to: "a", message: accepted(2, 4, 5) },
    ]);
  });

  it("R03 what an earlier leader had verified says nothing to the next one", () => {
    const lab = followerB([1, 1, 1, 1], 2);
    lab.receive("a", "b", append(2, { index: 5, term: 1 }, 0));
    lab.receive("c", "b", append(3, { index: 2, term: 1 }, 0));
    lab.persist("b");
    expect(lab.take(({ to }) => to === "c").map(({ message }) => message)).toEqual([accepted(3, 2, 5)]);
  });

  it("R07 nothing is said before the disk has it, then once, cumulatively", () => {
    const lab = followerB([], 1);
    expect(sent(lab.receive("a", "b", append(1, ENTRY_1, 0, commands(2, 1, "x"))))).toEqual([]);
    expect(sent(lab.receive("a", "b", append(1, { index: 2, term: 1 }, 0, commands(3, 1, "y"))))).toEqual([]);
    expect(sent(lab.step("b", { type: "LogPersisted", number: 2 }))).toEqual([{ to: "a", message: accepted(1, 3) }]);
    expect(sent(lab.step("b", { type: "LogPersisted", number: 2 }))).toEqual([]);
  });

  it("R07 a part that became durable is acknowledged, and the rest when it is", () => {
    const lab = followerB([], 1);
    lab.receive("a", "b", append(1, ENTRY_1, 0, commands(2, 1, "x")));
    lab.receive("a", "b", append(1, { index: 2, term: 1 }, 0, commands(3, 1, "y")));
    expect(sent(lab.step("b", { type: "LogPersisted", number: 1 }))).toEqual([{ to: "a", message: accepted(1, 2, 3) }]);
    expect(sent(lab.step("b", { type: "LogPersisted", number: 2 }))).toEqual([{ to: "a", message: accepted(1, 3) }]);
  });

  it("R07/duplicates a copy of entries that are in memory, but not on disk, is no reason to acknowledge them", () => {
    const lab = followerB([], 1);
    const message = append(1, ENTRY_1, 0, commands(2, 1, "x"));
    lab.receive("a", "b", message);
    expect(lab.receive("a", "b", message)).toEqual([]);
    expect(lab.receive("a", "b", append(1, { index: 2, term: 1 }, 0))).toEqual([]);
    expect(lab.receive("a", "b", append(1, { index: 2, term: 1 }, 2)).filter(({ type }) => type === "Send")).toEqual(
      [],
    );
    lab.persist("b");
    expect(lab.wire.map(({ message: said }) => said)).toEqual([accepted(1, 2)]);
  });

  it("R07/committed a message wholly below the commit index acknowledges no more than the disk holds", () => {
    const lab = followerB([], 1);
    lab.receive("a", "b", append(1, ENTRY_1, 0, commands(2, 1, "x")));
    lab.receive("a", "b", append(1, { index: 2, term: 1 }, 3, commands(3, 1, "y")));
    expect(lab.describe("b")).toMatchObject({ commitIndex: 3, durableIndex: 1 });
    expect(sent(lab.receive("a", "b", append(1, ENTRY_1, 3)))).toEqual([{ to: "a", message: accepted(1, 1, 3) }]);
    expect(sent(lab.step("b", { type: "LogPersisted", number: 1 }))).toEqual([{ to: "a", message: accepted(1, 2, 3) }]);
  });

  it("R07/overwritten the late completion of a write whose entries were replaced acknowledges nothing of what replaced them", () => {
    const lab = followerB([1], 1);
    lab.receive("a", "b", append(1, { index: 2, term: 1 }, 0, commands(3, 1, "old", "old"))); // write 1
    lab.receive("c", "b", append(2, { index: 2, term: 1 }, 0, commands(3, 2, "new", "new"))); // write 2
    const late = lab.step("b", { type: "LogPersisted", number: 1 });
    expect(lab.describe("b").durableIndex).toBe(2);
    expect(sent(late)).toEqual([]);
    expect(lab.node("b").writes.map(({ truncateFrom }) => truncateFrom)).toEqual([undefined, 3, undefined]);
    lab.node("b").writes.shift();
    lab.persist("b");
    expect(lab.take(({ to }) => to === "c").map(({ message }) => message)).toContainEqual(accepted(2, 4));
  });

  it("R07/aba the same index and term written, removed and written again: the first write's end is not the third's", () => {
    const lab = followerB([1], 3);
    const prev = { index: 2, term: 1 };
    lab.receive("a", "b", append(3, prev, 0, commands(3, 2, "p"))); // write 1: entry 3 of term 2
    lab.receive("a", "b", append(3, prev, 0, commands(3, 3, "q"))); // write 2 replaces it
    expect(lab.describe("b").durableIndex).toBe(2);
    lab.step("b", { type: "LogPersisted", number: 1 });
    expect(lab.describe("b").durableIndex).toBe(2);
    lab.step("b", { type: "LogPersisted", number: 2 });
    expect(lab.describe("b").durableIndex).toBe(3);
  });

  it("R07 the commit index becomes at most prev + entries of this message", () => {
    const lab = followerB([1, 1, 1], 2);
    lab.receive("a", "b", append(2, { index: 2, term: 1 }, 9));
    expect(lab.describe("b").commitIndex).toBe(2);
    lab.receive("a", "b", append(2, ENTRY_1, 9, commands(2, 1, "1.2", "1.3")));
    expect(lab.describe("b").commitIndex).toBe(3);
  });

  it("R08 an older message, with a lower commit, moves the commit index nowhere", () => {
    const lab = followerB([1, 1, 1], 2);
    lab.receive("a", "b", append(2, { index: 4, term: 1 }, 4));
    lab.receive("a", "b", append(2, { index: 4, term: 1 }, 2));
    lab.receive("a", "b", append(2, { index: 2, term: 1 }, 1));
    lab.receive("a", "b", { type: "Heartbeat", term: 2, commit: 1, round: 1 });
    expect(lab.describe("b").commitIndex).toBe(4);
  });

  it("R08 news of a commit is obeyed, and not answered: nobody waits for it", () => {
    const lab = followerB([1, 1], 2);
    lab.receive("a", "b", append(2, { index: 3, term: 1 }, 0));
    const effects = lab.receive("a", "b", { type: "Heartbeat", term: 2, commit: 2, round: 0 });
    expect(lab.describe("b").commitIndex).toBe(2);
    expect(sent(effects)).toEqual([]);
  });

  it("R17 a heartbeat's commit beyond the own log is not believed", () => {
    const lab = followerB([1], 2);
    const effects = lab.receive("a", "b", { type: "Heartbeat", term: 2, commit: 7, round: 4 });
    expect(lab.describe("b").commitIndex).toBe(0);
    expect(sent(effects)).toEqual([
      { to: "a", message: { type: "HeartbeatResponse", term: 2, round: 4, last: 2, needsSnapshot: 0 } },
    ]);
  });
});

describe("M01 configurations in the log", () => {
  const two = votersOnly([memberOf("a"), memberOf("b")]);
  const configurationAt = (index: number, term: number) =>
    LogBlock.of(index, term, 0, EntryType.configuration, [encodeConfiguration(two)]);

  it("M01 a configuration takes effect when it is appended, committed or not", () => {
    const lab = followerB([], 1);
    const effects = lab.receive("a", "b", append(1, ENTRY_1, 0, configurationAt(2, 1)));
    const entry = { id: { index: 2, term: 1 }, configuration: two };
    expect(ordersOf(effects, "UpdatePeers")).toMatchObject([
      { type: "UpdatePeers", configuration: entry, others: [memberOf("c")] },
    ]);
    expect(lab.describe("b")).toMatchObject({ commitIndex: 0, configuration: entry });
  });

  it("M01 and the one before counts again when its entry is truncated", () => {
    const lab = followerB([], 1);
    lab.receive("a", "b", append(1, ENTRY_1, 0, configurationAt(2, 1)));
    const effects = lab.receive("c", "b", append(2, ENTRY_1, 0, commands(2, 2, "x")));
    expect(lab.describe("b").configuration).toEqual({ id: ENTRY_1, configuration: lab.configuration });
    expect(ordersOf(effects, "UpdatePeers")).toEqual([
      { type: "UpdatePeers", configuration: { id: ENTRY_1, configuration: lab.configuration }, others: [] },
    ]);
    expect(ordersOf(effects, "Notify").map(({ notice }) => notice)).toContainEqual({
      kind: "configuration",
      stage: "undone",
      entry: { id: { index: 2, term: 1 }, configuration: two },
    });
  });

  it("M01 a copy of the message does not append it a second time", () => {
    const lab = followerB([], 1);
    lab.receive("a", "b", append(1, ENTRY_1, 0, configurationAt(2, 1)));
    const copy = lab.receive("a", "b", append(1, ENTRY_1, 0, configurationAt(2, 1)));
    expect(ordersOf(copy, "UpdatePeers")).toEqual([]);
  });

  it("S01 a snapshot carries the newest configuration at or below its index, with its own place, never one above", () => {
    const lab = followerB([1], 1);
    lab.receive("a", "b", append(1, { index: 2, term: 1 }, 2, configurationAt(3, 1), commands(4, 1, "x")));
    expect(metaAt(lab, "b", 2).configuration).toEqual({ id: ENTRY_1, configuration: lab.configuration });
    expect(metaAt(lab, "b", 3).configuration).toEqual({ id: { index: 3, term: 1 }, configuration: two });
    expect(lab.describe("b").configuration.id.index).toBe(3);
  });

  it("E26 a configuration that cannot be read makes the message malformed: nothing of it is taken", () => {
    const lab = followerB([], 1);
    const bad = LogBlock.of(3, 1, 0, EntryType.configuration, [new Uint8Array([9, 9])]);
    const effects = lab.receive("a", "b", append(1, ENTRY_1, 2, commands(2, 1, "x"), bad));
    expect([...writes(effects), ...sent(effects)]).toEqual([]);
    expect(lab.terms("b")).toEqual([0]);
    expect(dropped(lab, "b")).toEqual({ "malformed configuration entry": 1 });
  });
});
