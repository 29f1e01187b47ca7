import type { Proof } from "./proof.js";

const TESTING = "packages/testing";
const KV = "packages/statemachine-kv";
const watched = [`${TESTING}/test/determinism/watch-determinism.test.ts`];

/** F07: what differs between replicas is found where it is asked for, and our own state machine asks for none of it. */
export const determinismProofs: readonly Proof[] = [
  {
    rule: "F07",
    file: `${KV}/src/kv-state-machine.ts`,
    find: "Math.max(this.space.logTimeMs, logTimeMs);",
    replace: "Math.max(this.space.logTimeMs, logTimeMs, Date.now());",
    tests: [`${KV}/test/conformance.test.ts`],
  },
  {
    // The law counts what it is told, and lets it pass.
    rule: "F07",
    file: `${TESTING}/src/conformance/state-machine-laws.ts`,
    find: 'same(told, [], "told");',
    replace: 'same(told.slice(told.length), [], "told");',
    tests: [`${TESTING}/test/conformance/state-machine.test.ts`],
  },
  {
    rule: "F07",
    file: `${TESTING}/src/determinism/watched-calls.ts`,
    find: '    ...all("asked", Math, "Math.", ["random"]),\n',
    replace: "",
    tests: watched,
  },
  {
    // Only the clock that is asked by its name is one.
    rule: "F07",
    file: `${TESTING}/src/determinism/watched-calls.ts`,
    find: "return args.length > 0 ? made()",
    replace: "return args.length >= 0 ? made()",
    tests: watched,
  },
  {
    // What was imported from Node.js by its name is asked unseen.
    rule: "F07",
    file: `${TESTING}/src/determinism/watched-calls.ts`,
    find: '    this.restores = places().map((place) => this.replace(place));\n    builtin("node:module")?.syncBuiltinESMExports();\n',
    replace: "    this.restores = places().map((place) => this.replace(place));\n",
    tests: watched,
  },
  {
    // The first function stays replaced for ever.
    rule: "F07",
    file: `${TESTING}/src/determinism/watched-calls.ts`,
    find: "for (const restore of this.restores.toReversed()) restore();",
    replace: "for (const restore of this.restores.slice(1)) restore();",
    tests: watched,
  },
  {
    // Behind an await nobody knows who asks.
    rule: "F07",
    file: `${TESTING}/src/determinism/applying.ts`,
    find: "return hooks === undefined ?",
    replace: "return hooks === undefined || hooks.executionAsyncId() >= 0 ?",
    tests: watched,
  },
  {
    // Work that waits for a promise is no work.
    rule: "F07",
    file: `${TESTING}/src/determinism/begun-work.ts`,
    find: "if (!isContinuation && !REQUEST.test(type)) return;",
    replace: "if (isContinuation || !REQUEST.test(type)) return;",
    tests: watched,
  },
  {
    // Each time the same line is told of again.
    rule: "F07",
    file: `${TESTING}/src/determinism/watch-determinism.ts`,
    find: "if (told.has(place) || told.size >= reportsMax) continue;",
    replace: "if (told.size >= reportsMax) continue;",
    tests: watched,
  },
  {
    // Replicas that differ are found, and nobody says why they do.
    rule: "F07",
    file: `${TESTING}/src/simulator/simulate.ts`,
    find: "const { watchesDeterminism = true, releases } = options;",
    replace: "const { watchesDeterminism = false, releases } = options;",
    tests: [`${TESTING}/test/simulator/simulate.test.ts`],
  },
];
