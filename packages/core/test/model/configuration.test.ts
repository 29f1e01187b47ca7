import { describe, expect, it } from "vitest";
import {
  type Configuration,
  configurationFault,
  isJoint,
  isVoter,
  isVotingReplica,
  MEMBERS_MAX,
  memberOf,
  NO_CONFIGURATION,
  votersOnly,
} from "../../src/model/configuration.js";
import { memberOf as member } from "../support/lab.js";

const three = votersOnly(["a", "b", "c"].map(member));
const fault = (over: Partial<Configuration>) => configurationFault({ ...three, ...over });

describe("M08 what is no configuration", () => {
  it("M08 a plain one, a joint one and one with learners are", () => {
    expect(fault({})).toBeUndefined();
    const all = ["a", "b", "c", "d"].map(member);
    expect(
      fault({ members: all, voters: ["a", "b", "d"], votersOld: ["a", "b", "c"], learnersNext: ["c"] }),
    ).toBeUndefined();
    expect(fault({ members: all, learners: ["d"], witnesses: ["c"] })).toBeUndefined();
  });

  it("M08 no voter left", () => {
    expect(fault({ voters: [], learners: ["a", "b", "c"] })).toContain("no voter");
  });

  it("M08 a duplicate id, among the members or in one list", () => {
    expect(fault({ members: [...three.members, member("a")] })).toContain("names a twice");
    expect(fault({ voters: ["a", "b", "b", "c"] })).toContain("lists a node twice");
  });

  it("M08 an unknown peer, in any list", () => {
    for (const list of ["voters", "votersOld", "learners", "learnersNext", "witnesses"] as const)
      expect(fault({ [list]: [...three[list], "x"] }), `in ${list}`).toContain("refers to x");
  });

  it("M08 one that is both voter and learner, in either half", () => {
    expect(fault({ learners: ["c"] })).toContain("has c both as voter and as learner");
    expect(fault({ voters: ["a", "b"], votersOld: ["a", "c"], learners: ["c"] })).toContain("has c both");
  });

  it("M08 a demotion of a node that does not leave, a witness that does not vote, a member without a part", () => {
    expect(fault({ learnersNext: ["a"] })).toContain("demotes");
    expect(fault({ voters: ["a", "b"], learners: ["c"], witnesses: ["c"] })).toContain("witness");
    expect(fault({ voters: ["a", "b"] })).toContain("names c as a member with no part");
  });

  it("M08 more members than the bound", () => {
    const ids = Array.from({ length: MEMBERS_MAX + 1 }, (_, i) => `n${i}`);
    expect(configurationFault(votersOnly(ids.map(member)))).toContain("at most 255");
    expect(configurationFault(votersOnly(ids.slice(1).map(member)))).toBeUndefined();
  });
});

describe("M13 who is who", () => {
  it("M13 a voter is an id in that very incarnation, in either half", () => {
    const joint = { ...three, voters: ["a", "b"], votersOld: ["b", "c"] };
    expect([isJoint(three), isJoint(joint), isVoter(joint, "c"), isVoter(joint, "x")]).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(isVotingReplica(joint, member("c"))).toBe(true);
    expect(isVotingReplica(joint, { id: "c", incarnation: "0".repeat(16) })).toBe(false);
    expect([memberOf(joint, "a")?.address, memberOf(joint, "x"), isVoter(NO_CONFIGURATION, "a")]).toEqual([
      "a:1",
      undefined,
      false,
    ]);
  });
});
