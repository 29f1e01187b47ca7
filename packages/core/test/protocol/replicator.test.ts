import { describe, expect, it } from "vitest";
import { Replicator } from "../../src/protocol/replicator.js";
import { sent } from "../support/effects.js";
import { Lab, type LabOptions, T } from "../support/lab.js";
import { accepted, append, ordersOf, refused, saveAt } from "../support/messages.js";

const peer = (lab: Lab, id = "b") => lab.describe("a").peers.find((each) => each.id === id);

/** a leads three and has committed entry 2; all are in replicate, nothing is under way. */
const leading = (options: LabOptions = {}): Lab => new Lab(["a", "b", "c"], options).elect("a").beat("a");

/** a has just won: its first messages lie on the wire. */
function justElected(): Lab {
  const lab = new Lab(["a", "b", "c"]);
  lab.timeOut("a");
  while (lab.raft("a").role !== "leader") {
    lab.persist("a");
    lab.persist("b");
    lab.deliver(({ message }) => message.type.includes("Vote"));
  }
  return lab;
}

describe("E15 a new leader", () => {
  it("E15 appends an empty entry of its own term, knows of no match, and tells everybody at once", () => {
    const lab = justElected();
    expect(peer(lab)).toMatchObject({ state: "probe", match: 0, next: 2, messagesInFlight: 1 });
    expect(lab.terms("a")).toEqual([0, 1]);
    const toB = lab.take(({ to }) => to === "b").map(({ message }) => message);
    expect(toB).toMatchObject([
      { type: "Heartbeat", term: 1, commit: 0, round: 1 },
      { type: "AppendEntries", term: 1, prev: { index: 1, term: 0 }, commit: 0, blocks: [{ first: 2, count: 1 }] },
    ]);
  });
});

describe("R09 probe, replicate, snapshot", () => {
  it("R09 a probe has one message in flight, however much there is to send", () => {
    const lab = justElected();
    lab.take();
    expect(sent(lab.propose("a", "x"))).toEqual([]);
    expect(sent(lab.propose("a", "y"))).toEqual([]);
    expect(peer(lab)).toMatchObject({ state: "probe", messagesInFlight: 1 });
  });

  it("R09 its acceptance opens the pipeline: what has gathered follows", () => {
    const lab = justElected();
    lab.take();
    lab.propose("a", "x");
    const effects = lab.receive("b", "a", accepted(1, 2));
    expect(sent(effects)).toMatchObject([{ to: "b", message: { type: "AppendEntries", prev: { index: 2, term: 1 } } }]);
    expect(peer(lab)).toMatchObject({ state: "replicate", match: 2, next: 4 });
  });

  it("R09 a pipeline is bounded in messages", () => {
    const lab = leading({ windowMessagesMax: 3 });
    const leaving = ["1", "2", "3", "4", "5"].map(
      (text) => sent(lab.propose("a", text)).filter(({ to }) => to === "b").length,
    );
    expect(leaving).toEqual([1, 1, 1, 0, 0]);
    lab.take();
    expect(sent(lab.receive("b", "a", accepted(1, 3)))).toMatchObject([
      { message: { blocks: [{ first: 6 }, { first: 7 }] } },
    ]);
  });

  it("R09 and in bytes, where one message always goes", () => {
    const lab = leading({ windowBytesMax: 1_024 });
    const big = "x".repeat(3_000);
    const leaving = [big, "2"].map((text) => sent(lab.propose("a", text)).filter(({ to }) => to === "b").length);
    expect(leaving).toEqual([1, 0]);
    expect(peer(lab)).toMatchObject({ messagesInFlight: 1, bytesInFlight: 3_052 });
  });

  it("R09 a lost connection falls back to a probe right behind what is known to be there", () => {
    const lab = leading();
    lab.propose("a", "x");
    lab.propose("a", "y");
    lab.take();
    const effects = lab.step("a", { type: "PeerDown", id: "b" });
    expect(sent(effects)).toMatchObject([
      { to: "b", message: { prev: { index: 2, term: 1 }, blocks: [{ first: 3 }, { first: 4 }] } },
    ]);
    expect(peer(lab)).toMatchObject({ state: "probe", match: 2, next: 3, messagesInFlight: 1, bytesInFlight: 0 });
  });

  it("R09/flap a connection that breaks before the first answer begins the probe again where it was, and costs no snapshot", () => {
    const lab = leading({ compactionMarginEntries: 0 });
    lab.propose("a", "x", "y");
    lab.settle();
    saveAt(lab, "a", 3);
    saveAt(lab, "a", 4);
    lab.settle();
    expect(lab.describe("a").base.index).toBe(3);
    // b, as the next leader, has the same base; its peers' match is 0 until they answer.
    saveAt(lab, "b", 3);
    saveAt(lab, "b", 4);
    lab.beat("a").settle();
    lab.isolate("a").elect("b");
    const effects = lab.step("b", { type: "PeerDown", id: "a" });
    expect(sent(effects)).toMatchObject([{ to: "a", message: { type: "AppendEntries", prev: { index: 4 } } }]);
  });

  it("R09 what is below the log's base is sent as a snapshot", () => {
    const lab = leading({ compactionMarginEntries: 0 });
    lab.cut("a", "b").propose("a", "x", "y");
    lab.settle();
    saveAt(lab, "a", 3);
    saveAt(lab, "a", 4);
    lab.settle();
    const effects = lab.step("a", { type: "PeerDown", id: "b" });
    expect(sent(effects).map(({ message }) => message.type)).toEqual(["InstallSnapshot"]);
    expect(peer(lab)).toMatchObject({ state: "snapshot", match: 2 });
  });
});

