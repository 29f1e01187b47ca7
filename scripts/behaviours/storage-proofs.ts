import type { Proof } from "./proof.js";

const FILES = "packages/storage-file";

/** What the core asks of its log and its snapshots, in the store of files that owes it. */
export const storageProofs: readonly Proof[] = [
  {
    rule: "S02",
    file: `${FILES}/src/snapshots/snapshot-draft.ts`,
    find: "    writeFully(this.handle, [layHeader(this.total(), owner, this.checksum)], 0);\n    await this.handle.datasync();\n",
    replace: "    writeFully(this.handle, [layHeader(this.total(), owner, this.checksum)], 0);\n",
    tests: [`${FILES}/test/snapshots/file-snapshot-storage.test.ts`],
  },
  {
    rule: "S02",
    file: `${FILES}/src/snapshots/file-snapshot-storage.ts`,
    find: "    this.files.rename(path, this.at(finalName(whole)));\n    await this.files.syncDirectory(this.path);\n",
    replace: "    this.files.rename(path, this.at(finalName(whole)));\n",
    tests: [`${FILES}/test/snapshots/file-snapshot-storage.test.ts`],
  },
  {
    rule: "S02",
    file: `${FILES}/src/snapshots/file-snapshot-storage.ts`,
    find: "    for (const name of names) this.files.remove(this.at(name));\n",
    replace: "",
    tests: [`${FILES}/test/snapshots/file-snapshot-storage.test.ts`],
  },
  {
    rule: "S09",
    file: `${FILES}/src/snapshots/snapshot-file.ts`,
    find: "if (chunk.length < length || sum !== sumAt(table, i))",
    replace: "if (chunk.length < length)",
    tests: [`${FILES}/test/snapshots/file-snapshot-storage.test.ts`],
  },
  {
    rule: "S05",
    file: `${FILES}/src/snapshots/snapshot-draft.ts`,
    find: "    await this.proof;\n    if (this.rot !== undefined) throw this.rot;\n    await this.sync;",
    replace: "    await this.proof;\n    await this.sync;",
    tests: [`${FILES}/test/snapshots/file-snapshot-storage.test.ts`],
  },
  {
    rule: "S04",
    file: `${FILES}/src/snapshots/draft-record.ts`,
    find: "if (this.checksum.crc32(sums) !== view.getUint32(24, true)) return undefined;",
    replace: "if (sums.length < 0) return undefined;",
    tests: [`${FILES}/test/snapshots/file-snapshot-storage.test.ts`],
  },
  {
    // What a sender still holds is overwritten by what is read ahead.
    rule: "S04",
    file: `${FILES}/src/snapshots/read-ahead.ts`,
    find: "Math.ceil(heldBytesMax / pieceBytes) + 2",
    replace: "Math.ceil(heldBytesMax / pieceBytes) + 1",
    tests: [`${FILES}/test/conformance.test.ts`],
  },
  {
    rule: "L03",
    file: `${FILES}/src/log/log-mark.ts`,
    find: "  if (mark === undefined || last.segment > mark.segment) return;\n",
    replace: "  if (mark === undefined || last.segment > 0) return;\n",
    tests: [`${FILES}/test/damage/log-damage.test.ts`],
  },
  {
    // A node that restarts before the repair knows nothing of the hole, and votes.
    rule: "L12",
    file: `${FILES}/src/log/log-damage.ts`,
    find: "    if (fresh.length > 0) await this.writer.maintain(() => this.suspects.add(segment.number));\n",
    replace: "",
    tests: [`${FILES}/test/log/repair.test.ts`],
  },
  {
    rule: "L12",
    file: `${FILES}/src/log/file-log-storage.ts`,
    find: "    if (lost.length > 0) await suspects.add(book.active.number);\n",
    replace: "",
    tests: [`${FILES}/test/log/repair.test.ts`],
  },
  {
    rule: "L07",
    file: `${FILES}/src/log/write-plan.ts`,
    find: "    operations.push({ kind: RecordKind.truncate, index: write.truncateFrom });\n",
    replace: "",
    tests: [`${FILES}/test/log/crash.test.ts`, `${FILES}/test/log/compaction.test.ts`],
  },
  {
    // An old batch that stands where the next one would is read again.
    rule: "L07",
    file: `${FILES}/src/log/segment-scan.ts`,
    find: "(head.number !== known.number + 1 || head.previous !== known.checksum)",
    replace: "head.number !== known.number + 1",
    tests: [`${FILES}/test/log/torn-tail.test.ts`],
  },
  {
    rule: "L10",
    file: `${FILES}/src/log/segment-header.ts`,
    find: 'if (clusterId !== "" && clusterId !== owner.clusterId)',
    replace: 'if (clusterId === "?")',
    tests: [`${FILES}/test/log/identity.test.ts`],
  },
  {
    // Counting on from a number beyond 2⁵³ comes back to itself, for ever.
    rule: "L10",
    file: `${FILES}/src/log/record-reader.ts`,
    find: "return numbers.every(Number.isSafeInteger) ? operation : undefined;",
    replace: "return numbers.length >= 0 ? operation : undefined;",
    tests: [`${FILES}/test/log/identity.test.ts`],
  },
  {
    // Each group's write is a batch and an fsync of its own.
    rule: "G01",
    file: `${FILES}/src/log/log-writer.ts`,
    find: "    if (this.parts.joinsTurn === true) await Promise.resolve();\n",
    replace: "",
    tests: [`${FILES}/test/shared/shared-log.test.ts`],
  },
  {
    // A block of a hundred bytes keeps the window of 64 KiB that it was read in.
    rule: "G02",
    file: `${FILES}/src/shared/place-reader.ts`,
    find: "return bytes.buffer.byteLength <= PIN_FACTOR_MAX * bytes.length ?",
    replace: "return bytes.buffer.byteLength + PIN_FACTOR_MAX > 0 || openBlock === undefined ?",
    tests: [`${FILES}/test/shared/shared-log.test.ts`],
  },
  {
    // Behind a gap everybody is believed.
    rule: "G03",
    file: `${FILES}/src/shared/shared-recovery.ts`,
    find: "if (sequence !== expected)",
    replace: "if (sequence < 0)",
    tests: [`${FILES}/test/shared/shared-log.test.ts`],
  },
  {
    // Nobody asks whether a silent group lost something.
    rule: "G03",
    file: `${FILES}/src/shared/shared-recovery.ts`,
    find: "!this.heardSinceGap.has(log.number)",
    replace: "log.number < 0",
    tests: [`${FILES}/test/shared/shared-log.test.ts`],
  },
  {
    // A segment goes while the records that made it superfluous are on their way to the disk.
    rule: "G05",
    file: `${FILES}/src/shared/shared-book.ts`,
    find: "    await pen.append([]);\n",
    replace: "",
    tests: [`${FILES}/test/shared/shared-log.test.ts`],
  },
  {
    // What was given up while it was being copied is appended all the same.
    rule: "G05",
    file: `${FILES}/src/shared/shared-book.ts`,
    find: "(copy.log.holds(copy.place) && !changed.has(group));",
    replace: "copy.place.first > 0 || changed.has(group);",
    tests: [`${FILES}/test/shared/shared-log.test.ts`],
  },
  {
    // What was lost is put back behind the truncation of it that the same batch carries.
    rule: "L03",
    file: `${FILES}/src/shared/shared-book.ts`,
    find: "(copy.log.holds(copy.place) && !changed.has(group));",
    replace: "copy.log.holds(copy.place);",
    tests: [`${FILES}/test/shared/shared-repair.test.ts`],
  },
  {
    // The vote is taken from before the damage: a second one in the same term.
    rule: "L12",
    file: `${FILES}/src/log/segment-scan.ts`,
    find: "    state.hardState = hardState;\n",
    replace: "    if (state.hardState.term > hardState.term) state.hardState = hardState;\n",
    tests: [`${FILES}/test/log/forgotten.test.ts`],
  },
  {
    // A restart before it is made up for knows nothing of it any more, and votes with the shorter log.
    rule: "L03",
    file: `${FILES}/src/log/file-log-storage.ts`,
    find: "    if (gone !== undefined) await forgotten.add(gone, book.active.number);\n",
    replace: "    forgotten.hole ??= gone && { ...gone, file: book.active.path };\n",
    tests: [`${FILES}/test/log/forgotten.test.ts`],
  },
  {
    // What is around wrong bytes is taken to be one log, whoever led meanwhile.
    rule: "L03",
    file: `${FILES}/src/log/segment-scan.ts`,
    find: "state.holds(base) && [state.last, ...blocks].every(({ term }) => term === last.term);",
    replace: "state.holds(base) && [last, ...blocks].every(({ term }) => term === last.term);",
    tests: [`${FILES}/test/log/forgotten.test.ts`],
  },
  {
    // Only a log that fell silent, or began a file, says where it stands.
    rule: "L03",
    file: `${FILES}/src/log/log-writer.ts`,
    find: "asked.length === 0 || active.end - this.stoodAt >= STANDING_EVERY_BYTES;",
    replace: "asked.length === 0 && active.end - this.stoodAt < STANDING_EVERY_BYTES;",
    tests: [`${FILES}/test/log/forgotten.test.ts`],
  },
  {
    // A file that was begun by half is used for the next segment, and what was begun comes back.
    rule: "L06",
    file: `${FILES}/src/shared/shared-recovery.ts`,
    find: '  return isTorn ? "torn" : "untouched";',
    replace: '  return isTorn && records > 0 ? "torn" : "untouched";',
    tests: [`${FILES}/test/shared/torn-first-batch.test.ts`],
  },
];
