import { adapterProofs } from "./adapter-proofs.js";
import { componentProofs } from "./component-proofs.js";
import { electionProofs } from "./election-proofs.js";
import { lossProofs, membershipProofs } from "./membership-proofs.js";
import { nodeProofs } from "./node-proofs.js";
import type { Proof } from "./proof.js";
import { replicationProofs } from "./replication-proofs.js";

/** How to take out each rule that a test of the core leads with; a rule may have several. */
export const proofs: readonly Proof[] = [
  ...electionProofs,
  ...replicationProofs,
  ...membershipProofs,
  ...lossProofs,
  ...componentProofs,
  ...nodeProofs,
  ...adapterProofs,
  {
    rule: "E13",
    file: "packages/core/src/model/field-reader.ts",
    find: "return this.whole(name, 0, TERM_MAX);",
    replace: "return this.whole(name, 0, Number.MAX_SAFE_INTEGER);",
    tests: ["packages/core/test/model/message-layout.test.ts"],
  },
];