describe("R11 answers in any order", () => {
  it("R11 a late or duplicated acknowledgement moves nothing back", () => {
    const lab = leading();
    lab.propose("a", "x", "y");
    lab.settle();
    for (const match of [4, 3, 2]) lab.receive("b", "a", accepted(1, match, 4));
    expect(peer(lab)).toMatchObject({ state: "replicate", match: 4, next: 5, messagesInFlight: 0 });
  });

  it("R11 a reordered one stands for all before it, and frees their place in the window", () => {
    const lab = leading();
    for (const text of ["x", "y", "z"]) lab.propose("a", text);
    lab.receive("b", "a", accepted(1, 4, 5));
    expect(peer(lab)).toMatchObject({ match: 4, next: 6, messagesInFlight: 1 });
  });

  it("R11 one that comes while probing lifts next above it", () => {
    const replicator = new Replicator("b", "i", 10, 0);
    replicator.becomeProbe(3);
    expect(replicator.matched(7, 0)).toBe(true);
    expect(replicator).toMatchObject({ match: 7, next: 8 });
    replicator.becomeProbe(2);
    expect(replicator.next).toBe(8);
  });

  it("R11 one that claims more than this leader has is dropped", () => {
    const lab = leading();
    lab.receive("b", "a", accepted(1, 99));
    expect(peer(lab)).toMatchObject({ match: 2, next: 3 });
  });
});

