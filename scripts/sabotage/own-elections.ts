import type { Failure } from "./failure.js";

const source = (name: string): string => `packages/core/src/protocol/${name}.ts`;
const tests = (...names: string[]): string[] => names.map((name) => `packages/core/test/protocol/${name}.test.ts`);

/** Mistakes about who leads, who votes, and what a reader may believe of it; made here, and found before anybody was hurt. */
export const ownElectionFailures: readonly Failure[] = [
  {
    id: "F-X01",
    what: "pre-vote rounds began at 0 with each start: a grant to the run before a crash counted in the first round after it",
    violates: "ES",
    patches: [
      {
        file: source("state"),
        find: "    this.round = start.identity.startNumber * 2 ** 32;",
        replace: "    this.round = 0;",
      },
    ],
    tests: tests("pre-vote"),
    chance: "worlds",
  },
  {
    id: "F-X02",
    what: "questions for a read index began at 1 with each start: an answer to the run before a crash answered a read after it, with an index from before it",
    violates: "LIN",
    patches: [{ file: source("asking"), find: "s.identity.startNumber * 2 ** 32 + counter", replace: "counter" }],
    tests: tests("reads", "forwarding"),
    chance: "worlds",
  },
  {
    id: "F-X09",
    what: "a leader that nobody had answered for exactly T stayed, and its voters were free already",
    violates: "LIN",
    patches: [{ file: source("leadership"), find: "  if (silentMs >= s.T) {", replace: "  if (silentMs > s.T) {" }],
    tests: tests("check-quorum"),
  },
  {
    id: "F-X10",
    what: "a candidate whose state machine had faulted went on campaigning, and could win",
    violates: "LIVE",
    patches: [
      {
        file: source("health"),
        find: '  if (s.role !== "follower") becomeFollower(s, null, s.faulted);',
        replace: '  if (s.role === "leader") becomeFollower(s, null, s.faulted);',
      },
    ],
    tests: tests("campaigning", "elections", "terms", "commit"),
  },
  {
    id: "F-X11",
    what: "messages overtook the hard state that was on its way to the disk, and named a term that a crash then took back",
    violates: "ES",
    patches: [
      {
        file: source("outbox"),
        find: "    if (this.hardStatePending) this.writing().then.push(send);\n    else this.effects = added(this.effects, send);",
        replace:
          "    if (this.draft?.hardState !== undefined) this.writing().then.push(send);\n    else this.effects = added(this.effects, send);",
      },
    ],
    tests: tests("outbox", "elections"),
    chance: "worlds",
  },
  {
    id: "F-X20",
    what: "a lease lasted as long as the voters' promise, and no less, on clocks that do not go alike",
    violates: "LIN",
    patches: [
      {
        file: "packages/core/src/protocol/lease.ts",
        find: "s.T - s.options.clockDriftMs;",
        replace: "s.T;",
      },
    ],
    tests: ["packages/core/test/protocol/lease-reads.test.ts"],
  },
  {
    id: "F-X21",
    what: "an operator made a node stand that had just given its leader a lease, and its own ballot counted",
    violates: "LIN",
    patches: [
      {
        file: "packages/core/src/protocol/election.ts",
        find: "castBallot(s, s.identity.id, !hearsLeader(s));",
        replace: "castBallot(s, s.identity.id, s.now >= 0 || hearsLeader(s));",
      },
    ],
    tests: ["packages/core/test/protocol/lease-reads.test.ts"],
  },
  {
    id: "F-X22",
    what: "a read of bounded age trusted the instant at which a heartbeat came, and it had been on its way for minutes",
    violates: "LIN",
    patches: [
      {
        file: "packages/core/src/protocol/freshness.ts",
        find: "at: answer.at - standing.ageMs,",
        replace: "at: now - standing.ageMs,",
      },
    ],
    tests: ["packages/core/test/protocol/bounded-reads.test.ts"],
  },
  {
    id: "F-X24",
    what: "a node that had lost entries of its log voted with what was left, and helped one into office that had never had them",
    violates: "LC, DUR",
    patches: [{ file: source("voting"), find: "  if (!s.isWhole) return false;\n", replace: "" }],
    tests: tests("log-repair"),
  },
];
