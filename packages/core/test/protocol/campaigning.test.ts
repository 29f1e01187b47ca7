import { describe, expect, it } from "vitest";
import type { Configuration } from "../../src/model/configuration.js";
import { encodeConfiguration } from "../../src/model/configuration-layout.js";
import { EntryType, LogBlock } from "../../src/model/log-block.js";
import type { LogId } from "../../src/model/log-id.js";
import type { AppendEntries } from "../../src/model/message.js";
import type { SnapshotMeta } from "../../src/model/snapshot-meta.js";
import { sent, written } from "../support/effects.js";
import { incarnationOf, Lab, memberOf, T } from "../support/lab.js";

const ENTRY_1 = { index: 1, term: 0 };
const OLD = ["a", "b", "c"];
const NEW = ["c", "d", "e"];

/** C-new {c, d, e} as an entry of term 1 at index 2. */
function newConfiguration(prev: LogId = ENTRY_1, commit = 0): AppendEntries {
  const members = NEW.map(memberOf);
  const configuration = { members, voters: NEW, votersOld: [], learners: [], learnersNext: [], witnesses: [] };
  const block = LogBlock.of(prev.index + 1, 1, 0, EntryType.configuration, [encodeConfiguration(configuration)]);
  return { type: "AppendEntries", term: 1, prev, commit, blocks: [block] };
}

/** Whether its election timeout makes it ask for votes, and whom. */
function asks(lab: Lab, id: string): string[] {
  return sent(lab.timeOut(id)).map(({ to }) => to);
}

