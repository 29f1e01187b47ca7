import type { Proof } from "./proof.js";

const FILES = "packages/storage-file";
const SERVER = "packages/server";

/** What operators see of a node: its metrics, and its directory when it is stopped. */
export const operatingProofs: readonly Proof[] = [
  {
    // What was counted already is added up with each scrape, and peers that went stay.
    rule: "O02",
    file: `${SERVER}/src/metrics/node-metrics.ts`,
    find: "    for (const { metric } of this.facts) metric.reset();\n",
    replace: "",
    tests: [`${SERVER}/test/metrics.test.ts`],
  },
  {
    rule: "O02",
    file: `${SERVER}/src/metrics/node-metrics.ts`,
    find: "      return counters.error.inc(whose);\n",
    replace: "      return;\n",
    tests: [`${SERVER}/test/metrics.test.ts`],
  },
  {
    // Seconds in name, milliseconds in truth.
    rule: "O02",
    file: `${SERVER}/src/metrics/node-facts.ts`,
    find: "leaderContactAgoMs / 1_000",
    replace: "leaderContactAgoMs",
    tests: [`${SERVER}/test/metrics.test.ts`],
  },
  {
    // The first wrong byte ends the inspection.
    rule: "O08",
    file: `${FILES}/src/inspect/walk-segment.ts`,
    find: "      at += BATCH_HEADER_BYTES;\n      continue;\n",
    replace: "      at = window.size;\n      continue;\n",
    tests: [`${FILES}/test/inspect/inspect.test.ts`],
  },
  {
    // Heads are verified, what they stand before is not.
    rule: "O08",
    file: `${FILES}/src/inspect/walk-segment.ts`,
    find: "const whole = lost === undefined ? read :",
    replace: "const whole = lost === undefined || lost.offset > 0 ? read :",
    tests: [`${FILES}/test/inspect/inspect.test.ts`],
  },
  {
    rule: "O08",
    file: `${FILES}/src/inspect/inspect-log.ts`,
    find: "      this.configurations.set(index, { id: { index, term: block.term }, configuration });\n",
    replace:
      "      if (block.isBare) this.configurations.set(index, { id: { index, term: block.term }, configuration });\n",
    tests: [`${FILES}/test/inspect/inspect.test.ts`],
  },
  {
    // Two nodes that hold different commands of one term are said to agree.
    rule: "O08",
    file: `${FILES}/src/inspect/diff-directories.ts`,
    find: "left.term === right.term && areAlike(left, right, index);",
    replace: "left.term === right.term && (index > 0 || areAlike(left, right, index));",
    tests: [`${FILES}/test/inspect/inspect.test.ts`],
  },
];
