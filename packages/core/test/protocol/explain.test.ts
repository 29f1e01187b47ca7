import { describe, expect, it } from "vitest";
import { jointMembership } from "../support/joint-membership.js";
import { Lab, T } from "../support/lab.js";
import { ordersOf, saveAt } from "../support/messages.js";

const THREE = ["a", "b", "c"];

/** What a node says about something: `code: text` each, or with the peer's name before it. */
const said = (lab: Lab, id: string, about: string): string[] =>
  lab
    .raft(id)
    .explain(lab.now)
    .filter((each) => each.about === about)
    .map(({ code, peer, text }) => `${peer === undefined ? "" : `${peer} `}${code}: ${text}`);
const codes = (lab: Lab, id: string, about: string): string[] =>
  said(lab, id, about).map((line) => line.slice(0, line.indexOf(":")));

describe("O07 why there is no leader", () => {
  it("O07 a node that leads, and one that follows, say who leads, and nothing else", () => {
    const lab = new Lab(THREE).elect("a").beat("a");
    expect(
      lab
        .raft("a")
        .explain(lab.now)
        .map(({ text }) => text),
    ).toEqual(["This node leads term 1."]);
    lab.pass(50);
    expect(
      lab
        .raft("b")
        .explain(lab.now)
        .map(({ text }) => text),
    ).toEqual(["This node follows a in term 1, and heard it 50 ms ago."]);
  });

  it("O07 E05 no quorum can be reached: who has granted, refused and not answered", () => {
    const lab = new Lab(["a", "b", "c", "d", "e"]).cut("a", "c").cut("a", "d").cut("a", "e");
    lab.timeOut("a");
    lab.settle();
    expect(said(lab, "a", "leader")).toEqual([
      expect.stringMatching(
        /^asks: This node asks for pre-votes for term 1: granted by a, b, refused by nobody, no answer from c, d, e\. A quorum of the 5 voters/,
      ),
    ]);
  });

  it("O07 E06 E07 the lease of the leader before: nobody is voted for, and nobody stands, before T is over", () => {
    const lab = new Lab(THREE).elect("a").beat("a");
    lab.crash("a").pass(T - 200);
    lab.restart("b"); // the start of a process counts as contact
    lab.pass(200);
    expect(said(lab, "b", "leader")).toEqual([
      expect.stringMatching(
        /^heard-lately: A leader was heard 200 ms ago\. Until that is 1000 ms ago this node votes for nobody/,
      ),
    ]);
    lab.pass(T);
    expect(said(lab, "b", "leader")).toEqual([
      expect.stringMatching(
        /^waits: No leader has been heard for 1200 ms\. In term 1 it voted for a\. .* its wait, of 1000 ms to 2000 ms, has run out/,
      ),
    ]);
  });

  it("O07 E16 a leader without a quorum says that it will leave, and after that what it waits for", () => {
    const lab = new Lab(THREE).elect("a").beat("a").isolate("a");
    lab.beat("a").beat("a").beat("a");
    expect(said(lab, "a", "leader")).toEqual([
      "leads: This node leads term 1.",
      expect.stringMatching(
        /^check-quorum: No quorum has answered it for 600 ms: without an answer within 1000 ms it leaves office/,
      ),
    ]);
    for (let i = 0; i < 3; i++) lab.beat("a");
    expect(codes(lab, "a", "leader")).toEqual(["waits"]);
  });

  it("O07 E02 E24 the own disk: a ballot that is not on it yet, a write that takes too long", () => {
    const lab = new Lab(THREE);
    lab.heldDisks.add("a");
    lab.timeOut("a");
    lab.settle();
    expect(said(lab, "a", "leader")).toEqual([
      "asks-disk: This node wants votes in term 1, and its own vote is not on its disk yet.",
    ]);
    const slow = new Lab(THREE);
    slow.step("a", { type: "WriteOverdue", forMs: 2_000 });
    expect(said(slow, "a", "leader")).toEqual([
      expect.stringMatching(/^slow-disk: .*longer than writeOverdueMs, 2000 ms/),
    ]);
    expect(codes(slow, "a", "commit")).toContain("slow-disk");
  });

  it("O07 E19 E20 M12 M13 who stands for nothing, and why: no members known, a learner, a lower priority, one that voted", () => {
    const lab = new Lab([...THREE, "l"], { learners: ["l"], strangers: ["x"], priorities: { b: 5 } });
    lab.pass(T);
    expect(codes(lab, "x", "leader")).toEqual(["no-configuration"]);
    expect(said(lab, "l", "leader")).toEqual([
      "no-voter: l is no voter of configuration 1: the others elect. It hears no leader.",
    ]);
    expect(codes(lab, "a", "leader")).toEqual(["lower-priority"]);
    expect(codes(lab, "b", "leader")).toEqual(["waits"]);
    const voted = new Lab(THREE, { hardStates: { b: { term: 4, vote: { id: "c", incarnation: "0".repeat(16) } } } });
    voted.pass(T);
    expect(said(voted, "b", "leader").join()).toContain(
      "heard for 1000 ms. In term 4 it voted for c. This node stands",
    );
  });

  it("O07 R15 L04 a faulted state machine, and a group that has stopped in place, say so before all else", () => {
    const lab = new Lab(THREE);
    lab.step("a", { type: "StateMachineFaulted", index: 1, reason: "boom" });
    lab.pass(T);
    expect(said(lab, "a", "leader")).toEqual([expect.stringMatching(/^faulted: .*must not lead: .*boom/)]);
    expect(said(lab, "a", "apply")).toEqual([
      expect.stringMatching(/^faulted: The state machine has faulted at entry 1: .*boom/),
    ]);
    lab.step("b", { type: "StorageFailed", reason: "EIO" });
    expect(lab.raft("b").explain(lab.now)).toEqual([
      { about: "leader", code: "halted", text: expect.stringMatching(/stopped in place on this node: .*EIO.*Restart/) },
    ]);
  });

  it("O07 L03 a log that is being repaired: what was lost, from where it is told, and what waits for it", () => {
    const lab = new Lab(THREE).elect("a");
    lab.propose("a", "x", "y", "z");
    lab.settle().beat("a").crash("b");
    lab.node("b").disk.holes = [{ first: 3, last: 4, file: "0001.seg", offset: 192, length: 512 }];
    lab.take();
    lab.restart("b").pass(2 * T);
    const lost = "0001.seg is damaged at bytes 192–703, which held entries 3–4. They are fetched from other nodes.";
    expect(said(lab, "b", "leader")).toEqual([
      `repairing: ${lost} Before that is done this node neither votes nor stands for election (L03).`,
    ]);
    expect(said(lab, "b", "apply")).toEqual([
      `repairing: ${lost} Nothing behind the first of them is applied before it is there (L03).`,
    ]);
  });

  it("O07 G02 a group at rest: nobody is silent, and no quorum is missing", () => {
    const lab = new Lab(THREE, { mayRest: true }).elect("a");
    lab.propose("a", "x");
    lab.settle();
    for (let i = 0; i < 5; i++) lab.beat("a");
    lab.pass(60_000);
    const rests = "and the group rests: nobody wants anything, and its process beats for it (G02).";
    expect(
      lab
        .raft("a")
        .explain(lab.now)
        .map(({ text }) => text),
    ).toEqual([`This node leads term 1, ${rests}`]);
    expect(
      lab
        .raft("b")
        .explain(lab.now)
        .map(({ text }) => text),
    ).toEqual([`This node follows a in term 1, ${rests}`]);
  });

  it("O07 E21 a transfer under way", () => {
    const lab = new Lab(THREE).elect("a").beat("a");
    lab.cut("a", "b");
    lab.step("a", { type: "TransferRequested", request: 1, to: "b", isStopping: false });
    expect(said(lab, "a", "leader")).toContain("transfer: It is handing over to b, and takes no proposals meanwhile.");
  });
});

