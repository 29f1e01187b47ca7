import { afterEach, describe, expect, it, vi } from "vitest";
import type * as BallotBox from "../../src/protocol/ballot-box.js";
import type * as ConfigurationChange from "../../src/protocol/configuration-change.js";
import type * as LeadershipTransfer from "../../src/protocol/leadership-transfer.js";
import { Outbox } from "../../src/protocol/outbox.js";
import { jointMajority } from "../../src/protocol/quorum/joint.js";
import type * as Majority from "../../src/protocol/quorum/majority.js";
import { majorityReached } from "../../src/protocol/quorum/majority.js";
import type * as ReadOnlyService from "../../src/protocol/read-only-service.js";
import type * as SnapshotFlow from "../../src/protocol/snapshot-flow.js";
import type * as SnapshotInstalling from "../../src/protocol/snapshot-installing.js";
import type { RaftState } from "../../src/protocol/state.js";
import type * as Voting from "../../src/protocol/voting.js";
import { Explorer, type Violation } from "./explorer.js";
import type { Scope } from "./scope.js";
import { SCOPES } from "./scopes.js";

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

vi.mock("../../src/protocol/read-only-service.js", async (original) => {
  const real = await original<typeof ReadOnlyService>();
  const confirmReads = (s: RaftState): void => {
    const { leadership: office } = s;
    if (office !== undefined && out.rule === "Q01")
      for (const peer of office.peers.values()) peer.answeredRound = office.round + 1;
    if (office !== undefined && out.rule === "Q02") Object.assign(office, { firstEntry: 0 });
    real.confirmReads(s);
  };
  return { ...real, confirmReads };
});

vi.mock("../../src/protocol/leadership-transfer.js", async (original) => {
  const real = await original<typeof LeadershipTransfer>();
  const onTimeoutNow: typeof real.onTimeoutNow = (s, message) =>
    real.onTimeoutNow(s, out.rule === "E21" ? { ...message, last: s.log.last } : message);
  return { ...real, onTimeoutNow };
});

vi.mock("../../src/protocol/snapshot-installing.js", async (original) => {
  const real = await original<typeof SnapshotInstalling>();
  const onSnapshotReceived: typeof real.onSnapshotReceived = (s, received) => {
    if (out.rule === "S05") Object.assign(s.log, { holds: () => false });
    real.onSnapshotReceived(s, received);
    Reflect.deleteProperty(s.log, "holds");
  };
  return { ...real, onSnapshotReceived };
});

vi.mock("../../src/protocol/snapshot-flow.js", async (original) => {
  const real = await original<typeof SnapshotFlow>();
  const onSnapshotSaved: typeof real.onSnapshotSaved = (s, meta) => {
    if (out.rule !== "S03") return real.onSnapshotSaved(s, meta);
    const how = { configurable: true, enumerable: true };
    const value = s.snapshot;
    Object.defineProperty(s, "previousSnapshot", { ...how, get: () => s.snapshot, set: () => {} });
    real.onSnapshotSaved(s, meta);
    Object.defineProperty(s, "previousSnapshot", { ...how, value, writable: true });
  };
  return { ...real, onSnapshotSaved };
});

vi.mock("../../src/protocol/configuration-change.js", async (original) => {
  const real = await original<typeof ConfigurationChange>();
  const onChangeRequested: typeof real.onChangeRequested = (s, request) => {
    const { leadership: office } = s;
    if (out.rule !== "M03" || office === undefined) return real.onChangeRequested(s, request);
    const { firstEntry } = office;
    Object.assign(office, { firstEntry: 0 });
    real.onChangeRequested(s, request);
    Object.assign(office, { firstEntry });
  };
  const onChangeCancelled: typeof real.onChangeCancelled = (s, cancelled) => {
    const change = s.leadership?.change;
    if (out.rule === "M16" && change !== undefined) Object.assign(change, { appended: false });
    real.onChangeCancelled(s, cancelled);
  };
  return { ...real, onChangeRequested, onChangeCancelled };
});

afterEach(() => {
  out.rule = "";
  vi.restoreAllMocks();
});

function violationIn(name: string, { depthMax = 11, ...less }: Partial<Scope> = {}): Violation {
  const scope = SCOPES.find((each) => each.name === name) as Scope;
  const { violation } = new Explorer({ ...scope, ...less }).run({ depthMax });
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

  it("Q01 a leader serves a read without asking whether it still leads", () => {
    out.rule = "Q01";
    // Without heartbeats, which is less to look at, and only possible where nobody waits for their answers.
    const { rule } = violationIn("reads", { losesHeartbeats: true, depthMax: 12 });
    expect(rule).toMatch(/^Q01 . serves a read at index 2, and 3 was committed before it was asked$/);
  });

  it("Q02 a new leader serves a read before an entry of its own is committed", () => {
    out.rule = "Q02";
    // a has committed x, and nobody else knows it: b holds it, and is to lead.
    const prelude: Scope["prelude"] = (table) => {
      table.elect("a").propose("a", "x");
      table.persist("a");
      table.deliver(({ to }) => to === "b");
      table.persist("b");
      table.deliver(({ to }) => to === "a");
    };
    expect(violationIn("reads", { prelude }).rule).toBe(
      "Q01 b serves a read at index 2, and 3 was committed before it was asked",
    );
  });

  it("R05 figure 8: an old entry is committed by counting, and overwritten", () => {
    out.rule = "R05";
    const { rule, schedule } = violationIn("figure-8");
    expect(rule).toBe("I4 c leads term 4 without the committed entry 2 (1:1.2)");
    expect(schedule).toHaveLength(11);
  });

  it("M02 one majority of the union commits a way from three voters to three others", () => {
    vi.spyOn(jointMajority, "reached").mockImplementation(({ voters, votersOld }, valueOf) =>
      majorityReached([...new Set([...voters, ...votersOld])], valueOf),
    );
    expect(violationIn("replace-two").rule).toBe("I6 a committed 1:{abc>cde} at index 3, which is on 3 disks");
  });

  it("M03 the bug of 2015: a leader that has committed nothing of its own term appends a configuration", () => {
    out.rule = "M03";
    expect(violationIn("bug-of-2015").rule).toBe("I6 b committed 2:begin at index 3, which is on 2 disks");
  });

  it("M16 a change is called off that is in the log, and whoever leads will finish it", () => {
    out.rule = "M16";
    expect(violationIn("called-off").rule).toBe("M16 a calls a change off, and its configuration is in the log at 3");
  });

  it("E19 that nobody can be elected in a term is seen", () => {
    const { rule } = violationIn("successors", { electableIn: 3, depthMax: 6 });
    expect(rule).toBe("E19 nobody can be elected in term 3 within 6 events");
  });

  it("S03 the log is compacted up to the newest snapshot, and that one rots", () => {
    out.rule = "S03";
    expect(violationIn("rotten-snapshots").rule).toBe(
      "S03 the log on disk begins behind 4, and the newest snapshot ends at 3",
    );
  });

  it("S05 a snapshot that comes late replaces a log that holds its entry, with what is acknowledged behind it", () => {
    out.rule = "S05";
    expect(violationIn("snapshots").rule).toMatch(/^I6 b committed 3:begin at index 4, which is on 1 disks$/);
  }, 60_000);

  it("E21 a voter stands at the word of its leader, whose log is another one by now", () => {
    out.rule = "E21";
    expect(violationIn("transfers").rule).toMatch(/^E21 . ends in \d of term 1, and stands at the word of a leader/);
  });
});
