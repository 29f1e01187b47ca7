import { beforeAll, describe, expect, it } from "vitest";
import { Lab, T } from "../support/lab.js";
import { renamings, textOfNode } from "./canonical.js";
import { fork } from "./clone.js";
import { stateOf } from "./entries.js";
import { Explorer } from "./explorer.js";
import type { Happening, KnownMessage, LocalState, Outcome } from "./local-state.js";
import { LocalStates } from "./local-states.js";
import { NOTHING, type Scope } from "./scope.js";
import { SCOPES } from "./scopes.js";

const scopeCalled = (name: string): Scope => SCOPES.find((scope) => scope.name === name) as Scope;
const DEPTH = 8;
/** Second ways to a state that are followed, of each scope. */
const AGAIN_MAX = 150;

/** A scope as the tests see it: explored once, with second ways to states that it found. */
function explore(name: string) {
  const again: { readonly state: LocalState; readonly table: LocalState["table"] }[] = [];
  let isOver = false;
  const local = new LocalStates(scopeCalled(name), (state, table) => {
    if (!isOver && again.length < AGAIN_MAX) again.push({ state, table });
  });
  const { depthMax } = scopeCalled(name);
  const exploration = new Explorer(scopeCalled(name), local).run({ depthMax: Math.min(DEPTH, depthMax) });
  isOver = true;
  return { exploration, local, again };
}

describe.each(SCOPES)("everything that can happen in a small world: $name", ({ name, about, depthMax }) => {
  let explored: ReturnType<typeof explore>;
  beforeAll(() => {
    explored = explore(name);
  }, 120_000);

  it(`I1 I3 I4 I6 I7 I8 I12 ${about}`, () => {
    const { violation, depth, states } = explored.exploration;
    expect(violation).toBeUndefined();
    expect(depth).toBe(Math.min(DEPTH, depthMax));
    expect(states).toBeGreaterThan(100);
  });

  it("I19 whichever way a node came to a state, it goes on alike", () => {
    const { local, again } = explored;
    let compared = 0;
    for (const { state, table } of again) {
      const twin = { ...state, table, outcomes: new Map<string, Outcome>() };
      for (const [event, outcome] of state.outcomes) {
        const redone = redo(local, twin, event);
        expect(redone.state.number).toBe(outcome.state.number);
        expect(redone.sent.map(numberOf)).toEqual(outcome.sent.map(numberOf));
        expect(redone.answers).toEqual(outcome.answers);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(10);
  });
});

describe("an exploration", () => {
  it("I19 the same scope gives the same numbers", () => {
    const once = () => new Explorer(scopeCalled("crashes")).run({ depthMax: 6 });
    expect(once()).toEqual(once());
  });

  it("I1 a bound on states ends it, and it says how deep it is whole", () => {
    const { states, depth, isComplete } = new Explorer(scopeCalled("elections")).run({ statesMax: 500 });
    expect(states).toBeGreaterThanOrEqual(500);
    expect(depth).toBeLessThan(7);
    expect(isComplete).toBe(false);
  });

  it("I1 a world in which nothing is left to happen is complete", () => {
    const scope: Scope = { ...scopeCalled("elections"), termMax: 1, disk: "prompt" };
    const { isComplete, violation } = new Explorer({ ...scope, budget: { ...NOTHING, timeouts: 1 } }).run({
      depthMax: 100,
    });
    expect(isComplete).toBe(true);
    expect(violation).toBeUndefined();
  });
});

describe("each state once", () => {
  const ids = ["a", "b", "c"];
  const textOf = (lab: Lab, id: string, renaming = 0): string =>
    textOfNode(
      lab.node(id),
      lab.now,
      stateOf(lab.node(id)).log.writeNumber,
      (renamings(ids)[renaming] as ReturnType<typeof renamings>[number]).labels,
    );

  it("I19 a fork goes its own way", () => {
    const lab = new Lab(ids).elect("a");
    const before = textOf(lab, "a");
    const other = fork(lab);
    expect(textOf(other, "a")).toBe(before);
    other.propose("a", "x");
    other.settle();
    expect(other.describe("a").commitIndex).toBe(3);
    expect(textOf(lab, "a")).toBe(before);
    expect(lab.describe("a").commitIndex).toBe(2);
  });

  it("I19 of two forks each does what the original would have done", () => {
    const lab = new Lab(ids).elect("a");
    const copy = fork(lab);
    for (const each of [lab, copy]) {
      each.propose("a", "x");
      each.settle();
      each.timeOut("b");
      each.settle();
    }
    for (const id of ids) expect(textOf(copy, id)).toBe(textOf(lab, id));
  });

  it("I19 generations, write numbers and instants are not in the text; a contact long ago is not one just now", () => {
    const lab = new Lab(ids).elect("a");
    const later = fork(lab);
    later.pass(T / 100);
    later.beat("a");
    later.beat("a");
    expect(textOf(later, "b")).toBe(textOf(lab, "b"));
    const silent = fork(lab);
    silent.pass(3 * T);
    expect(textOf(silent, "b")).not.toBe(textOf(lab, "b"));
  });

  it("I19 what a and b did with their names exchanged is the same", () => {
    const exchanged = renamings(ids).findIndex(({ order }) => order.join() === "1,0,2");
    const byA = new Lab(ids).elect("a");
    const byB = new Lab(ids).elect("b");
    expect(textOf(byB, "b")).not.toBe(textOf(byA, "a"));
    expect(textOf(byB, "b", exchanged)).toBe(textOf(byA, "a"));
    expect(textOf(byB, "a", exchanged)).toBe(textOf(byA, "b"));
  });
});

const numberOf = ({ number }: { readonly number: number }): number => number;

function redo(local: LocalStates, state: LocalState, event: string): Outcome {
  const broken = /^broken (\d+)$/.exec(event);
  if (broken !== null) return local.broken(state, local.messages[Number(broken[1])] as KnownMessage);
  const message = local.messages[Number(event)];
  if (message !== undefined) return local.delivered(state, message);
  const [, what, payload] = /^(propose|read|transfer|change)(.*)$/.exec(event) ?? ["", event, ""];
  return local.happens(state, what as Happening, payload);
}
