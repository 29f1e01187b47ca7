import { RequestKind } from "@hexraft/client";
import { RaftError } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import type { Role } from "../../src/access/role.js";
import { ADD_N4, Administered, deskOf } from "../support/administered.js";

const as = (role: Role) => ({ name: role, role });
const outcomeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: RaftError) => [error.code, error.outcome, error.message]);

describe("what operators ask", () => {
  it("M07 M14 a change reaches the node as it was said, with the configuration that it expects", async () => {
    const node = new Administered();
    const desk = deskOf(node);
    const answer = await desk.ask({ verb: "change-members", change: ADD_N4, expectedIndex: 7 }, as("admin"));
    await desk.ask({ verb: "change-members", change: { kind: "demote", ids: ["n2"] } }, as("admin"));
    expect(node.told).toEqual([
      ["change", ADD_N4, { expectedIndex: 7 }],
      ["change", { kind: "demote", ids: ["n2"] }, {}],
    ]);
    expect(answer).toMatchObject({
      configurationIndex: 7,
      leader: "n1",
      members: [
        { id: "n1", part: "voter", isLeader: true, isAlive: true, match: 9 },
        { id: "n2", part: "voter", isLeader: false, isAlive: true, match: 8 },
        { id: "n3", isAlive: false, match: 0 },
      ],
    });
  });

  it("E21 S07 M16 and so do all other verbs", async () => {
    const node = new Administered();
    const desk = deskOf(node);
    const ask = (verb: string, rest = {}) => desk.ask({ verb, ...rest }, as("admin"));
    expect(await ask("transfer-leadership", { to: "n2" })).toBe("n1");
    expect(await ask("snapshot")).toBe(42);
    expect(await ask("force-election")).toBe(3);
    expect(await ask("cancel-change")).toMatchObject({ configurationIndex: 7 });
    expect(await ask("plan", { change: ADD_N4 })).toMatchObject({ text: "a plan" });
    expect(await ask("describe")).toMatchObject({ nodeId: "n1" });
    expect(node.told).toEqual([["transfer", "n2"], ["snapshot"], ["elect"], ["cancel"], ["plan", ADD_N4]]);
  });

  it("E21 a hand-over is answered with who leads then, once that is known here", async () => {
    const node = new Administered();
    const desk = deskOf(node);
    const described = node.describe;
    let looks = 0;
    node.describe = () => ({ ...described(), leader: ++looks < 3 ? null : "n2" });
    expect(await desk.ask({ verb: "transfer-leadership" }, as("admin"))).toBe("n2");
    node.describe = () => ({ ...described(), leader: null });
    expect(await desk.ask({ verb: "transfer-leadership" }, as("admin"))).toBe(null); // nobody within T
  });

  it("questions want the role read, changes and plans the role admin; who has not gets nothing done", async () => {
    const node = new Administered();
    const desk = deskOf(node);
    for (const verb of ["members", "describe"]) {
      await desk.ask({ verb }, as("read"));
      expect(await outcomeOf(desk.ask({ verb }, as("none")))).toEqual(["AccessDenied", "refused", expect.any(String)]);
    }
    for (const verb of ["plan", "change-members", "cancel-change", "transfer-leadership", "snapshot", "force-election"])
      expect(await outcomeOf(desk.ask({ verb, change: ADD_N4 }, as("write")))).toEqual([
        "AccessDenied",
        "refused",
        `User write has role write; ${verb} is for admin.`,
      ]);
    expect(node.told).toEqual([]);
  });

  it("C05 a change that calls itself a question, which might be asked twice, is refused", async () => {
    const node = new Administered();
    const asked = deskOf(node).ask({ verb: "snapshot" }, as("admin"), RequestKind.adminQuestion);
    expect(await outcomeOf(asked)).toEqual([
      "BadCommand",
      "refused",
      "Nothing was done: snapshot came as a request of kind 9, and is one of kind 8.",
    ]);
    expect(node.told).toEqual([]);
  });

  it.each([
    ["an unknown verb", { verb: "constructor" }, /"constructor" is not what operators can ask here/],
    ["no verb", {}, /they can ask members, groups, describe, plan/],
    ["a field that is not known", { verb: "snapshot", now: true }, /now is not known here/],
    ["no change", { verb: "change-members" }, /change must be an object/],
    ["an unknown change", { verb: "plan", change: { kind: "removeAll" } }, /change\.kind is not a change/],
    ["nodes without a list", { verb: "plan", change: { kind: "addPeers", nodes: {} } }, /change\.nodes must be a list/],
    [
      "a name that is none",
      { verb: "plan", change: { kind: "promote", ids: ["a/b"] } },
      /change\.ids\[0\] must be the name/,
    ],
    [
      "an address that is none",
      { verb: "plan", change: { kind: "addPeers", nodes: [{ id: "n4", address: "" }] } },
      /change\.nodes\[0\]\.address must be host:port/,
    ],
    [
      "a priority out of range",
      { verb: "plan", change: { kind: "addPeers", nodes: [{ id: "n4", address: "h:4", priority: 256 }] } },
      /priority must be a whole number from 0 to 255/,
    ],
    ["an index that is none", { verb: "change-members", change: ADD_N4, expectedIndex: -1 }, /expectedIndex must be/],
    ["a target that is no name", { verb: "transfer-leadership", to: 7 }, /to must be the name of a node/],
  ])("M08 %s is refused, with the field and the rule", async (_what, fields, words) => {
    const node = new Administered();
    expect(await outcomeOf(deskOf(node).ask(fields, as("admin")))).toEqual([
      "BadCommand",
      "refused",
      expect.stringMatching(words),
    ]);
    expect(node.told).toEqual([]);
  });

  it("C01 the members are told by the leader alone: any other node names it", async () => {
    const node = new Administered();
    node.role = "follower";
    expect(await outcomeOf(deskOf(node).ask({ verb: "members" }, as("read")))).toEqual([
      "NotLeader",
      "refused",
      expect.stringContaining("ask n2 at h:2"),
    ]);
  });

  it("M03 a leader that is new is asked again until its first entry is committed; another change under way is told at once", async () => {
    const node = new Administered();
    const running = () => new RaftError("ChangeRunning", "refused", "not yet");
    node.failures.push(running(), running());
    await deskOf(node).ask({ verb: "change-members", change: ADD_N4 }, as("admin"));
    expect(node.told).toHaveLength(3);
    node.change = { stage: "joint", newcomers: [], waitingFor: [] };
    node.failures.push(running());
    const second = deskOf(node).ask({ verb: "change-members", change: ADD_N4 }, as("admin"));
    expect(await outcomeOf(second)).toEqual(["ChangeRunning", "refused", "not yet"]);
    expect(node.told).toHaveLength(4);
  });
});
