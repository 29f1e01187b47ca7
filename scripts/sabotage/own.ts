import type { Failure } from "./failure.js";

const source = (name: string): string => `packages/core/src/protocol/${name}.ts`;
const tests = (...names: string[]): string[] => names.map((name) => `packages/core/test/protocol/${name}.test.ts`);
const log = (name: string): string => `packages/storage-file/src/log/${name}.ts`;
const logTests = (...names: string[]): string[] =>
  names.map((name) => `packages/storage-file/test/log/${name}.test.ts`);

/** Mistakes that were made here, and found before anybody was hurt. */
export const ownFailures: readonly Failure[] = [
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
    id: "F-X03",
    what: "a leader counted itself by name, also where the configuration means another incarnation of it",
    violates: "CFG, DUR",
    patches: [
      {
        file: source("state"),
        find: "      id === this.identity.id && memberOf(this.configurations.current, id)?.incarnation === this.identity.incarnation\n",
        replace: "      id === this.identity.id\n",
      },
    ],
    tests: tests("commit", "check-quorum", "reads"),
  },
  {
    id: "F-X04",
    what: "a copy of a snapshot offer began the transfer a second time, and cut off the bytes that came in",
    violates: "LIVE",
    patches: [
      {
        file: source("snapshot-installing"),
        find: '    if (isSameNumber && sameReplica(running.from, leader)) return s.drop("snapshot offer seen before");\n',
        replace: '    if (running.transfer < 0 && sameReplica(running.from, leader)) return s.drop("never");\n',
      },
    ],
    tests: tests("snapshot-installing"),
    chance: "simulator",
  },
  {
    id: "F-X05",
    what: "two leaders numbered their snapshot transfers alike, and the last word of the old one ended the new one",
    violates: "SMS",
    patches: [
      {
        file: source("snapshot-installing"),
        find: '    if (isSameNumber) return answer(s, leader, transfer, "failed");\n',
        replace: "",
      },
    ],
    tests: tests("snapshot-installing"),
    chance: "simulator",
  },
  {
    id: "F-X06",
    what: "a snapshot that had brought its receiver nothing was offered again at once, in a circle",
    violates: "LIVE",
    patches: [
      {
        file: source("snapshot-sending"),
        find: "    const news = peer.matched(response.match, s.now);\n",
        replace: "    peer.matched(response.match, s.now);\n",
      },
      {
        file: source("snapshot-sending"),
        find: "    peer.probeSent = !news;\n",
        replace: "",
      },
    ],
    tests: tests("snapshot-flow", "snapshot-installing"),
    chance: "simulator",
  },
  {
    id: "F-X07",
    what: "whether a peer's log is the shorter one was asked of a term that may be compacted away: a follower below the log was probed entry by entry, down to the beginning",
    violates: "LIVE",
    patches: [
      {
        file: source("replicator-group"),
        find: "  const { prevIndex, hintIndex, hintTerm, last } = response;\n",
        replace:
          "  const { prevIndex, hintIndex, hintTerm, last } = response;\n  const isShorter = hintIndex < prevIndex && s.log.termAt(hintIndex) === hintTerm;\n",
      },
      {
        file: source("replicator-group"),
        find: "  const bound = last < prevIndex ? hintIndex : prevIndex - 1;\n",
        replace: "  const bound = isShorter ? hintIndex : Math.min(prevIndex - 1, s.log.last.index);\n",
      },
    ],
    tests: tests("refusals", "replicator"),
  },
  {
    id: "F-X08",
    what: "a probe that got lost began again at the beginning of the log: a flap after an election cost every follower a snapshot",
    violates: "LIVE",
    patches: [
      {
        file: source("replicator-group"),
        find: 'peer.becomeProbe(peer.state === "probe" ? peer.next : peer.match + 1)',
        replace: "peer.becomeProbe(peer.match + 1)",
      },
    ],
    tests: tests("replicator", "snapshot-flow", "refusals"),
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
        find: "    if (this.hardStatePending) this.writing().then.push(send);\n    else this.effects.push(send);",
        replace:
          "    if (this.draft?.hardState !== undefined) this.writing().then.push(send);\n    else this.effects.push(send);",
      },
    ],
    tests: tests("outbox", "elections"),
    chance: "worlds",
  },
  {
    id: "F-X12",
    what: "a write that came while the writer was putting its work away woke nobody, and waited for ever",
    violates: "LIVE",
    patches: [
      {
        file: log("log-writer"),
        find: "      this.running = true;\n      this.drained = this.drain();\n",
        replace:
          "      this.running = true;\n      this.drained = this.drain().finally(() => {\n        this.running = false;\n      });\n",
      },
      {
        file: log("log-writer"),
        find: "    } finally {\n      this.running = false;\n    }\n  }\n",
        replace: "    }\n  }\n",
      },
    ],
    tests: logTests("write-and-read"),
    chance: "simulator",
  },
  {
    id: "F-X13",
    what: "what a host that had failed to sync still showed was taken for durable after the next start, and was gone after the crash behind it",
    violates: "DUR",
    patches: [
      {
        file: log("recovery"),
        find: "  writeAgain(active, scan.lastBatchAt, active.end);\n",
        replace: "  if (scan.lastBatchAt < 0) writeAgain(active, scan.lastBatchAt, active.end);\n",
      },
    ],
    tests: logTests("failed-sync"),
    chance: "simulator",
  },
  {
    id: "F-X14",
    what: "where the segments that held them were gone, a log that was opened again had entries of a term that they never had",
    violates: "LM",
    patches: [
      {
        file: log("log-state"),
        find: "          this.runs = [{ first: operation.id.index, term: operation.id.term }];\n",
        replace: "",
      },
      {
        file: log("log-state"),
        find: "    const isKnown = covering !== undefined && base.index < this.last.index;\n    const next = isKnown ? [{ first: base.index + 1, term: covering.term }] : [];\n",
        replace:
          "    const term = covering?.term ?? this.base.term;\n    const next = base.index < this.last.index ? [{ first: base.index + 1, term }] : [];\n",
      },
    ],
    tests: logTests("terms-after-compaction"),
    chance: "simulator",
  },
  {
    id: "F-X15",
    what: "a write torn inside the padding of its batch passed for whole where a file is used again, and every reader stopped at the old bytes there",
    violates: "DUR",
    patches: [
      {
        file: log("batch-reader"),
        find: "if (offset > end || !isZero(window.bytes, offset - window.from, end - offset))",
        replace: "if (offset > end || window.bytes.length < 0)",
      },
    ],
    tests: logTests("torn-tail", "crash"),
  },
  {
    id: "F-X16",
    what: "a disk too full for the zeros that are laid ahead ended the log, while it had room for what was asked",
    violates: "LIVE",
    patches: [
      {
        file: log("segment-files"),
        find: '      if (!NO_ROOM.has(codeOf(error) ?? "")) throw error;',
        replace: "      if (!NO_ROOM.has(codeOf(error) ?? NO_ROOM.toString()) || this.writeAhead) throw error;",
      },
    ],
    tests: logTests("faults"),
  },
  {
    id: "F-X17",
    what: "a group called identity, or .., had its files where those of the directory are",
    violates: "DUR",
    patches: [
      {
        file: "packages/storage-file/src/data-directory.ts",
        find: "    if (RESERVED.test(group))",
        replace: '    if (group === "" && RESERVED.test(group))',
      },
    ],
    tests: logTests("identity"),
  },
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
    id: "F-X23",
    what: "what an earlier transfer had left of a snapshot was believed unseen, and had rotted",
    violates: "SMS",
    patches: [
      {
        file: "packages/storage-file/src/snapshots/snapshot-draft.ts",
        find: "    await this.proof;\n    if (this.rot !== undefined) throw this.rot;\n    await this.sync;",
        replace: "    await this.proof;\n    await this.sync;",
      },
    ],
    tests: ["packages/storage-file/test/snapshots/file-snapshot-storage.test.ts"],
  },
  {
    id: "F-X24",
    what: "a node that had lost entries of its log voted with what was left, and helped one into office that had never had them",
    violates: "LC, DUR",
    patches: [{ file: source("voting"), find: "  if (!s.isWhole) return false;\n", replace: "" }],
    tests: tests("log-repair"),
  },
  {
    id: "F-X25",
    what: "lost entries were taken from whoever answered first, and its log was another one",
    violates: "LM, SMS",
    patches: [
      {
        file: source("log-repair"),
        find: "return message.prevTerm === before && (meetsBehind || isCommitted) && message.blocks.every(fits);",
        replace: "return message.prevTerm === before;",
      },
    ],
    tests: tests("log-repair"),
  },
  {
    id: "F-X26",
    what: "a read that met lost entries said that the disk is damaged and not which entries are lost: the node stopped, and asked nobody",
    violates: "LIVE",
    patches: [
      {
        file: log("log-reader"),
        find: "      if (this.damage.at(range.from) !== undefined) return undefined;\n",
        replace: "      if (this.damage.at(range.from) !== undefined) throw error;\n",
      },
    ],
    tests: logTests("repair"),
  },
  {
    id: "F-X27",
    what: "a full member took a witness's entries, and held commands without their payloads for the real ones",
    violates: "SMS",
    patches: [
      {
        file: source("append-entries"),
        find: '  if (!s.options.witness && blocks.some(({ isBare }) => isBare)) return s.drop("entries without payloads");\n',
        replace: "",
      },
    ],
    tests: tests("witness"),
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
    id: "F-X29",
    what: "a log came up behind damage with the vote that was newest before it, and its node voted twice in a term",
    violates: "ES",
    patches: [
      {
        file: log("segment-scan"),
        find: "    state.hardState = hardState;\n",
        replace: "    if (state.hardState.term > hardState.term) state.hardState = hardState;\n",
      },
    ],
    tests: logTests("forgotten"),
  },
  {
    id: "F-X30",
    what: "a node that had forgotten what it acknowledged was restarted before that was made up for, and counted as if it were whole",
    violates: "DUR, LC",
    patches: [
      {
        file: log("file-log-storage"),
        find: "    if (gone !== undefined) await forgotten.add(gone, book.active.number);\n",
        replace: "    forgotten.hole ??= gone && { ...gone, file: book.active.path };\n",
      },
    ],
    tests: logTests("forgotten"),
  },
  {
    id: "F-X31",
    what: "a leader went on counting a follower that had said that its disk forgot what it acknowledged",
    violates: "DUR",
    patches: [
      {
        file: source("replicator-group"),
        find: "    peer.begunAnew();\n",
        replace: "    peer.forgotInStart = peer.answeredInStart;\n",
      },
    ],
    tests: tests("forgotten"),
  },
  {
    id: "F-X32",
    what: "a witness was sent what nobody else had on a disk yet: its leader lost power, and nobody could be elected without the witness's vote",
    violates: "LIVE",
    patches: [
      {
        file: source("replicator-group"),
        find: "  const heldUpTo = isWitness(s, peer) ? heldByAnHeir(s) : s.log.last.index;\n",
        replace:
          "  const heldUpTo = isWitness(s, peer) ? Math.max(heldByAnHeir(s), s.log.last.index) : s.log.last.index;\n",
      },
    ],
    tests: [...tests("witness"), "packages/sim/test/kept-seeds.test.ts"],
    chance: "simulator",
  },
];