describe("R19 no progress depends on one message", () => {
  it("R19/probe a heartbeat answer frees a probe's flight", () => {
    const lab = justElected();
    lab.take(); // the probe is lost
    lab.pass(T / 5);
    const beat = sent(lab.fire("a", "heartbeat")).find(({ to }) => to === "b");
    expect(beat?.message).toMatchObject({ type: "Heartbeat", round: 2 });
    const effects = lab.receive("b", "a", { type: "HeartbeatResponse", term: 1, round: 2, last: 1, needsSnapshot: 0 });
    expect(sent(effects)).toMatchObject([{ to: "b", message: { type: "AppendEntries", prev: { index: 1 } } }]);
  });

  it("R19/stuck a match that has not moved for a heartbeat interval draws an empty AppendEntries at next - 1, whose refusal leads to a probe", () => {
    const lab = leading();
    lab.propose("a", "x");
    lab.take(); // lost on the way to both
    const empty = append(1, { index: 3, term: 1 }, 2);
    lab.pass(T / 5);
    const beat = sent(lab.fire("a", "heartbeat")).filter(({ to }) => to === "b");
    expect(beat.map(({ message }) => message)).toContainEqual(empty);
    const refusal = sent(lab.receive("a", "b", empty))[0]?.message;
    expect(refusal).toEqual(refused(1, 3, { index: 2, term: 1 }, 2));
    const effects = lab.receive("b", "a", refused(1, 3, { index: 2, term: 1 }, 2));
    expect(sent(effects)).toMatchObject([
      { message: { type: "AppendEntries", prev: { index: 2 }, blocks: [{ first: 3 }] } },
    ]);
    expect(peer(lab)).toMatchObject({ state: "probe", next: 3 });
  });

  it("R19/stuck not for a peer that has everything", () => {
    const lab = leading();
    lab.pass(T / 5);
    expect(sent(lab.fire("a", "heartbeat")).map(({ message }) => message.type)).toEqual(["Heartbeat", "Heartbeat"]);
  });

  it("R19/flight a flight with neither answer nor progress for 2T is given up and begun anew", () => {
    const lab = leading().cut("a", "b");
    lab.propose("a", "x");
    for (let waited = 0; waited <= 2 * T; waited += T / 5) lab.beat("a");
    expect(peer(lab)).toMatchObject({ state: "probe", match: 2, next: 3, messagesInFlight: 1 });
  });

  it("R19/restarted an answer from a new start of the peer resets it to probe", () => {
    const lab = leading();
    lab.propose("a", "x");
    lab.take();
    const effects = lab.receive(
      "b",
      "a",
      { type: "HeartbeatResponse", term: 1, round: 1, last: 2, needsSnapshot: 0 },
      { startNumber: 2 },
    );
    expect(sent(effects)).toMatchObject([{ to: "b", message: { type: "AppendEntries", prev: { index: 2, term: 1 } } }]);
    expect(peer(lab)).toMatchObject({ state: "probe", match: 2, next: 3 });
  });

  it("R19/heartbeat answers do not wait behind entry writes", () => {
    const lab = leading();
    lab.heldDisks.add("b");
    lab.propose("a", "x");
    lab.settle();
    expect(lab.node("b").writes).toHaveLength(1);
    const effects = lab.receive("a", "b", { type: "Heartbeat", term: 1, commit: 2, round: 9 });
    expect(sent(effects)).toEqual([
      { to: "a", message: { type: "HeartbeatResponse", term: 1, round: 9, last: 3, needsSnapshot: 0 } },
    ]);
  });

  it("R19/hard-state but they do behind a hard state", () => {
    const lab = leading();
    const effects = lab.receive("c", "b", { type: "Heartbeat", term: 2, commit: 0, round: 1 });
    expect(sent(effects)).toEqual([]);
    expect(ordersOf(effects, "Persist")).toMatchObject([
      { hardState: { term: 2 }, then: [{ to: "c", message: { type: "HeartbeatResponse", term: 2, round: 1 } }] },
    ]);
  });
});

describe("R17 what a heartbeat tells", () => {
  it("R17 min(match, commit) for its receiver: never a commit it has not acknowledged", () => {
    const lab = leading().cut("a", "b");
    lab.propose("a", "x");
    lab.settle();
    expect(lab.describe("a").commitIndex).toBe(3);
    lab.pass(T / 5);
    const commits = sent(lab.fire("a", "heartbeat")).flatMap(({ to, message }) =>
      message.type === "Heartbeat" ? [[to, message.commit]] : [],
    );
    expect(commits).toEqual([
      ["b", 2],
      ["c", 3],
    ]);
  });
});