describe("E19 who may campaign", () => {
  it("E19/own a voter of its own configuration may, a stranger to it may not", () => {
    const lab = new Lab(OLD, { strangers: ["x"] });
    expect(asks(lab, "a")).toEqual(["b", "c"]);
    expect(asks(lab, "x")).toEqual([]);
  });

  it("E19/own another incarnation of a voter is not that voter", () => {
    const lab = new Lab(OLD);
    const members = OLD.map((id) =>
      id === "b" ? { ...memberOf(id), incarnation: incarnationOf(id, 2) } : memberOf(id),
    );
    const renewed: Configuration = { ...lab.configuration, members };
    const block = LogBlock.of(2, 1, 0, EntryType.configuration, [encodeConfiguration(renewed)]);
    lab.receive("a", "b", { type: "AppendEntries", term: 1, prev: ENTRY_1, commit: 0, blocks: [block] });
    lab.receive("a", "b", { type: "AppendEntries", term: 1, prev: { index: 2, term: 1 }, commit: 2, blocks: [] });
    lab.persist("b");
    lab.take();
    expect(asks(lab, "b")).toEqual([]);
  });

  it("E19/previous old {a,b,c}, new {c,d,e}: the leader puts C-new on b alone and dies; b may campaign, and wins under C-new", () => {
    const lab = new Lab(OLD, { strangers: ["d", "e"] });
    lab.receive("a", "b", newConfiguration());
    lab.persist("b");
    lab.crash("a").take();
    // c knows only the old configuration and a shorter log: it cannot win without b.
    // Its own configuration's voters.
    expect(asks(lab, "b")).toEqual(["c", "d", "e"]);
    lab.pass(T);
    lab.settle();
    expect(lab.raft("b").role).toBe("leader");
    expect(lab.describe("b").configuration.configuration.voters).toEqual(NEW);
  });

  it("E19/previous it does not count itself where it is no voter", () => {
    const lab = new Lab(OLD, { strangers: ["d", "e"], preVote: false });
    lab.receive("a", "b", newConfiguration());
    lab.persist("b");
    lab.timeOut("b");
    lab.persist("b");
    expect(lab.describe("b")).toMatchObject({ role: "candidate", term: 2 });
    const grant = { type: "VoteResponse", term: 2, granted: true } as const;
    lab.receive("c", "b", grant);
    // c and itself are no majority of {c, d, e}.
    expect(lab.raft("b").role).toBe("candidate");
    lab.receive("d", "b", grant);
    expect(lab.raft("b").role).toBe("leader");
  });

  it("E19/previous once it knows the configuration without it to be committed, it may not", () => {
    const lab = new Lab(OLD, { strangers: ["d", "e"] });
    lab.receive("a", "b", newConfiguration(ENTRY_1, 2));
    lab.persist("b");
    lab.take();
    expect(lab.raft("b").commitIndex).toBe(2);
    expect(asks(lab, "b")).toEqual([]);
  });

  it("E19/learner a learner never campaigns, and no TimeoutNow makes it", () => {
    const lab = new Lab(["a", "b", "l"], { learners: ["l"] }).elect("a");
    lab.receive("a", "l", { type: "TimeoutNow", term: 1, last: { index: 2, term: 1 } });
    expect(lab.raft("l").role).toBe("follower");
    expect(asks(lab, "l")).toEqual([]);
  });

  it("E19/witness a witness never campaigns", () => {
    const lab = new Lab(OLD);
    const configuration: Configuration = { ...lab.configuration, witnesses: ["b"] };
    const block = LogBlock.of(2, 1, 0, EntryType.configuration, [encodeConfiguration(configuration)]);
    lab.receive("a", "b", { type: "AppendEntries", term: 1, prev: ENTRY_1, commit: 2, blocks: [block] });
    lab.persist("b");
    lab.take();
    expect(asks(lab, "b")).toEqual([]);
    const effects = lab.receive("c", "b", {
      type: "VoteRequest",
      term: 2,
      last: { index: 2, term: 1 },
      transfer: false,
    });
    // But it votes.
    expect(written(effects)).toEqual([{ term: 2, vote: "c" }]);
  });

  const meta = (lab: Lab): SnapshotMeta => ({
    id: { index: 5, term: 1 },
    configuration: { id: ENTRY_1, configuration: lab.configuration },
    logTimeMs: 0,
    formatVersion: 1,
    sizeBytes: 1,
    checksum: 1,
  });

  it("E19/restoring a node that restores a snapshot does not campaign until it is loaded", () => {
    const lab = new Lab(OLD);
    const snapshot = meta(lab);
    lab.receive("a", "b", { type: "InstallSnapshot", term: 1, transfer: 1, meta: snapshot });
    lab.step("b", { type: "SnapshotReceived", transfer: 1, meta: snapshot });
    // The log is being reset.
    expect(asks(lab, "b")).toEqual([]);
    lab.persist("b");
    // The state is being loaded.
    expect(asks(lab, "b")).toEqual([]);
    lab.step("b", { type: "SnapshotLoaded", meta: snapshot });
    expect(asks(lab, "b")).toEqual(["a", "c"]);
  });

  it("E19/restoring a pre-candidate whose log is replaced under it asks no more, whatever it was granted", () => {
    // Entries 2–5 came by plain replication meanwhile and are not durable yet; a slow stream ends just now.
    const lab = new Lab(OLD);
    const snapshot = meta(lab);
    lab.receive("a", "b", { type: "InstallSnapshot", term: 1, transfer: 1, meta: snapshot });
    lab.persist("b");
    const entries = LogBlock.of(
      2,
      1,
      0,
      EntryType.command,
      Array.from({ length: 4 }, () => new Uint8Array(1)),
    );
    lab.receive("a", "b", { type: "AppendEntries", term: 1, prev: ENTRY_1, commit: 0, blocks: [entries] });
    lab.timeOut("b");
    const asked = lab.take(({ message }) => message.type === "PreVoteRequest")[0]?.message;
    expect(lab.raft("b").role).toBe("pre-candidate");
    lab.step("b", { type: "SnapshotReceived", transfer: 1, meta: snapshot });
    expect(lab.describe("b")).toMatchObject({ role: "follower", last: snapshot.id });
    const round = asked?.type === "PreVoteRequest" ? asked.round : 0;
    lab.receive("c", "b", { type: "PreVoteResponse", term: 2, round, granted: true });
    expect(lab.describe("b")).toMatchObject({ role: "follower", term: 1 });
  });

  it("E19/faulted a node whose state machine faulted does not campaign, and gives up a candidacy", () => {
    const lab = new Lab(OLD);
    lab.step("b", { type: "StateMachineFaulted", index: 1, reason: "out of range" });
    expect(asks(lab, "b")).toEqual([]);
    asks(lab, "c");
    lab.step("c", { type: "StateMachineFaulted", index: 1, reason: "out of range" });
    expect(lab.raft("c").role).toBe("follower");
  });

  it("E19/removed a node that was told of its removal does not campaign, and votes", () => {
    const lab = new Lab(OLD, { hardStates: { b: { removedAt: 7 } } });
    expect(asks(lab, "b")).toEqual([]);
    const last = { index: 9, term: 1 };
    const effects = lab.receive("c", "b", { type: "VoteRequest", term: 1, last, transfer: false });
    expect(written(effects)).toEqual([{ term: 1, vote: "c" }]);
  });
});
