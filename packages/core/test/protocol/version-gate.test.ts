import { describe, expect, it } from "vitest";
import { decodeGate } from "../../src/model/gate-layout.js";
import { EntryType } from "../../src/model/log-block.js";
import { inLetters, jointMembership, target } from "../support/joint-membership.js";
import { Lab, type LabOptions } from "../support/lab.js";
import { metaAt, ordersOf } from "../support/messages.js";
import { ReadingLab } from "../support/reading-lab.js";

const NAMES = ["a", "b", "c"];
/** The gates in a node's log, as `index>format`. */
const gates = (lab: Lab, id: string): string[] =>
  lab
    .node(id)
    .disk.blocks.filter((block) => block.typeAt(block.first) === EntryType.versionGate)
    .map((block) => `${block.first}>${decodeGate(block.payloadAt(block.first))}`);
/** What a node has been told may be used, in order. */
const openedAt = (lab: Lab, id: string): number[] =>
  ordersOf(lab.node(id).seen, "Notify").flatMap(({ notice }) =>
    notice.kind === "format" ? [notice.formatVersion] : [],
  );
const leading = (formats: Record<string, number>, options: LabOptions = {}): Lab =>
  new Lab(NAMES, { formats, ...options }).elect("a").settle();
/** A node's next life runs the newer release. */
function upgrade(lab: Lab, formats: Record<string, number>, id: string, to: number): void {
  lab.crash(id);
  lab.step("a", { type: "PeerDown", id });
  formats[id] = to;
  lab.restart(id);
  lab.step("a", { type: "PeerUp", id, startNumber: lab.node(id).disk.starts });
  lab.settle().beat("a");
}

describe("F05 a version gate", () => {
  it("F05 is appended once every member has said that it knows the format, and not before", () => {
    const formats = { a: 2, b: 1, c: 1 };
    const lab = leading(formats);
    expect(gates(lab, "a")).toEqual([]);
    upgrade(lab, formats, "b", 2);
    expect(gates(lab, "a")).toEqual([]);
    lab.propose("a", "in the old format");
    upgrade(lab, formats, "c", 2);
    const { last } = lab.describe("a");
    expect(gates(lab, "a")).toEqual([`${last.index}>2`]);
    expect(NAMES.map((id) => gates(lab, id))).toEqual(NAMES.map(() => gates(lab, "a")));
    expect(NAMES.map((id) => openedAt(lab, id))).toEqual([[2], [2], [2]]);
  });

  it("F05 opens what the one that knows least knows, later more, and nothing twice", () => {
    const formats = { a: 4, b: 3, c: 2 };
    const lab = leading(formats);
    expect(openedAt(lab, "b")).toEqual([2]);
    upgrade(lab, formats, "c", 5);
    expect(openedAt(lab, "b")).toEqual([2, 3]);
    for (let i = 0; i < 5; i++) lab.beat("a");
    lab.timeOut("b");
    lab.settle();
    expect(gates(lab, "b")).toHaveLength(2);
  });

  it("F05 a group whose members all know the open one says nothing of it", () => {
    const lab = new Lab(NAMES, { formats: { a: 1, b: 1, c: 1 } });
    lab.timeOut("a");
    const said: unknown[] = [];
    const listen = lab.deliver.bind(lab);
    lab.deliver = (fits) => {
      for (const { from, message } of lab.wire)
        if (message.type === "AppendEntriesResponse" && lab.describe(from).appliedIndex > 0)
          said.push(message.announces);
      return listen(fits);
    };
    lab.settle();
    lab.propose("a", "x");
    lab.settle();
    expect([said.length > 0, said.every((announces) => announces === undefined), gates(lab, "a")]).toEqual([
      true,
      true,
      [],
    ]);
  });

  it("F05 learners count, and witnesses do not: the one applies commands, the other does not", () => {
    const withLearner = leading({ a: 2, b: 2, c: 1 }, { learners: ["c"] });
    expect(gates(withLearner, "a")).toEqual([]);
    const withWitness = leading({ a: 2, b: 2 }, { witnesses: ["c"] });
    expect(openedAt(withWitness, "b")).toEqual([2]);
  });

  it("F05 one that came back with the older release before the gate was appended holds it up", () => {
    const formats = { a: 2, b: 2, c: 1 };
    const lab = leading(formats);
    upgrade(lab, formats, "b", 1);
    upgrade(lab, formats, "c", 2);
    expect(gates(lab, "a")).toEqual([]);
  });

  it("F05 the next leader appends what the one before did not come to, and knows what that one did", () => {
    const formats = { a: 2, b: 2, c: 1 };
    const lab = leading(formats);
    upgrade(lab, formats, "c", 2);
    expect(gates(lab, "b")).toHaveLength(1);
    lab.crash("a").elect("b").settle();
    expect(gates(lab, "b")).toHaveLength(1);

    const early = new Lab(NAMES, { formats: { a: 2, b: 2, c: 2 } });
    early.timeOut("a");
    early.heldDisks.add("a").add("b").add("c");
    early.crash("a").restart("a");
    early.heldDisks.clear();
    early.elect("b").settle().beat("b");
    expect(gates(early, "c")).toHaveLength(1);
  });

  it("F05 a snapshot written behind a gate opens its format where it is installed, and is not taken by who cannot read it", () => {
    const formats = { a: 2, b: 2, c: 1 };
    const lab = leading(formats);
    const meta = { ...metaAt(lab, "a", 2), id: { index: 9, term: 1 }, formatVersion: 2 };
    const { term } = lab.describe("c");
    const offer = { type: "InstallSnapshot", term, transfer: 1, meta } as const;
    const effects = lab.receive("a", "c", offer);
    expect(ordersOf(effects, "ReceiveSnapshot")).toEqual([]);
    expect(ordersOf(effects, "Send").map(({ message }) => message)).toMatchObject([
      { type: "InstallSnapshotResponse", status: "failed" },
    ]);
    const told = (from: readonly unknown[]) =>
      JSON.stringify(from).match(/has format 2, and the state machine here knows 1/g);
    expect(told(ordersOf(effects, "Notify"))).toHaveLength(1);
    expect(told(ordersOf(lab.receive("a", "c", offer), "Notify"))).toBeNull();
    expect(ordersOf(lab.receive("a", "b", offer), "ReceiveSnapshot")).toHaveLength(1);
    lab.step("b", { type: "SnapshotSinkOpened", transfer: 1, offset: 0 });
    lab.step("b", { type: "SnapshotReceived", transfer: 1, meta });
    lab.persist("b");
    lab.step("b", { type: "SnapshotLoaded", meta });
    const answers = lab.receive("a", "b", {
      type: "AppendEntries",
      term,
      prev: { index: 9, term: 1 },
      commit: 9,
      blocks: [],
    });
    // It knows nothing newer than what is open now, and so says nothing more.
    expect(ordersOf(answers, "Send").at(-1)?.message).not.toHaveProperty("announces");
  });
});

