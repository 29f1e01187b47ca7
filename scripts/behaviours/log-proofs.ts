import type { Proof } from "./proof.js";

const FILES = "packages/storage-file";
const HOST = "packages/runtime-node";
const log = (name: string): string => `${FILES}/src/log/${name}.ts`;
const tests = (...names: readonly string[]): readonly string[] =>
  names.map((name) => `${FILES}/test/log/${name}.test.ts`);

/** How a log is kept in files: seals and feet, full disks, compaction, what is read of it, and who has it open. */
export const logProofs: readonly Proof[] = [
  {
    // What the last batch left behind is never said to be durable.
    rule: "L02",
    file: log("log-writer"),
    find: "      sealedUpTo: active.end,\n",
    replace: "      sealedUpTo: 0,\n",
    tests: tests("torn-tail"),
  },
  {
    rule: "L02",
    file: log("log-writer"),
    find: "      if (this.unsealed && !this.closing) this.silence.begin();\n",
    replace: "",
    tests: tests("torn-tail"),
  },
  {
    // An old batch behind a new one of equal length comes to life.
    rule: "L02",
    file: log("segment-scan"),
    find: "(head.number !== known.number + 1 || head.previous !== known.checksum)",
    replace: "head.number !== known.number + 1",
    tests: tests("torn-tail"),
  },
  {
    // The last segment is read to its first bad record, and what is behind it is cut.
    rule: "L02",
    file: log("segment-scan"),
    find: "      if (tail.sealedUpTo <= at) return;\n",
    replace: "      if (tail.sealedUpTo <= at || found !== undefined) return;\n",
    tests: tests("torn-tail"),
  },
  {
    rule: "L02",
    file: log("recovery"),
    find: "  await handle.datasync();\n  if (length === 0)",
    replace: "  if (length === 0)",
    tests: tests("torn-tail"),
  },
  {
    rule: "L02",
    file: log("segment-footer"),
    find: "|| checksum.crc32(body) !== tail.getUint32(20, true)) return undefined;",
    replace: ") return undefined;",
    tests: tests("torn-tail"),
  },
  {
    rule: "L02",
    file: log("block-reader"),
    find: "    verify(segment, offset, block, checksum);\n",
    replace: "    if (block.count === 0) verify(segment, offset, block, checksum);\n",
    tests: tests("torn-tail"),
  },
  {
    // Who met a full disk goes on as soon as there is room.
    rule: "L05",
    file: log("log-writer"),
    find: "      for (const job of jobs) job.reject(death);\n",
    replace:
      '      for (const job of jobs) job.reject(death);\n      if (death.details["code"] === "ENOSPC") this.death = undefined;\n',
    tests: tests("faults"),
  },
  {
    // Half of a record that found no room counts as written.
    rule: "L05",
    file: `${FILES}/src/format/small-file.ts`,
    find: "    left = dropBytes(left, taken);",
    replace: "    left = taken === 0 ? left : [];",
    tests: tests("faults"),
  },
  {
    // No room for what is only laid out ahead ends the log, although there is some for what is asked.
    rule: "L05",
    file: log("segment-files"),
    find: '      if (!NO_ROOM.has(codeOf(error) ?? "")) throw error;',
    replace: '      if (!NO_ROOM.has(codeOf(error) ?? "") || handle.size() > 0) throw error;',
    tests: tests("faults"),
  },
  {
    rule: "L05",
    file: log("segment-files"),
    find: "      handle.truncate(SEGMENT_HEADER_BYTES);\n",
    replace: "",
    tests: tests("faults"),
  },
  {
    // A segment goes as soon as it begins below what may go.
    rule: "L08",
    file: log("segment-list"),
    find: "filter((segment) => this.highOf(segment) <= index);",
    replace: "filter((segment) => segment.low <= index);",
    tests: tests("compaction"),
  },
  {
    // The files go beside the record that says where the log begins now.
    rule: "L08",
    file: log("sole-book"),
    find: "    pen.append([{ group: SOLE_GROUP, operation: { kind: RecordKind.base, id } }]).then(\n      () => pen.inBackground(() => this.dropSegments(index, pen)),\n      () => {},\n    );\n",
    replace:
      "    pen.append([{ group: SOLE_GROUP, operation: { kind: RecordKind.base, id } }]).catch(() => {});\n    pen.inBackground(() => this.dropSegments(index, pen));\n",
    tests: tests("compaction"),
  },
  {
    // The vote goes with the segment that it was written in.
    rule: "L08",
    file: log("sole-book"),
    find: "{ kind: RecordKind.hardState, hardState },",
    replace: "{ kind: RecordKind.hardState, hardState: { ...hardState, vote: null } },",
    tests: tests("compaction"),
  },
  {
    // What was taken back is taken back in memory alone.
    rule: "L08",
    file: log("write-plan"),
    find: "    operations.push({ kind: RecordKind.truncate, index: write.truncateFrom });\n",
    replace: "",
    tests: tests("crash"),
  },
  {
    // Closed segments are read from end to end when the log is opened.
    rule: "L09",
    file: log("recovery"),
    find: "    takeFoot(segment, foot);\n    foot.advance(state);\n",
    replace: "    await scanSegment(segment, state, chain, checksum);\n    takeFoot(segment, foot);\n",
    tests: tests("what-is-read"),
  },
  {
    // Every read begins at the segment's first byte.
    rule: "L09",
    file: log("segment"),
    find: "let place = this.samples[low - 1]?.offset ?? SEGMENT_HEADER_BYTES;",
    replace: "let place = SEGMENT_HEADER_BYTES;",
    tests: tests("what-is-read"),
  },
  {
    // The index does not outlive the process that wrote the segment.
    rule: "L09",
    file: log("recovery"),
    find: "  segment.samples = foot.samples;\n",
    replace: "",
    tests: tests("what-is-read"),
  },
  {
    // A directory is asked for its holder, and opened all the same.
    rule: "L11",
    file: `${FILES}/src/data-directory.ts`,
    find: "      this.lock ??= this.files.lock(this.path);",
    replace: "      this.lock ??= { release: () => {} };",
    tests: tests("identity"),
  },
  {
    // Who is told is told nothing that helps.
    rule: "L11",
    file: `${HOST}/src/lock/directory-lock.ts`,
    find: "{ directory, pid: holder.pid, host: holder.host },",
    replace: "{ directory, pid: process.pid, host: holder.host },",
    tests: [`${HOST}/test/directory-lock.test.ts`],
  },
  {
    rule: "L11",
    file: `${HOST}/src/lock/directory-lock.ts`,
    find: "if (holder !== undefined && isAlive(directory, holder))",
    replace: "if (holder !== undefined && holder.pid === process.pid && isAlive(directory, holder))",
    tests: [`${HOST}/test/directory-lock.test.ts`],
  },
  {
    // After kill -9 somebody has to remove the record by hand …
    rule: "L11",
    file: `${HOST}/src/lock/holder.ts`,
    find: "    if (startTime === undefined && !exists(holder.pid)) return false;\n    if (startTime === null) return false;\n",
    replace:
      "    if (startTime === undefined && !exists(holder.pid)) return true;\n    if (startTime === null) return true;\n",
    tests: [`${HOST}/test/directory-lock.test.ts`],
  },
  {
    // … or once another process has its number …
    rule: "L11",
    file: `${HOST}/src/lock/holder.ts`,
    find: "return startTime === holder.startTime;",
    replace: "return startTime !== null;",
    tests: [`${HOST}/test/directory-lock.test.ts`],
  },
  {
    // … or in a container, where each first process has number 1.
    rule: "L11",
    file: `${HOST}/src/lock/holder.ts`,
    find: "return holder.socket === null || answersOn(directory, holder.socket);",
    replace: 'return holder.socket !== "" || answersOn(directory, holder.socket);',
    tests: [`${HOST}/test/directory-lock.test.ts`],
  },
];
