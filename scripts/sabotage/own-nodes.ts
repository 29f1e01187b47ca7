import type { Failure } from "./failure.js";

/** Mistakes around the protocol; made here, and found before anybody was hurt. */
export const ownNodeFailures: readonly Failure[] = [
  {
    id: "F-X18",
    what: "a page of large keys did not fit an answer, and the caller got none",
    violates: "LIVE",
    patches: [
      {
        file: "packages/statemachine-kv/src/state/answer-query.ts",
        find: "    if (looked === count || bytes > ANSWER_BYTES_MAX) {",
        replace: "    if (looked === count || bytes < 0) {",
      },
    ],
    tests: ["packages/statemachine-kv/test/queries.test.ts"],
  },
  {
    id: "F-X19",
    what: "after a pause of its own a process took every peer for silent, and broke all its connections at once",
    violates: "LIVE",
    patches: [
      {
        file: "packages/transport-tcp/src/tcp-transport.ts",
        find: "    const judgeMs = isLate ? undefined : nowMs;",
        replace: "    const judgeMs = isLate && nowMs < 0 ? undefined : nowMs;",
      },
    ],
    tests: ["packages/transport-tcp/test/link/link.test.ts", "packages/transport-tcp/test/link/handshake.test.ts"],
  },
  {
    id: "F-X28",
    what: "a witness was started as a full member, and its state machine was given commands without payloads",
    violates: "SMS",
    patches: [
      {
        file: "packages/core/src/node/recovery.ts",
        find: "  if (block?.isBare === true && !(ports.stateMachine instanceof WitnessState)) throw wasWitness();\n",
        replace: "",
      },
    ],
    tests: ["packages/membership/test/witness.test.ts"],
  },
  {
    id: "F-X34",
    what: "commands waited at a hole of the log for a repair, and the snapshot that was sent in place of what nobody held any more waited behind them, for ever",
    violates: "LIVE",
    patches: [
      {
        file: "packages/core/src/components/entry-applier.ts",
        find: "    this.log.readAgain();\n",
        replace: "",
      },
    ],
    tests: ["packages/core/test/components/fsm-caller.test.ts"],
  },
];
