import { describe, expect, it } from "vitest";
import { EntryType, LogBlock } from "../../src/model/log-block.js";
import type { LogHole } from "../../src/model/log-hole.js";
import { Lab } from "../support/lab.js";

const bytes = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));
/** What a disk holds of each entry: type and bytes of payload. */
const kept = (lab: Lab, id: string) =>
  lab.node(id).disk.blocks.flatMap((block) =>
    Array.from({ length: block.count }, (_, i) => {
      const index = block.first + i;
      return `${index}:${block.typeAt(index)}/${block.payloadAt(index).length > 0 ? "payload" : "bare"}`;
    }),
  );
const leading = (): Lab => new Lab(["a", "b", "c"], { witnesses: ["c"] }).elect("a");

describe("M12 a witness", () => {
  it("M12/payloads keeps index, term and type of each entry, configurations whole, and no payload of a command", () => {
    const lab = leading();
    lab.propose("a", "secret", "secret too");
    lab.settle();
    expect(kept(lab, "b")).toEqual(["1:2/payload", "2:1/bare", "3:3/payload", "4:3/payload"]);
    expect(kept(lab, "c")).toEqual(["1:2/payload", "2:1/bare", "3:3/bare", "4:3/bare"]);
    expect(lab.describe("c").last).toEqual(lab.describe("a").last);
    expect(lab.node("c").disk.blocks.at(-1)).toMatchObject({ isBare: true, term: 1, count: 2 });
  });

  it("M12/payloads is sent none by a leader that it has told so with its latest answer; others get them", () => {
    const lab = leading();
    const sentTo = (id: string) =>
      lab
        .take(({ to }) => to === id)
        .flatMap(({ message }) => (message.type === "AppendEntries" ? message.blocks : []))
        .map(({ isBare, sizeBytes }) => [isBare, sizeBytes > 100]);
    lab.settle();
    lab.propose("a", "x".repeat(100));
    lab.persist("a");
    expect(sentTo("c")).toEqual([[true, false]]);
    expect(sentTo("b")).toEqual([[false, true]]);
    // A witness of the version before does not say what it is; nor does a member that was taken for one.
    const answer = { type: "AppendEntriesResponse", term: 1, success: true, match: 2 } as const;
    const rest = { prevIndex: 0, hintIndex: 0, hintTerm: 0, last: 2, needsSnapshot: 0 };
    lab.receive("c", "a", { ...answer, ...rest });
    lab.propose("a", "y".repeat(100));
    lab.persist("a");
    expect(sentTo("c")).toEqual([[false, true]]);
  });

  it("M12/payloads also of entries of which it has a part already", () => {
    const lab = leading();
    const block = LogBlock.of(3, 1, 0, EntryType.command, [bytes("x"), bytes("y")]);
    const append = { type: "AppendEntries", term: 1, prev: { index: 2, term: 1 }, commit: 2 } as const;
    lab.receive("a", "c", { ...append, blocks: [block.slice(3, 3)] });
    lab.receive("a", "c", { ...append, blocks: [block] });
    lab.settle();
    expect(kept(lab, "c").slice(2)).toEqual(["3:3/bare", "4:3/bare"]);
  });

  it("M12 is sent nothing before somebody who can lead has it on a disk: its leader, or another full voter", () => {
    const lab = leading();
    lab.settle();
    const sentToWitness = () =>
      lab
        .take(({ to }) => to === "c")
        .flatMap(({ message }) => (message.type === "AppendEntries" ? message.blocks : []))
        .map(({ last }) => last);
    lab.propose("a", "x");
    expect(sentToWitness()).toEqual([]);
    lab.deliver(({ to }) => to === "b");
    lab.persist("b");
    lab.propose("a", "y");
    lab.deliver(({ from }) => from === "b");
    expect(sentToWitness()).toEqual([3]);
    lab.persist("a");
    expect(sentToWitness()).toEqual([4]);
  });

  it("M12 one full voter and its witness elect a leader again after a power cut in the middle of a write", () => {
    const lab = new Lab(["a", "b"], { witnesses: ["b"] }).elect("a");
    lab.settle();
    lab.propose("a", "x");
    lab.deliver();
    lab.persist("b");
    lab.crash("a").restart("a");
    lab.elect("a");
    expect(lab.leaders()).toEqual(["a"]);
    expect(lab.describe("a").commitIndex).toBe(lab.describe("a").last.index);
  });

  it("M12 votes, acknowledges and commits like any voter", () => {
    const lab = leading();
    lab.isolate("b");
    lab.propose("a", "x");
    lab.settle();
    expect(lab.describe("a").commitIndex).toBe(3);
    lab.heal().isolate("a");
    lab.elect("b"); // c knows more than b, and gives it no vote
    expect(lab.leaders()).toEqual(["a"]);
  });

  it("M12/campaign never stands for election and gives nobody what it lacks, also where no configuration names it a witness", () => {
    const lab = new Lab(["a", "b", "c"], { witness: true });
    lab.timeOut("c");
    expect(lab.describe("c").role).toBe("follower");
    expect(lab.take(({ from }) => from === "c")).toEqual([]);
    lab.receive("a", "c", { type: "RepairRequest", first: 1, last: 1 });
    expect(lab.node("c").seen.filter(({ type }) => type === "ReadForRepair")).toEqual([]);
    expect(lab.take(({ from }) => from === "c")).toMatchObject([{ message: { type: "RepairResponse", blocks: [] } }]);
    expect(lab.raft("c").explain(lab.now)[0]).toMatchObject({ about: "leader", code: "witness" });
  });

  it("M12/payloads puts back what its disk lost as it was: without payloads", () => {
    const lab = leading();
    lab.propose("a", "x", "y");
    lab.settle();
    lab.node("c").seen.length = 0;
    const hole: LogHole = { first: 3, last: 4, file: "f", offset: 0, length: 1 };
    lab.step("c", { type: "LogDamaged", hole });
    const blocks = lab.node("a").disk.blocks.slice(-1);
    const found = { prevTerm: 1, nextTerm: 0, leaderTerm: 1, commit: 4, base: 0 };
    lab.receive("a", "c", { type: "RepairResponse", first: 3, last: 4, ...found, blocks });
    const order = lab.node("c").seen.find(({ type }) => type === "RepairLog");
    expect(order).toMatchObject({ blocks: [{ isBare: true, first: 3, count: 2 }] });
  });
});

describe("M12/refused a full member", () => {
  const bare = LogBlock.of(3, 1, 0, EntryType.command, [bytes("x")]).bare(true);

  it("M12/refused takes no entries without payloads from a leader that was a witness", () => {
    const lab = leading();
    const append = { type: "AppendEntries", term: 1, prev: { index: 2, term: 1 }, commit: 2, blocks: [bare] } as const;
    expect(lab.receive("a", "b", append)).toEqual([]);
    expect(lab.describe("b").droppedMessages).toEqual({ "entries without payloads": 1 });
    expect(lab.describe("b").last.index).toBe(2);
  });

  it("M12/refused nor from one that helps it to repair its log", () => {
    const lab = leading();
    lab.propose("a", "x");
    lab.settle();
    lab.step("b", { type: "LogDamaged", hole: { first: 3, last: 3, file: "f", offset: 0, length: 1 } });
    const found = { prevTerm: 1, nextTerm: 0, leaderTerm: 1, commit: 3, base: 0 };
    lab.receive("a", "b", { type: "RepairResponse", first: 3, last: 3, ...found, blocks: [bare] });
    expect(lab.describe("b").holes).toHaveLength(1);
    expect(lab.node("b").seen.some(({ type }) => type === "RepairLog")).toBe(false);
  });
});
