import { describe, expect, it } from "vitest";
import { Lab } from "../support/lab.js";
import { renamings } from "./canonical.js";
import { fork } from "./clone.js";
import { judgeLocally } from "./local-rules.js";
import type { Answer, LocalFacts, LocalState } from "./local-state.js";
import { LocalStates } from "./local-states.js";
import { SCOPES } from "./scopes.js";
import { Pasts } from "./world-rules.js";

const ids = ["a", "b", "c"];

describe("the judge of worlds", () => {
  const [scope] = SCOPES;
  const real = new LocalStates(scope as (typeof SCOPES)[number]).initial;
  const nodes = (...facts: Partial<LocalFacts>[]): LocalState[] =>
    real.map((state, at) => {
      const log = facts[at]?.log ?? state.facts.log;
      return { ...state, facts: { ...state.facts, log, durable: log, ...facts[at] } };
    });
  const pasts = new Pasts(ids, renamings(ids));
  const judge = (past: ReturnType<Pasts["judge"]>, world: LocalState[], node: number, answers: Answer[] = []) => {
    if (typeof past === "string") throw new Error(past);
    return pasts.judge(past, real[node] as LocalState, world, node, answers);
  };
  const leads = (term: number, ...log: string[]) => ({ isLeader: true, term, log });

  it("I1 a second leader of a term is seen, also after the first one is gone", () => {
    const first = judge(pasts.empty, nodes(leads(1, "0:{>abc}")), 0);
    expect(judge(first, nodes({}, leads(1, "0:{>abc}")), 1)).toBe("I1 a and b both led term 1");
    expect(judge(first, nodes({}, leads(2, "0:{>abc}")), 1)).toMatchObject({
      leaders: new Map([
        [1, 0],
        [2, 1],
      ]),
    });
  });

  it("Q01 a read below what was committed before it was asked is seen; one that was asked before is not held to it", () => {
    const log = { log: ["0:{>abc}", "1:x"], commit: 2 };
    const world = nodes(log, log);
    const early = pasts.asked(pasts.empty, 1);
    const committed = judge(early, world, 0);
    if (typeof committed === "string") throw new Error(committed);
    const both = pasts.asked(committed, 2);
    expect(judge(both, world, 0, [{ read: 1, index: 1 }])).toMatchObject({ reads: new Map([[2, 2]]) });
    expect(judge(both, world, 0, [{ read: 2, index: undefined }])).toMatchObject({ reads: new Map([[1, 0]]) });
    expect(judge(both, world, 0, [{ read: 2, index: 1 }])).toBe(
      "Q01 a serves a read at index 1, and 2 was committed before it was asked",
    );
  });

  it("I6 a commit that is not on a majority of the disks is seen", () => {
    const world = nodes({ log: ["0:{>abc}", "1:x"], durable: ["0:{>abc}"], commit: 2 }, { log: ["0:{>abc}", "1:x"] });
    expect(judge(pasts.empty, world, 0)).toBe("I6 a committed 1:x at index 2, which is on 1 disks");
  });

  it("I4 I7 what was committed is missed in a new leader, and in a log that commits another entry there", () => {
    const holds = { log: ["0:{>abc}", "1:x"] };
    const committed = judge(pasts.empty, nodes({ ...holds, commit: 2, term: 1 }, holds), 0);
    expect(judge(committed, nodes(holds, holds, leads(2, "0:{>abc}")), 2)).toBe(
      "I4 c leads term 2 without the committed entry 2 (1:x)",
    );
    expect(judge(committed, nodes({}, {}, { log: ["0:{>abc}", "2:y"], commit: 2 }), 2)).toBe(
      "I7 c has 2:y at index 2, where 1:x was committed",
    );
  });

  it("I3 two logs that agree at an index and differ before it are seen", () => {
    const world = nodes({ log: ["0:{>abc}", "1:x", "2:z"] }, { log: ["0:{>abc}", "1:y", "2:z"] });
    expect(judge(pasts.empty, world, 0)).toBe("I3 a and b agree later, but differ at index 2: 1:x and 1:y");
  });
});

describe("the judge of one node", () => {
  const after = (change: (lab: Lab) => void): string | undefined => {
    const lab = new Lab(ids).elect("a");
    lab.take();
    const before = fork(lab);
    change(lab);
    return judgeLocally(before.node("b"), lab.node("b"), lab.wire);
  };
  const vote = { type: "VoteResponse", term: 1, granted: true } as const;

  it("I8 a disk that goes back, or votes twice, is seen", () => {
    const disk = (lab: Lab) => lab.node("b").disk;
    expect(after((lab) => (disk(lab).hardState = { ...disk(lab).hardState, term: 0 }))).toMatch(/^I8 the durable term/);
    const other = { id: "c", incarnation: "x" };
    expect(after((lab) => (disk(lab).hardState = { ...disk(lab).hardState, vote: other }))).toBe(
      "I8 two votes on disk in term 1: a and c",
    );
  });

  it("I12 a word that the disk would contradict after a crash is seen", () => {
    const says = (message: Parameters<Lab["envelope"]>[2]) =>
      after((lab) => lab.wire.push(lab.envelope("b", "c", message)));
    expect(says(vote)).toBe("E02 b grants c a vote that its disk does not hold");
    expect(says({ ...vote, term: 2 })).toBe("E02 b names term 2; its disk knows 1");
    const answer = { type: "AppendEntriesResponse", term: 1, success: true, prevIndex: 0 } as const;
    const rest = { hintIndex: 0, hintTerm: 0, last: 9, needsSnapshot: 0 };
    expect(says({ ...answer, ...rest, match: 9 })).toBe("R07 b acknowledges 9; its disk ends at 2");
    expect(says({ ...answer, ...rest, match: 2 })).toBeUndefined();
  });

  it("R14 an entry that was left out, or applied twice, is seen", () => {
    expect(after((lab) => lab.node("b").applied.push("4:x"))).toBe("R14 applied 4:x at position 3");
    expect(after((lab) => lab.node("b").applied.push("2:x"))).toBe("R14 applied 2:x at position 3");
  });
});
