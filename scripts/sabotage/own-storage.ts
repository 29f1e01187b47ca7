import type { Failure } from "./failure.js";

const log = (name: string): string => `packages/storage-file/src/log/${name}.ts`;
const logTests = (...names: string[]): string[] =>
  names.map((name) => `packages/storage-file/test/log/${name}.test.ts`);

/** Mistakes about what a disk holds; made here, and found before anybody was hurt. */
export const ownStorageFailures: readonly Failure[] = [
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
    id: "F-X33",
    what: "a torn tail was cut in the host's cache alone, as the sync behind the cut failed; the foot was laid amid the file, and after the next power cut the node could not start",
    violates: "LIVE, DUR",
    patches: [
      {
        file: log("recovery"),
        find: "    handle.truncate(size + 1);\n    handle.truncate(size);\n",
        replace: "    if (size < 0) handle.truncate(size);\n",
      },
    ],
    tests: logTests("failed-sync"),
  },
];
