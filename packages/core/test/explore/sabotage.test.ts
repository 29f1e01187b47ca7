import { afterEach, describe, expect, it, vi } from "vitest";
import type * as BallotBox from "../../src/protocol/ballot-box.js";
import { Outbox } from "../../src/protocol/outbox.js";
import type * as Majority from "../../src/protocol/quorum/majority.js";
import type { RaftState } from "../../src/protocol/state.js";
import type * as Voting from "../../src/protocol/voting.js";
import { Explorer, type Violation } from "./explorer.js";
import { SCOPES } from "./scope.js";

/** Which rule is out at the moment. */
const out = vi.hoisted(() => ({ rule: "" }));

vi.mock("../../src/protocol/ballot-box.js", async (original) => {
  const real = await original<typeof BallotBox>();
  const countMatches = (s: RaftState): void => {
    if (out.rule !== "R05" || s.leadership === undefined) return real.countMatches(s);
    const index = s.quorum.reached(s.configurations.current, (id) =>
      s.isSelf(id) ? s.log.durable : (s.leadership?.peers.get(id)?.match ?? 0),
    );
    if (index > s.commit) real.advanceCommit(s, index);
  };
  return { ...real, countMatches };
});

vi.mock("../../src/protocol/voting.js", async (original) => {
  const real = await original<typeof Voting>();
  const onVoteRequest: typeof real.onVoteRequest = (s, envelope, request) => {
    if (out.rule === "E09") s.vote = null;
    real.onVoteRequest(s, envelope, request);
  };
  return { ...real, onVoteRequest };
});

vi.mock("../../src/protocol/quorum/majority.js", async (original) => {
  const real = await original<typeof Majority>();
  const majorityVote: typeof real.majorityVote = (voters, voteOf) =>
    out.rule === "E10" && voters.some((voter) => voteOf(voter) === true) ? "won" : real.majorityVote(voters, voteOf);
  return { ...real, majorityVote };
});

afterEach(() => {
  out.rule = "";
  vi.restoreAllMocks();
});

function violationIn(name: string): Violation {
  const scope = SCOPES.find((each) => each.name === name);
  const { violation } = new Explorer(scope as (typeof SCOPES)[number]).run({ depthMax: 11 });
  if (violation === undefined) throw new Error(`${name} saw nothing wrong`);
  return violation;
}

describe("what the explorer sees when a rule is taken out", () => {
  it("E02 a vote leaves before it is durable", () => {
    vi.spyOn(Outbox.prototype, "hardStatePending", "get").mockReturnValue(false);
    expect(violationIn("elections").rule).toMatch(/^E02 . names term 1; its disk knows 0/);
  });

  it("E09 a node votes twice in one term", () => {
    out.rule = "E09";
    expect(violationIn("elections").rule).toMatch(/^I8 two votes on disk in term 1/);
  });

  it("E10 one ballot is a majority", () => {
    out.rule = "E10";
    expect(violationIn("elections").rule).toMatch(/^I1 . and . both led term 1/);
  });

  it("R05 figure 8: an old entry is committed by counting, and overwritten", () => {
    out.rule = "R05";
    const { rule, schedule } = violationIn("figure-8");
    expect(rule).toBe("I4 c leads term 4 without the committed entry 2 (1:1.2)");
    expect(schedule).toHaveLength(11);
  });
});