describe("F05 a newcomer that knows less than is open", () => {
  const withNewcomer = (known: number): Lab => {
    const formats = { a: 2, b: 2, c: 2, d: known };
    const lab = new ReadingLab(NAMES, { formats, membership: jointMembership, strangers: ["d"] }).elect("a").settle();
    expect(openedAt(lab, "a")).toEqual([2]);
    lab.step("a", { type: "ChangeRequested", request: 1, target: target("abcd"), expected: null });
    lab.settle().beat("a");
    return lab;
  };
  const answer = (lab: Lab) => ordersOf(lab.node("a").seen, "ChangeAnswered").at(-1)?.error;

  it("F05 is refused while it catches up, with both formats, and the configuration stays as it was", () => {
    const lab = withNewcomer(1);
    expect(answer(lab)).toMatchObject({ code: "ChangeRefused", outcome: "refused" });
    expect(answer(lab)?.message).toMatch(/d knows format 1 .*, and format 2 is open here; install the newer release/);
    expect(inLetters(lab.describe("a").configuration.configuration)).toBe(">abc");
  });

  it("F05 becomes a voter if it knows it", () => {
    const lab = withNewcomer(2);
    expect(answer(lab)).toBeNull();
    expect(inLetters(lab.describe("a").configuration.configuration)).toBe(">abcd");
  });

  it("F05 whoever is a member while members change is asked, too: those that leave, and those that come", () => {
    const formats = { a: 2, b: 2, c: 1, d: 2 };
    const lab = new ReadingLab(NAMES, { formats, membership: jointMembership, strangers: ["d"] }).elect("a").settle();
    lab.step("a", { type: "ChangeRequested", request: 1, target: target("abd"), expected: null });
    for (let i = 0; i < 3; i++) lab.settle().beat("a");
    expect(inLetters(lab.describe("a").configuration.configuration)).toBe(">abd");
    const joint = lab.node("d").disk.blocks.filter((block) => block.typeAt(block.first) === EntryType.configuration);
    const [gate = ""] = gates(lab, "d");
    expect(gate).toBe(`${(joint.at(-1)?.first ?? 0) + 1}>2`);
    expect(openedAt(lab, "d")).toEqual([2]);
  });
});
