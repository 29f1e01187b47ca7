import type { Failure } from "./failure.js";

const source = (name: string): string => `packages/core/src/protocol/${name}.ts`;
const reads = ["packages/core/test/protocol/reads.test.ts"];
const leases = ["packages/core/test/protocol/lease-reads.test.ts"];

const sessions = ["packages/sessions/test/sessions.test.ts", "packages/sessions/test/conformance.test.ts"];

/** Reads that must not be stale, and commands that must take effect once. */
export const readAndClientFailures: readonly Failure[] = [
  {
    id: "F-L01",
    what: "a new leader served reads before an entry of its own term was committed",
    violates: "LIN",
    patches: [
      {
        file: source("read-only-service"),
        find: "const isOwnTermCommitted = s.commit >= office.firstEntry;",
        replace: "const isOwnTermCommitted = s.commit >= 0;",
      },
    ],
    tests: reads,
    chance: "worlds",
  },
  {
    id: "F-L03",
    what: "a read was confirmed at one commit index and answered at another, taken from the follower's own copy",
    violates: "LIN",
    patches: [
      {
        file: source("asking"),
        find: 'type: "ReadReady", requests: question.readers, index: response.index }',
        replace: 'type: "ReadReady", requests: question.readers, index: s.commit }',
      },
    ],
    tests: reads,
    chance: "worlds",
  },
  {
    id: "F-L04",
    what: "a deposed leader served reads without asking whether it still leads",
    violates: "LIN",
    patches: [
      {
        file: source("check-quorum"),
        find: "    s.isSelf(id) ? office.round : (office.peers.get(id)?.countedRound ?? 0),",
        replace: "    s.isSelf(id) || office.peers.has(id) ? office.round : 0,",
      },
    ],
    tests: reads,
    chance: "worlds",
  },
  {
    id: "F-L05",
    what: "a lease was kept on the wall clock, and a jump backwards kept it fresh",
    violates: "LIN",
    patches: [
      {
        file: "packages/runtime-node/src/node-clock.ts",
        find: "    return performance.now();",
        replace: "    return Date.now();",
      },
    ],
    tests: ["packages/runtime-node/test/host-ports.test.ts"],
  },
  {
    id: "F-L07",
    what: "a lease was counted in ticks, and a stalled process did not notice how long it had been away",
    violates: "LIN",
    patches: [
      {
        file: source("health"),
        find: "  s.leadership?.lease.voidUntilRound(s.leadership.round + 1);\n",
        replace: "",
      },
    ],
    tests: leases,
  },
  {
    id: "F-L08",
    what: "leadership was handed over while the old leader's read lease ran on",
    violates: "LIN",
    patches: [
      {
        file: source("leadership-transfer"),
        find: "  office?.lease.voidUntilCommit(Number.POSITIVE_INFINITY);\n",
        replace: "",
      },
    ],
    tests: leases,
  },
  {
    id: "F-L11",
    what: "reads that were under way were dropped without an answer when leadership changed",
    violates: "LIVE",
    patches: [
      {
        file: source("term"),
        find: "failReads(s, [...office.waitingReads, ...office.readRounds.flatMap((round) => round.readers)], retry);",
        replace: "failReads(s, office.waitingReads, retry);",
      },
    ],
    tests: reads,
  },
  {
    id: "F-L13",
    what: "answers of members that do not vote confirmed a read",
    violates: "LIN",
    patches: [
      {
        file: source("check-quorum"),
        find: "  return s.quorum.reached(s.configurations.current, (id) =>\n    s.isSelf(id) ? office.round",
        replace:
          "  const voters = s.configurations.current.members.map(({ id }) => id);\n  return s.quorum.reached({ ...s.configurations.current, voters }, (id) =>\n    s.isSelf(id) ? office.round",
      },
    ],
    tests: reads,
  },
  {
    id: "F-C01",
    what: "the session table was not part of the snapshot",
    violates: "EO",
    patches: [
      {
        file: "packages/sessions/src/session-state-machine.ts",
        find: "    this.table = table;",
        replace: "    this.table = new SessionTable();\n    this.table.options = table.options;",
      },
    ],
    tests: sessions,
    chance: "simulator",
  },
  {
    id: "F-C02",
    what: "duplicates were looked for where commands are proposed, and a retry at the new leader was applied twice",
    violates: "EO",
    patches: [
      {
        file: "packages/sessions/src/session-table.ts",
        find: "    if (before !== undefined) return { result: before, isNew: false };",
        replace: "    if (before !== undefined && sequence < 0) return { result: before, isNew: false };",
      },
      {
        file: "packages/server/src/door/door-peer.ts",
        find: "  private readonly answers: DoorAnswers<Result, Answer>;\n",
        replace:
          "  private readonly answers: DoorAnswers<Result, Answer>;\n  private readonly seen = new Set<string>();\n",
      },
      {
        file: "packages/server/src/door/door-peer.ts",
        find: "        case RequestKind.sessionCommand:\n",
        replace:
          "        case RequestKind.sessionCommand:\n          if (this.seen.has(String(bytes.subarray(0, 18)))) return;\n          this.seen.add(String(bytes.subarray(0, 18)));\n",
      },
    ],
    tests: ["packages/sessions/test/sessions.test.ts", "packages/server/test/door-sessions.test.ts"],
    chance: "simulator",
  },
  {
    id: "F-C04",
    what: "what expires was judged by each replica's own clock, and replicas differed",
    violates: "SMS",
    patches: [
      {
        file: "packages/statemachine-kv/src/kv-state-machine.ts",
        find: "Math.max(this.space.logTimeMs, logTimeMs);",
        replace: "Math.max(this.space.logTimeMs, logTimeMs, Date.now());",
      },
    ],
    tests: ["packages/statemachine-kv/test/expiry.test.ts", "packages/statemachine-kv/test/conformance.test.ts"],
  },
];
