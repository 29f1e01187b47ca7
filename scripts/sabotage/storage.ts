import type { Failure } from "./failure.js";

const log = (name: string): string => `packages/storage-file/src/log/${name}.ts`;
const logTests = (...names: string[]): string[] =>
  names.map((name) => `packages/storage-file/test/log/${name}.test.ts`);
/** Every crash in a replica's lives: `pnpm crash-points`, in part. */
const crashPoints = "packages/storage-file/test/crash-points/crash-points.test.ts";
const recovery = ["packages/core/test/node/recovery.test.ts"];

/** Disks, crashes and what is found afterwards. */
export const storageFailures: readonly Failure[] = [
  {
    id: "F-D01",
    what: "a new file was not made durable in its directory, and was gone after a crash",
    violates: "DUR",
    patches: [
      {
        file: log("segment-files"),
        find: "    this.files.rename(draft, this.path(number));\n    await this.files.syncDirectory(this.directory);\n",
        replace: "    this.files.rename(draft, this.path(number));\n",
      },
    ],
    tests: [crashPoints],
    chance: "simulator",
  },
  {
    id: "F-D02",
    what: "the log went on in a new file while the end of the old one was not durable",
    violates: "DUR",
    patches: [
      {
        file: log("log-writer"),
        find: "    await active.handle.datasync();\n    this.book.push(next);",
        replace: "    this.book.push(next);",
      },
    ],
    tests: logTests("crash"),
    chance: "simulator",
  },
  {
    id: "F-D04",
    what: "damage in the middle of the log was cut off like a torn tail",
    violates: "DUR, LC",
    patches: [
      {
        file: log("segment-scan"),
        find: "      if (tail.sealedUpTo <= at) return;\n",
        replace: "      if (tail.sealedUpTo <= Number.MAX_SAFE_INTEGER) return;\n",
      },
    ],
    tests: logTests("torn-tail", "faults"),
  },
  {
    id: "F-D05",
    what: "after a crash the log was appended to behind its torn tail, and what was durable there could never be read",
    violates: "DUR",
    patches: [
      {
        file: log("recovery"),
        find: "  const { handle } = segment;\n  const length",
        replace: "  const { handle } = segment;\n  segment.end = Math.ceil(scan.tornUpTo / 64) * 64;\n  const length",
      },
    ],
    tests: [crashPoints],
    chance: "simulator",
  },
  {
    id: "F-D08",
    what: "term and vote were written one after the other, and a crash in between left a pair that never was",
    violates: "ES",
    patches: [
      {
        file: log("file-log-storage"),
        find: "      return this.append(write);",
        replace:
          "      const { hardState } = write;\n      const vote = this.book?.state.hardState.vote ?? null;\n      if (hardState !== undefined) this.append({ hardState: { ...hardState, vote } }).catch(() => {});\n      return this.append(write);",
      },
    ],
    tests: logTests("crash"),
  },
  {
    id: "F-D09",
    what: "a shorter suffix was written over a longer one, and stale entries stood behind the new end",
    violates: "LM, SMS",
    patches: [
      {
        file: log("write-plan"),
        find: "    operations.push({ kind: RecordKind.truncate, index: write.truncateFrom });\n",
        replace: "",
      },
    ],
    tests: [crashPoints],
  },
  {
    id: "F-D10",
    what: "a node whose disk was wiped came back under its old name and voted",
    violates: "LC, DUR",
    patches: [
      {
        file: "packages/core/src/model/configuration.ts",
        find: "return isVoter(configuration, replica.id) && memberOf(configuration, replica.id)?.incarnation === replica.incarnation;",
        replace: "return isVoter(configuration, replica.id);",
      },
    ],
    tests: ["packages/core/test/model/configuration.test.ts", "packages/core/test/protocol/voting.test.ts"],
  },
  {
    id: "F-D11",
    what: "a damaged snapshot was skipped in silence at a restart, and the node began with less than it had",
    violates: "DUR",
    patches: [
      {
        file: "packages/core/src/node/recovery.ts",
        find: "  applied < base.index ? Math.max(1, base.index - 1) : 0;",
        replace: "  applied < 0 ? Math.max(1, base.index - 1) : 0;",
      },
    ],
    tests: recovery,
  },
  {
    id: "F-D13",
    what: "a node let its log be truncated below its own commit index",
    violates: "DUR",
    patches: [
      {
        file: "packages/core/src/protocol/append-entries.ts",
        find: "let index = Math.max(block.first, s.commit + 1);",
        replace: "let index = Math.max(block.first, s.log.base.index + 1);",
      },
      {
        file: "packages/core/src/protocol/append-entries.ts",
        find: '  invariant(from > s.commit, "R02 nothing committed is ever truncated", { from, commit: s.commit });\n',
        replace: "",
      },
    ],
    tests: ["packages/core/test/protocol/append-entries.test.ts"],
  },
  {
    id: "F-D14",
    what: "a length in a file was believed, and reading it took the process down",
    violates: "LIVE",
    patches: [
      {
        file: "packages/storage-file/src/snapshots/snapshot-file.ts",
        find: "  if (configurationBytes > CONFIGURATION_BYTES_MAX || headerBytes !== FIXED_BYTES + configurationBytes + 4)",
        replace: "  if (configurationBytes < 0)",
      },
      {
        file: log("batch-reader"),
        find: "  if (head.length > window.size - head.offset)",
        replace: "  if (head.length < 0)",
      },
    ],
    tests: [...logTests("identity"), "packages/storage-file/test/snapshots/file-snapshot-storage.test.ts"],
  },
  {
    id: "F-D15",
    what: "what was applied was durable before the commit index was, and the restart refused the pair",
    violates: "LIVE",
    patches: [
      {
        file: "packages/core/src/node/recovery.ts",
        find: "Math.min(opened.commitHint, log.last.index), applied),",
        replace: "Math.min(opened.commitHint, log.last.index)),",
      },
    ],
    tests: recovery,
  },
  {
    id: "F-D16",
    what: "a full disk took half of a record, and the next append followed it",
    violates: "DUR",
    patches: [
      {
        file: "packages/storage-file/src/format/small-file.ts",
        find: "    left = dropBytes(left, taken);",
        replace: "    left = [];",
      },
    ],
    tests: logTests("faults", "crash"),
    chance: "simulator",
  },
  {
    id: "F-D20",
    what: "two processes opened one directory",
    violates: "ES",
    patches: [
      {
        file: "packages/storage-file/src/data-directory.ts",
        find: "      this.lock ??= this.files.lock(this.path);",
        replace: "      this.lock ??= { release: () => {} };",
      },
    ],
    tests: logTests("identity"),
  },
];
