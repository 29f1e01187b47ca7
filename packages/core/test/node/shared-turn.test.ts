import { describe, expect, it } from "vitest";
import { DRAINS_PER_TURN_MAX, SharedTurn } from "../../src/node/shared-turn.js";

function table() {
  const macrotasks: (() => void)[] = [];
  const said: string[] = [];
  const turn = new SharedTurn(
    { schedule: (drain) => macrotasks.push(drain) },
    { ended: () => said.push("flush"), failed: (error) => said.push(String(error)) },
  );
  return { turn, macrotasks, said, next: () => macrotasks.shift()?.() };
}

describe("SharedTurn", () => {
  it("G01 the drains of all groups are one macrotask, and what they said leaves once, at its end", () => {
    const { turn, macrotasks, said, next } = table();
    turn.schedule(() => said.push(`a ${turn.isRunning}`));
    turn.schedule(() => {
      said.push("b");
      turn.schedule(() => said.push("b again"));
    });
    expect(macrotasks).toHaveLength(1);
    next();
    expect(said).toEqual(["a true", "b", "flush"]);
    expect(turn.isRunning).toBe(false);
    next();
    expect(said.slice(3)).toEqual(["b again", "flush"]);
    expect(macrotasks).toHaveLength(0);
  });

  it("G03 a drain that throws is told of, and the others run", () => {
    const { turn, said, next } = table();
    turn.schedule(() => {
      throw new Error("boom");
    });
    turn.schedule(() => said.push("other"));
    next();
    expect(said).toEqual(["Error: boom", "other", "flush"]);
  });

  it("G01 a turn has a bound: timers and sockets are let in between", () => {
    const { turn, macrotasks, said, next } = table();
    for (let i = 0; i < DRAINS_PER_TURN_MAX + 3; i++) turn.schedule(() => said.push("drain"));
    next();
    expect(said).toHaveLength(DRAINS_PER_TURN_MAX + 1);
    expect(macrotasks).toHaveLength(1);
    next();
    expect(said.slice(DRAINS_PER_TURN_MAX + 1)).toEqual(["drain", "drain", "drain", "flush"]);
  });
});
