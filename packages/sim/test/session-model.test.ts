import { Rejected } from "@hexraft/core";
import { InSession, OpenSession, SessionOpened, SessionRefused, sessionNumber } from "@hexraft/sessions";
import { History, type Model } from "@hexraft/testing/simulator";
import { describe, expect, it } from "vitest";
import { saidOnce } from "../src/session-history.js";
import { withSessions } from "../src/session-model.js";

const TTL_MS = 1_000;
const sum: Model<number, number, "sum"> = {
  initial: () => 0,
  apply: (state, by) => ({ state: state + by, result: state + by }),
  read: (state) => state,
};
const nonce = (byte: number): Uint8Array => new Uint8Array(16).fill(byte);
/** What `nonce(1)` opens at the first index. */
const SESSION = sessionNumber(nonce(1), 1);

/** What each command resulted in, an index and 100 ms of log time after the other, and the sum in the end. */
function run(...commands: readonly (number | OpenSession | InSession<number> | "nap")[]): readonly unknown[] {
  const model = withSessions(sum, TTL_MS);
  let state = model.initial();
  let logTimeMs = 0;
  const results = commands.map((command, at) => {
    logTimeMs += command === "nap" ? TTL_MS : 100;
    if (command === "nap") return command;
    const step = model.apply(state, command, { index: at + 1, logTimeMs });
    state = step.state;
    return step.result instanceof SessionRefused ? step.result.refusal : step.result;
  });
  return [...results, model.read(state, "sum")];
}

describe("what sessions should do, as a model", () => {
  it("I14 C03 does each number once, and tells its result again", () => {
    const twice = new InSession(SESSION, 1, 1, 5);
    const opened = new SessionOpened(SESSION, TTL_MS);
    expect(run(new OpenSession(nonce(1)), twice, 2, twice)).toEqual([opened, 5, 7, 5, 7]);
  });

  it("I14 C03 a registration that comes again is the same session", () => {
    const opened = new SessionOpened(SESSION, TTL_MS);
    expect(run(new OpenSession(nonce(1)), new OpenSession(nonce(1)), 3)).toEqual([opened, opened, 3, 3]);
  });

  it("I14 C03 does nothing below what its client wants an answer to", () => {
    const late = new InSession(SESSION, 1, 1, 5);
    expect(run(new OpenSession(nonce(1)), new InSession(SESSION, 2, 2, 1), late).slice(1)).toEqual([
      1,
      "AlreadyAcknowledged",
      1,
    ]);
  });

  it("I14 C04 forgets who says nothing for so long in log time, and only who says nothing", () => {
    const [first, second] = [new InSession(SESSION, 1, 1, 5), new InSession(SESSION, 2, 2, 5)];
    expect(run(new OpenSession(nonce(1)), first, "nap", second).at(-2)).toBe("SessionExpired");
    const awake = [...Array(15)].map((_, at) => new InSession(SESSION, at + 1, at + 1, 1));
    expect(run(new OpenSession(nonce(1)), ...awake).at(-1)).toBe(15);
  });
});

describe("the history of clients with sessions", () => {
  const gone = new Rejected("SessionExpired", "gone");

  type Try = readonly ["ok" | "refused" | "unknown", unknown?];

  function tried(...outcomes: readonly Try[]) {
    const history = new History();
    const command = new InSession(1, 1, 1, "add");
    for (const [outcome, output] of outcomes)
      history.end(history.begin(1, { kind: "apply", command }, "n1", 0), outcome, output);
    return saidOnce(history.operations).map(({ act, outcome, output, invokedAt, returnedAt }) => ({
      command: act.kind === "apply" && act.command,
      outcome,
      output,
      invokedAt,
      returnedAt,
    }));
  }

  it("I15 C03 a command is one, from its first try to its first answer", () => {
    const all = tried(["unknown"], ["refused"], ["ok", 7], ["ok", 7]);
    expect(all).toEqual([{ command: "add", outcome: "ok", output: 7, invokedAt: 0, returnedAt: 4 }]);
  });

  it("I15 C04 it is refused only if each of its tries did nothing", () => {
    const outcomeOf = (...outcomes: readonly Try[]): unknown => tried(...outcomes)[0]?.outcome;
    expect(outcomeOf(["refused"], ["ok", gone])).toBe("refused");
    expect(outcomeOf(["unknown"], ["ok", gone])).toBe("unknown");
    expect(outcomeOf(["refused"], ["unknown"])).toBe("unknown");
  });
});
