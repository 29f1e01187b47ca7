import type { Failure } from "./failure.js";

const source = (name: string): string => `packages/core/src/protocol/${name}.ts`;
const tests = (...names: string[]): string[] => names.map((name) => `packages/core/test/protocol/${name}.test.ts`);

/** The log, its commit, and what becomes of those who wait for it. */
export const replicationFailures: readonly Failure[] = [
  {
    id: "F-R01",
    what: "an entry of an older term was committed by counting its copies",
    violates: "LC, SMS",
    patches: [
      {
        file: source("ballot-box"),
        find: "if (index > s.commit && s.log.termAt(index) === s.term) advanceCommit(s, index);",
        replace: "if (index > s.commit) advanceCommit(s, index);",
      },
    ],
    tests: tests("commit"),
    chance: "worlds",
  },
  {
    id: "F-R04",
    what: "a batch that holds a configuration was committed under the quorum of before it",
    violates: "CFG",
    patches: [
      {
        file: source("ballot-box"),
        find: "s.quorum.reached(s.configurations.current, (id) =>",
        replace: "s.quorum.reached(s.configurations.at(s.commit).configuration, (id) =>",
      },
    ],
    tests: tests("configuration-change"),
  },
  {
    id: "F-R05",
    what: "a follower acknowledged its own last index instead of what the message brought",
    violates: "LC, SMS",
    patches: [
      {
        file: source("append-entries"),
        find: "s.verified = Math.max(s.verified, lastNew <= s.commit ? s.commit : lastNew);",
        replace: "s.verified = s.log.last.index;",
      },
    ],
    tests: tests("append-entries"),
    chance: "worlds",
  },
  {
    id: "F-R07",
    what: "after compaction an append from the very beginning matched, and entries that were there already were taken again",
    violates: "SMS",
    patches: [
      {
        file: source("append-entries"),
        find: "let index = Math.max(block.first, s.commit + 1);",
        replace: "let index = block.first;",
      },
    ],
    tests: tests("append-entries"),
    chance: "worlds",
  },
  {
    id: "F-R10",
    what: "the commit index went back with a delayed message",
    violates: "SMS",
    patches: [
      {
        file: source("append-entries"),
        find: "  if (commit > s.commit) advanceCommit(s, commit);",
        replace: "  s.commit = commit;",
      },
    ],
    tests: tests("append-entries", "commit"),
    chance: "worlds",
  },
  {
    id: "F-R11",
    what: "a leader's knowledge of a follower went back with a reordered answer",
    violates: "LIVE, LC",
    patches: [
      {
        file: source("replicator"),
        find: "const news = match > this.match;",
        replace: "const news = match !== this.match;",
      },
    ],
    tests: tests("replicator"),
    chance: "worlds",
  },
  {
    id: "F-R12",
    what: "the next index stayed at or below the match after a success",
    violates: "LIVE",
    patches: [
      { file: source("replicator"), find: "    if (match >= this.next) this.next = match + 1;\n", replace: "" },
    ],
    tests: tests("replicator"),
    chance: "worlds",
  },
  {
    id: "F-R19",
    what: "a caller was answered by index alone, with the result of the entry that had replaced its own",
    violates: "LIN, DUR",
    patches: [
      {
        file: "packages/core/src/components/closure-queue.ts",
        find: "        this.answer(block.term, from, to, results, from - first);",
        replace: "        this.answer(this.pending[0]?.term ?? block.term, from, to, results, from - first);",
      },
    ],
    tests: ["packages/core/test/components/closure-queue.test.ts"],
    chance: "simulator",
  },
  {
    id: "F-R20",
    what: "a write that ended after its entries were overwritten made the new ones count as durable",
    violates: "DUR",
    patches: [
      {
        file: source("raft-log"),
        find: "    for (const write of this.writes) write.lastDurable = Math.min(write.lastDurable, to);\n",
        replace: "",
      },
    ],
    tests: tests("append-entries"),
    chance: "worlds",
  },
  {
    id: "F-R21",
    what: "asked for the term of an entry beyond the end, the term cache gave its last one",
    violates: "LM",
    patches: [
      {
        file: source("term-runs"),
        find: "    if (index < this.base.index || index > this.lastIndex) return undefined;",
        replace: "    if (index < this.base.index) return undefined;",
      },
    ],
    tests: tests("raft-log", "append-entries"),
    chance: "worlds",
  },
  {
    id: "F-R22",
    what: "of two writes that ended out of order, the older one overwrote what the newer one had made known",
    violates: "LIVE",
    patches: [
      {
        file: source("outbox"),
        find: "    this.persistedUpTo = Math.max(this.persistedUpTo, number);",
        replace: "    this.persistedUpTo = number;",
      },
    ],
    tests: tests("outbox"),
  },
  {
    id: "F-R25",
    what: "an entry's buffer was used again while it was still on its way out",
    violates: "LM",
    patches: [
      {
        file: "packages/transport-tcp/src/wire/frame.ts",
        find: "  const head = new Uint8Array(FRAME_HEAD_BYTES + envelope.length);",
        replace: "  const head = REUSED.subarray(0, FRAME_HEAD_BYTES + envelope.length);",
      },
      {
        file: "packages/transport-tcp/src/wire/frame.ts",
        find: "export function encodeFrame(",
        replace: "const REUSED = new Uint8Array(65_536);\nexport function encodeFrame(",
      },
    ],
    tests: ["packages/transport-tcp/test/wire/message-frame.test.ts"],
  },
];