describe("O07 why a proposal is not committed", () => {
  it("O07 R06 the voters that lack it are named, the own disk included", () => {
    const lab = new Lab(THREE).elect("a").beat("a").isolate("a");
    lab.propose("a", "x", "y");
    lab.settle();
    expect(said(lab, "a", "commit")).toEqual([
      "no-quorum: Entries 3–4 are not committed: entry 3 is missing on b, c, and a quorum of the voters must have it on disk.",
    ]);
    lab.heldDisks.add("a");
    lab.heal();
    lab.propose("a", "z");
    expect(said(lab, "a", "commit").join()).toContain("entry 3 is missing on b, c");
    const slow = new Lab(THREE).elect("a").beat("a");
    slow.heldDisks.add("a");
    slow.propose("a", "x");
    slow.settle();
    expect(codes(slow, "a", "commit")).toEqual([]); // the others are a quorum
    expect(said(slow, "a", "apply")).toEqual([
      expect.stringMatching(/^own-disk: Entries up to 3 are committed, and this disk holds them up to 2/),
    ]);
  });

  it("O07 R05 entries of an earlier term wait for the new leader's own first one", () => {
    const lab = new Lab(THREE, { logs: { a: [1], b: [1] } });
    lab.timeOut("a");
    lab.deliver();
    lab.deliver();
    lab.persist("a");
    lab.deliver();
    for (const id of THREE) lab.persist(id);
    lab.deliver(({ to }) => to === "a");
    expect(lab.raft("a").role).toBe("leader");
    expect(codes(lab, "a", "commit")).toContain("own-term");
    expect(said(lab, "a", "commit").join()).toContain("together with entry 3, its own first (R05)");
  });

  it("O07 a follower says what it has not been told, and does not guess", () => {
    const lab = new Lab(THREE).elect("a").beat("a").cut("a", "c");
    lab.propose("a", "x");
    lab.persist("a");
    lab.deliver();
    expect(said(lab, "b", "commit")).toEqual([
      "not-told: Entry 3 is not known to be committed: a has not said that they are. They may yet be replaced.",
    ]);
  });

  it("O07 M15 a change of members: whose answer is missing", () => {
    const lab = new Lab([...THREE, "d"], { membership: jointMembership, learners: ["d"] }).elect("a").beat("a");
    const { configuration } = lab.describe("a").configuration;
    const target = { ...configuration, voters: [...configuration.voters, "d"], learners: [] };
    lab.step("a", { type: "ChangeRequested", request: 1, target, expected: null });
    lab.persist("a");
    expect(said(lab, "a", "commit")).toContain("change: Configuration 3 waits for b, c, d (M15).");
  });

  it("O07 Q01 Q02 Q04 reads that wait say for what", () => {
    const lab = new Lab(THREE).elect("a").beat("a").isolate("a");
    lab.step("a", { type: "ReadRequested", requests: [1, 2] });
    expect(said(lab, "a", "read")).toEqual([
      "round: 2 reads wait until a quorum has confirmed that this node still leads (Q01).",
    ]);
    lab.step("b", { type: "ReadRequested", requests: [1] });
    expect(said(lab, "b", "read")).toEqual([
      "asks-leader: 1 reads wait for the leader's index, and a has not answered yet (Q04).",
    ]);
  });
});

