import { describe, expect, it } from "vitest";
import { Lab } from "../support/lab.js";
import { append, commands } from "../support/messages.js";

/*
 * etcd's stories of asynchronous storage writes: writes are under way for long, several at once, and what was written for
 * one leader becomes durable when another one's entries stand in its place.
 */
const ENTRY_1 = { index: 1, term: 0 };
const ids = ["a", "b", "c", "d", "e"];

/** What b tells whom it holds, as it lies on the wire. */
const acknowledged = (lab: Lab): string[] =>
  lab
    .take(({ from }) => from === "b")
    .flatMap(({ to, message }) =>
      message.type === "AppendEntriesResponse" && message.success
        ? [`to ${to} in term ${message.term}: ${message.match}`]
        : [],
    );

/** Terms of the entries on b's disk. */
const onDisk = (lab: Lab): number[] =>
  lab.node("b").disk.blocks.flatMap((block) => Array.from({ length: block.count }, () => block.term));

/** Three writes of b under way: entry 2 of term 1 for a, of term 2 for c in its place, and again that of term 1 for d. */
function aba(): Lab {
  const lab = new Lab(ids, { hardStates: { b: { term: 1 } } });
  lab.receive("a", "b", append(1, ENTRY_1, 0, commands(2, 1, "x")));
  lab.receive("c", "b", append(2, ENTRY_1, 0, commands(2, 2, "y")));
  lab.receive("d", "b", append(3, ENTRY_1, 0, commands(2, 1, "x")));
  expect(lab.node("b").writes).toHaveLength(3);
  expect(lab.terms("b")).toEqual([0, 1]);
  expect(acknowledged(lab)).toEqual([]);
  return lab;
}

describe("asynchronous storage writes", () => {
  it("R07 L01 an entry that was replaced and came back is durable with its last write, not with its first", () => {
    const lab = aba();
    // Now the disk holds that very entry; but the write of c's is on its way, and replaces it.
    lab.persist("b", 1);
    expect(onDisk(lab)).toEqual([0, 1]);
    expect(lab.describe("b").durableIndex).toBe(1);
    expect(acknowledged(lab).filter((said) => said.includes("to d"))).toEqual([]);
    lab.persist("b", 1);
    expect(onDisk(lab)).toEqual([0, 2]);
    expect(lab.describe("b").durableIndex).toBe(1);
    expect(acknowledged(lab).filter((said) => said.includes("to d"))).toEqual([]);
    lab.persist("b", 1);
    expect(onDisk(lab)).toEqual([0, 1]);
    expect(lab.describe("b").durableIndex).toBe(2);
    expect(acknowledged(lab)).toEqual(["to d in term 3: 2"]);
  });

  it("R07 R14 a commit that is learned meanwhile is not applied before the write that holds the entry is done", () => {
    const lab = aba();
    lab.receive("d", "b", { type: "Heartbeat", term: 3, commit: 2, round: 1 });
    lab.receive("d", "b", append(3, { index: 2, term: 1 }, 2));
    for (const applied of [["1:-"], ["1:-"], ["1:-", "2:x"]]) {
      expect(lab.persist("b", 1)).toBe(1);
      expect(lab.node("b").applied.slice(0, 2)).toEqual(applied);
    }
  });

  it.each<[landed: number, terms: number[], term: number, said: string[]]>([
    [0, [0], 1, []],
    [1, [0, 1], 1, []],
    [2, [0, 2], 2, []],
    [3, [0, 1], 3, ["to d in term 3: 2"]],
  ])(
    "R16 E02 R07 after %i of the writes power fails: the disk is one of the states that were written, and no earlier leader was told of it",
    (landed, terms, term, said) => {
      const lab = aba();
      lab.persist("b", landed);
      expect(acknowledged(lab)).toEqual(said);
      lab.crash("b").restart("b");
      expect(lab.terms("b")).toEqual(terms);
      expect(lab.describe("b").term).toBe(term);
    },
  );

  it("R06 R14 followers commit an entry that the leader's own disk still writes; the leader applies it when it is written", () => {
    const lab = new Lab(["a", "b", "c"]).elect("a").beat("a");
    lab.heldDisks.add("a");
    lab.propose("a", "x");
    lab.settle();
    expect(lab.describe("a")).toMatchObject({ commitIndex: 3, durableIndex: 2, appliedIndex: 2 });
    lab.beat("a");
    expect(lab.node("b").applied).toEqual(["1:-", "2:-", "3:x"]);
    expect(lab.node("a").applied).toEqual(["1:-", "2:-"]);
    lab.persist("a");
    expect(lab.node("a").applied).toEqual(["1:-", "2:-", "3:x"]);
  });

  it("R06 a leader whose disk is behind does not count itself: one follower's word is not a majority", () => {
    const lab = new Lab(["a", "b", "c"]).elect("a").beat("a");
    lab.heldDisks.add("a");
    lab.cut("a", "c");
    lab.propose("a", "x");
    lab.settle();
    expect(lab.describe("a").commitIndex).toBe(2);
    lab.persist("a");
    expect(lab.describe("a").commitIndex).toBe(3);
  });
});