describe("R13 slow followers", () => {
  it("R13 what left the cache is asked for from the storage, once, and sent when it comes", () => {
    const lab = slow();
    const effects = lab.receive("b", "a", { type: "HeartbeatResponse", term: 1, round: 1, last: 2, needsSnapshot: 0 });
    const order = { type: "FetchEntries", to: "b", from: 3, bytesMax: 512 * 1024, term: 1 };
    expect(ordersOf(effects, "FetchEntries")).toEqual([order]);
    expect(ordersOf(lab.propose("a", "z"), "FetchEntries")).toEqual([]);
    const { blocks } = lab.node("a").disk;
    const came = lab.step("a", { type: "EntriesFetched", to: "b", term: 1, from: 3, blocks: blocks.slice(2, 3) });
    expect(sent(came)).toMatchObject([
      { to: "b", message: { type: "AppendEntries", prev: { index: 2 }, blocks: [{ first: 3 }] } },
    ]);
  });

  it("R13 nothing is sent of what was asked for in another leadership term", () => {
    const lab = slow();
    lab.receive("b", "a", { type: "HeartbeatResponse", term: 1, round: 1, last: 2, needsSnapshot: 0 });
    const { blocks } = lab.node("a").disk;
    const stale = lab.step("a", { type: "EntriesFetched", to: "b", term: 0, from: 3, blocks: blocks.slice(2, 3) });
    expect(sent(stale)).toEqual([]);
    lab.receive("c", "a", { type: "Heartbeat", term: 2, commit: 0, round: 1 });
    expect(
      sent(lab.step("a", { type: "EntriesFetched", to: "b", term: 1, from: 3, blocks: blocks.slice(2, 3) })),
    ).toEqual([]);
  });

  it("R13 nor of what the peer does not need any more", () => {
    const lab = slow();
    lab.receive("b", "a", { type: "HeartbeatResponse", term: 1, round: 1, last: 2, needsSnapshot: 0 });
    const { blocks } = lab.node("a").disk;
    lab.receive("b", "a", accepted(1, 3, 3));
    const late = lab.step("a", { type: "EntriesFetched", to: "b", term: 1, from: 3, blocks: blocks.slice(2, 3) });
    expect(sent(late).filter(({ message }) => message.type === "AppendEntries" && message.prev.index === 2)).toEqual(
      [],
    );
  });

  it("R13 what the storage no longer has is sent as a snapshot", () => {
    const lab = slow();
    saveAt(lab, "a", 5);
    lab.receive("b", "a", { type: "HeartbeatResponse", term: 1, round: 1, last: 2, needsSnapshot: 0 });
    const effects = lab.step("a", { type: "EntriesFetched", to: "b", term: 1, from: 3, blocks: [] });
    expect(sent(effects)).toMatchObject([
      { to: "b", message: { type: "InstallSnapshot", meta: { id: { index: 5 } } } },
    ]);
  });

  it("R13 what is applied, and held by all members, nobody keeps in memory; what one lacks its leader does", () => {
    const lab = leading().cut("a", "b");
    const cached = (): boolean[] => ["a", "b", "c"].map((id) => lab.describe(id).cachedBytes > 0);
    lab.propose("a", "x");
    lab.settle();
    expect(lab.describe("c").commitIndex).toBe(lab.describe("a").last.index);
    expect(cached()).toEqual([true, false, false]);
    lab.heal().step("a", { type: "PeerDown", id: "b" });
    lab.settle();
    expect(lab.describe("b").commitIndex).toBe(lab.describe("a").last.index);
    expect(cached()).toEqual([false, false, false]);
    expect(ordersOf(lab.node("a").seen, "FetchEntries")).toEqual([]);
  });

  it("R13 a dead follower neither slows the quorum nor grows memory", () => {
    const lab = leading({ cacheBytesMax: 2_048, windowMessagesMax: 4 }).cut("a", "b");
    for (let i = 0; i < 200; i++) {
      lab.propose("a", "x".repeat(100));
      lab.settle();
    }
    expect(lab.describe("a").commitIndex).toBe(202);
    expect(lab.describe("a").cachedBytes).toBeLessThanOrEqual(2_048);
    expect(peer(lab)?.messagesInFlight).toBe(4);
  });
});

/** a leads, b has missed entries 3–7, which are not in a's cache any more, and is being probed. */
function slow(): Lab {
  const lab = leading({ cacheBytesMax: 1_024 }).cut("a", "b");
  for (const letter of "vwxyz") {
    lab.propose("a", letter.repeat(600));
    lab.settle();
  }
  lab.take();
  lab.step("a", { type: "PeerUp", id: "b", startNumber: 1 });
  const down = lab.step("a", { type: "PeerDown", id: "b" });
  const { from, term } = ordersOf(down, "FetchEntries")[0] ?? { from: 0, term: 0 };
  // The first answer is lost with another connection: the flight is free again at the next sign of life.
  lab.step("a", { type: "EntriesFetched", to: "b", term, from, blocks: lab.node("a").disk.blocks.slice(2, 3) });
  lab.take();
  return lab;
}
