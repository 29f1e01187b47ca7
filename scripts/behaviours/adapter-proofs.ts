import type { Proof } from "./proof.js";

const FILES = "packages/storage-file";
const TCP = "packages/transport-tcp";
const CLIENT = "packages/client";
const KV = "packages/statemachine-kv";

/** What the core asks of its ports, in the adapters and the client that owe it. */
export const adapterProofs: readonly Proof[] = [
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
    find: "if (chunk.length < length || checksum.crc32(chunk) !== sumAt(table, i))",
    replace: "if (chunk.length < length)",
    tests: [`${FILES}/test/snapshots/file-snapshot-storage.test.ts`],
  },
  {
    rule: "L03",
    file: `${FILES}/src/log/log-mark.ts`,
    find: "  if (mark === undefined || last.segment > mark.segment) return;\n",
    replace: "  if (mark === undefined || last.segment > 0) return;\n",
    tests: [`${FILES}/test/damage/log-damage.test.ts`],
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
    rule: "T01",
    file: `${TCP}/src/wire/framer.ts`,
    find: "if (length >= 1 && length <= this.lengthMax) return length;",
    replace: "if (length >= 1) return length;",
    tests: [`${TCP}/test/wire/framer.test.ts`],
  },
  {
    rule: "T02",
    file: `${TCP}/src/link/admission.ts`,
    find: 'if (local.clusterId !== "" && hello.clusterId !== local.clusterId)',
    replace: 'if (hello.clusterId === "?")',
    tests: [`${TCP}/test/link/handshake.test.ts`],
  },
  {
    rule: "T04",
    file: `${TCP}/src/link/link.ts`,
    find: "reconnectMinMs * 2 ** Math.min(this.attempts, 30)",
    replace: "reconnectMinMs",
    tests: [`${TCP}/test/link/link.test.ts`],
  },
  {
    rule: "T04",
    file: `${TCP}/src/link/link.ts`,
    find: "const waitMs = longestMs * (0.5 + this.host.random.next() / 2);",
    replace: "const waitMs = longestMs;",
    tests: [`${TCP}/test/link/link.test.ts`],
  },
  {
    rule: "T05",
    file: `${TCP}/src/link/send-queue.ts`,
    find: "if (!fits || this.frames.length >= messagesMax) return false;",
    replace: "if (!fits) return false;",
    tests: [`${TCP}/test/link/link.test.ts`],
  },
  {
    rule: "T09",
    file: `${TCP}/src/link/admission.ts`,
    find: "if (min <= VERSIONS.max && max >= VERSIONS.min) return undefined;",
    replace: "if (max === VERSIONS.max) return undefined;",
    tests: [`${TCP}/test/wire/handshake.test.ts`],
  },
  {
    // Whatever failed is sent again.
    rule: "C05",
    file: `${CLIENT}/src/door-client.ts`,
    find: 'const harmless = error.outcome === "refused" ? error.retryable : entry.kind !== RequestKind.command;',
    replace: 'const harmless = error.outcome !== "refused" || error.retryable;',
    tests: [`${CLIENT}/test/hexraft-client.test.ts`],
  },
  {
    rule: "C05",
    file: `${CLIENT}/src/route.ts`,
    find: "      longest * (0.5 + Math.random() / 2),\n",
    replace: "      longest * 0,\n",
    tests: [`${CLIENT}/test/hexraft-client.test.ts`],
  },
  {
    rule: "F03",
    file: `${KV}/src/kv-codec.ts`,
    find: "    checkCommand(command, this.limits);\n",
    replace: "",
    tests: [`${KV}/test/codec.test.ts`],
  },
];
