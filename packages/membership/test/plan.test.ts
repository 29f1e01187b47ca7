import { type Configuration, type ConfigurationEntry, NO_CONFIGURATION } from "@hexraft/core/ports";
import { jointMajority, TRIALS_MAX } from "@hexraft/core/protocol";
import { describe, expect, it, vi } from "vitest";
import { plan } from "../src/index.js";

const member = (id: string) => ({ id, incarnation: "00000000000000aa", address: `${id}:1`, priority: 1 });
const letters = (ids: string): string[] => ids.split("");
const of = (voters: string, learners = ""): Configuration => ({
  ...NO_CONFIGURATION,
  members: letters(voters + learners).map(member),
  voters: letters(voters),
  learners: letters(learners),
});
const at = (index: number, configuration: Configuration): ConfigurationEntry => ({
  id: { index, term: 1 },
  configuration,
});

/** Each stage with its halves, what it survives, and who is critical. */
const inShort = (current: Configuration, target: Configuration): string[] =>
  plan(at(7, current), target).stages.map(
    ({ kind, halves, survives, critical }) =>
      `${kind} ${halves.map((half) => half.join("")).join("+")} survives ${survives}${critical.length > 0 ? `, needs ${critical.join("")}` : ""}`,
  );

describe("M14 a plan", () => {
  it("M14 names the stages, whose quorum decides at each, and what availability costs", () => {
    expect(inShort(of("abc"), of("ade"))).toEqual([
      "catching-up abc survives 1",
      "joint abc+ade survives 1",
      "final ade survives 1",
    ]);
    expect(inShort(of("abc"), of("abcd"))).toEqual([
      "catching-up abc survives 1",
      "joint abc+abcd survives 1",
      "final abcd survives 1",
    ]);
    expect(inShort(of("a"), of("ab"))).toEqual([
      "catching-up a survives 0, needs a",
      "joint a+ab survives 0, needs ab",
      "final ab survives 0, needs ab",
    ]);
    expect(inShort(of("abcde"), of("abc"))).toEqual(["joint abcde+abc survives 1", "final abc survives 1"]);
    expect(inShort(of("abc"), of("abc", "d"))).toEqual(["final abc survives 1"]);
    expect(inShort(of("abcdefg"), of("abcdefg", "h"))).toEqual(["final abcdefg survives 3"]);
  });

  it("M14 M04 says who must catch up, and how much they lack where that is known", () => {
    const current = at(7, of("abc", "d"));
    expect(plan(current, of("abcde")).newcomers).toEqual([
      { id: "d", missing: null },
      { id: "e", missing: null },
    ]);
    const facts = { lastIndex: 100, matchOf: (id: string) => (id === "d" ? 90 : undefined) };
    const { newcomers, text, configurationIndex } = plan(current, of("abcde"), facts);
    expect(newcomers).toEqual([
      { id: "d", missing: 10 },
      { id: "e", missing: null },
    ]);
    expect(configurationIndex).toBe(7);
    expect(text).toBe(
      [
        "from configuration 7, voters [a, b, c]",
        "1. catching-up: a quorum of [a, b, c] must agree; survives the failure of any 1",
        "   d catches up first; it lacks 10 entries",
        "   e catches up first",
        "2. joint: a quorum of [a, b, c] and a quorum of [a, b, c, d, e] must agree; survives the failure of any 1",
        "3. final: a quorum of [a, b, c, d, e] must agree; survives the failure of any 2",
      ].join("\n"),
    );
  });

  it("M14 M08 says why there is no way, and changes nothing by being asked", () => {
    const current = at(7, of("abc"));
    const before = JSON.stringify(current);
    expect(plan(current, of("", "a"))).toMatchObject({
      refused: "the target has no voter; at least one is needed",
      stages: [],
      text: "refused: the target has no voter; at least one is needed",
    });
    plan(current, of("ade"));
    expect(JSON.stringify(current)).toBe(before);
  });

  it("M14 M12 asks the group's own quorum policy, and bounds what it tries", () => {
    const all = {
      ...jointMajority,
      voteResult: (c: Configuration, voteOf: (id: string) => boolean | undefined) =>
        c.voters.every((id) => voteOf(id) === true) ? ("won" as const) : ("lost" as const),
    };
    expect(plan(at(1, of("abc")), of("abc", "d"), undefined, all).stages[0]).toMatchObject({
      survives: 0,
      critical: ["a", "b", "c"],
    });
    const many = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNO";
    const asked = vi.spyOn(jointMajority, "voteResult");
    const [stage] = plan(at(1, of(many)), of(many, "0")).stages;
    expect(stage?.survives).toBeGreaterThanOrEqual(3);
    expect(asked.mock.calls.length).toBeLessThanOrEqual(TRIALS_MAX + many.length);
    asked.mockRestore();
    expect(plan(at(1, of(many)), of(many, "0"), undefined, all).refused).toMatch(/tried for up to 12 voters/);
  });
});