describe("O07 why a peer is behind", () => {
  it("O07 R09 R19 entries on their way, a full window, a probe, silence", () => {
    const lab = new Lab(THREE).elect("a").beat("a");
    lab.propose("a", "x");
    expect(said(lab, "a", "peer")).toEqual([
      "b in-flight: b lacks 1 entries (it has 2 of 3), which are on their way: 1 messages.",
      "c in-flight: c lacks 1 entries (it has 2 of 3), which are on their way: 1 messages.",
    ]);
    lab.settle().beat("a");
    expect(said(lab, "a", "peer")).toEqual([]);
    lab.isolate("a");
    lab.propose("a", "y");
    lab.step("a", { type: "PeerDown", id: "b" });
    expect(said(lab, "a", "peer")[0]).toMatch(
      /^b probe: b lacks 1 entries .*not known yet where its log meets this one/,
    );
    lab.pass(T);
    expect(said(lab, "a", "peer")).toEqual([
      expect.stringMatching(/^b silent: b lacks 1 entries .* has said nothing for 1000 ms: it is down, cut off/),
      expect.stringMatching(/^c silent: /),
    ]);
    const narrow = new Lab(THREE, { windowMessagesMax: 1 }).elect("a").beat("a");
    narrow.propose("a", "x");
    narrow.pass(70);
    expect(said(narrow, "a", "peer")[0]).toMatch(
      /^b window: b lacks 1 entries .*Its window is full, with 1 messages and \d+ bytes that it has not acknowledged for 70 ms/,
    );
  });

  it("O07 S04 a peer that needs what is compacted away: offered, on its way, or waiting for its turn", () => {
    const ids = ["a", "b", "c", "d", "e", "f"];
    const lab = new Lab(ids, { compactionMarginEntries: 0, learners: ["d", "e", "f"] });
    for (const id of ["d", "e", "f"]) lab.cut("a", id);
    lab.elect("a").beat("a");
    for (let i = 0; i < 5; i++) lab.propose("a", "x");
    lab.settle().beat("a");
    saveAt(lab, "a", 4);
    saveAt(lab, "a", 7);
    lab.settle();
    for (const id of ["d", "e", "f"]) lab.restart(id);
    lab.heal();
    lab.beat("a");
    expect(lab.describe("a").base.index).toBeGreaterThan(1);
    const [order] = ordersOf(lab.node("d").seen, "ReceiveSnapshot");
    lab.step("d", { type: "SnapshotSinkOpened", transfer: order?.transfer ?? 0, offset: 0 });
    lab.settle();
    expect(said(lab, "a", "peer")).toEqual([
      "d snapshot: d lacks 7 entries (it has 0 of 7). The log here begins after 4, so that it needs a snapshot: the one up to 7, 10 bytes, is on its way.",
      expect.stringMatching(/^e snapshot: .* is offered, and it has not answered\./),
      expect.stringMatching(/^f snapshot: .* waits for its turn: 2 are sent at once/),
    ]);
  });

  it("O07 R20 one that lost what it had acknowledged", () => {
    const lab = new Lab(THREE).elect("a");
    lab.propose("a", "x", "y");
    lab.settle().beat("a");
    lab.receive(
      "b",
      "a",
      { type: "HeartbeatResponse", term: 1, round: 1, last: 2, needsSnapshot: 0 },
      { startNumber: 2 },
    );
    expect(said(lab, "a", "peer")).toEqual([
      expect.stringMatching(/^b lost-data: b came back without what it had acknowledged/),
    ]);
  });

  it("O07 R13 entries that are read back from disk", () => {
    const lab = new Lab(THREE, { cacheBytesMax: 1_024 }).elect("a").beat("a").cut("a", "b");
    for (let i = 0; i < 3; i++) lab.propose("a", "x".repeat(2_000));
    lab.settle().beat("a");
    lab.heal();
    lab.beat("a").beat("a");
    expect(said(lab, "a", "peer")).toEqual([
      expect.stringMatching(/^b reading-back: b lacks 3 entries .*from 3 on \(R13\)/),
    ]);
  });
});
