import { electionProofs } from "./election-proofs.js";
import type { Proof } from "./proof.js";
import { replicationProofs } from "./replication-proofs.js";

/** One entry per rule of the core, in the order of docs/PROTOCOL.md. */
export const proofs: readonly Proof[] = [
  ...electionProofs,
  ...replicationProofs,
  {
    rule: "E13",
    file: "packages/core/src/model/field-reader.ts",
    find: "return this.whole(name, 0, TERM_MAX);",
    replace: "return this.whole(name, 0, Number.MAX_SAFE_INTEGER);",
    tests: ["packages/core/test/model/message-layout.test.ts"],
  },
];
