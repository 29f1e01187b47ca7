import { describe, expect, it } from "vitest";
import type { PreVoteRequest } from "../../src/model/message.js";
import { dropped, sent, writes, written } from "../support/effects.js";
import { incarnationOf, Lab, T } from "../support/lab.js";

const ENTRY_1 = { index: 1, term: 0 };
const THREE = ["a", "b", "c"] as const;

/** The round that the request on the wire asks under. */
const roundOf = ({ wire }: Lab): number =>
  wire.flatMap(({ message }) => (message.type === "PreVoteRequest" ? [message.round] : []))[0] ?? -1;

/** Node a of three, in a pre-vote at term 1, and the round it asks under. */
function asking(lab = new Lab(THREE)): { lab: Lab; round: number } {
  lab.timeOut("a");
  const round = roundOf(lab);
  lab.take();
  return { lab, round };
}

describe("E05 asking first", () => {
  it("E05 asks every other voter at term + 1, and changes neither term nor vote", () => {
    const lab = new Lab(THREE);
    const effects = lab.timeOut("a");
    const round = roundOf(lab);
    const request = { type: "PreVoteRequest", term: 1, round, last: ENTRY_1 };
    expect(sent(effects)).toEqual([
      { to: "b", message: request },
      { to: "c", message: request },
    ]);
    expect(writes(effects)).toEqual([]);
    expect(lab.describe("a")).toMatchObject({ role: "pre-candidate", term: 0, votedFor: null });
  });

  it("E05 a grant carries the proposed term and the round, and changes neither term nor vote", () => {
    const lab = new Lab(THREE);
    lab.pass(T);
    const effects = lab.receive("a", "b", { type: "PreVoteRequest", term: 1, round: 77, last: ENTRY_1 });
    expect(sent(effects)).toEqual([
      { to: "a", message: { type: "PreVoteResponse", term: 1, round: 77, granted: true } },
    ]);
    expect(writes(effects)).toEqual([]);
    expect(lab.describe("b")).toMatchObject({ role: "follower", term: 0, votedFor: null });
  });

  it("E05 a refusal carries the refuser's term and the round", () => {
    const lab = new Lab(THREE, { hardStates: { b: { term: 4 } } });
    const effects = lab.receive("a", "b", { type: "PreVoteRequest", term: 1, round: 77, last: ENTRY_1 });
    expect(sent(effects)).toEqual([
      { to: "a", message: { type: "PreVoteResponse", term: 4, round: 77, granted: false } },
    ]);
  });

  it("E05 a quorum of grants, the own one included, leads to the campaign", () => {
    const { lab, round } = asking(new Lab(["a", "b", "c", "d", "e"]));
    const grant = { type: "PreVoteResponse", term: 1, round, granted: true } as const;
    lab.receive("b", "a", grant);
    lab.receive("b", "a", grant);
    // One voter twice is one voter.
    expect(lab.raft("a").role).toBe("pre-candidate");
    expect(written(lab.receive("c", "a", grant))).toEqual([{ term: 1, vote: "a" }]);
    expect(lab.raft("a").role).toBe("candidate");
  });

  it("E05 grants of another round count nothing", () => {
    const { lab, round } = asking();
    lab.timeOut("a");
    lab.receive("b", "a", { type: "PreVoteResponse", term: 1, round, granted: true });
    expect(lab.raft("a").role).toBe("pre-candidate");
    expect(dropped(lab, "a")).toEqual({ "pre-vote of another round": 1 });
  });

  it("E05 T11 a grant to the run before a crash counts nothing in the first round after it", () => {
    const { lab, round } = asking();
    lab.crash("a").restart("a").timeOut("a");
    lab.receive("b", "a", { type: "PreVoteResponse", term: 1, round, granted: true });
    expect(lab.raft("a").role).toBe("pre-candidate");
    expect(dropped(lab, "a")).toEqual({ "pre-vote of another round": 1 });
  });

  it("E05 a grant of another term than the one asked for counts nothing", () => {
    const { lab, round } = asking();
    lab.receive("b", "a", { type: "PreVoteResponse", term: 9, round, granted: true });
    expect(lab.describe("a")).toMatchObject({ role: "pre-candidate", term: 0 });
  });

  it("E05 refusals that leave no quorum end the round", () => {
    const { lab, round } = asking();
    lab.receive("b", "a", { type: "PreVoteResponse", term: 0, round, granted: false });
    expect(lab.raft("a").role).toBe("pre-candidate");
    lab.receive("c", "a", { type: "PreVoteResponse", term: 0, round, granted: false });
    expect(lab.describe("a")).toMatchObject({ role: "follower", term: 0 });
  });

  it("E05 a leader of the own or of a higher term ends the round", () => {
    for (const term of [0, 3]) {
      const { lab, round } = asking();
      lab.receive("c", "a", { type: "Heartbeat", term, commit: 0, round: 1 });
      lab.receive("b", "a", { type: "PreVoteResponse", term: term + 1, round, granted: true });
      expect(lab.describe("a")).toMatchObject({ role: "follower", term, leader: "c" });
    }
  });
});

describe("E06 answering", () => {
  const ask = (term: number, last = ENTRY_1): PreVoteRequest => ({ type: "PreVoteRequest", term, round: 1, last });
  const granted = (lab: Lab, request: PreVoteRequest): boolean => {
    const [answer] = sent(lab.receive("a", "b", request));
    return answer?.message.type === "PreVoteResponse" && answer.message.granted;
  };

  it("E06/contact refused within T of the last leader contact, granted from then on", () => {
    const lab = new Lab(THREE);
    lab.pass(500).receive("c", "b", { type: "Heartbeat", term: 0, commit: 0, round: 1 });
    lab.take();
    lab.pass(T - 1);
    expect(granted(lab, ask(1))).toBe(false);
    lab.pass(1);
    expect(granted(lab, ask(1))).toBe(true);
  });

  it("E06/contact a leader that hears its quorum refuses", () => {
    const lab = new Lab(THREE).elect("b");
    expect(granted(lab, ask(9, { index: 9, term: 9 }))).toBe(false);
    expect(lab.describe("b")).toMatchObject({ role: "leader", term: 1 });
  });

  it("E06/term granted for a higher term, or for the same one while the vote is free or the asker's", () => {
    const vote = (id: string) => ({ id, incarnation: incarnationOf(id) });
    for (const [hardState, term, expected] of [
      [{ term: 4, vote: vote("c") }, 5, true],
      [{ term: 4, vote: null }, 4, true],
      [{ term: 4, vote: vote("a") }, 4, true],
      [{ term: 4, vote: vote("c") }, 4, false],
      [{ term: 4, vote: null }, 3, false],
    ] as const) {
      const lab = new Lab(THREE, { hardStates: { b: hardState } });
      lab.pass(T);
      expect(granted(lab, ask(term))).toBe(expected);
    }
  });

  it("E06/log refused to a log that is not up to date", () => {
    const lab = new Lab(THREE, { logs: { b: [1, 1] } });
    lab.pass(T);
    expect(granted(lab, ask(2, { index: 2, term: 1 }))).toBe(false);
    expect(granted(lab, ask(2, { index: 3, term: 1 }))).toBe(true);
  });
});
