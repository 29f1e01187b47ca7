import { adapterProofs } from "./adapter-proofs.js";
import { clientProofs } from "./client-proofs.js";
import { componentProofs } from "./component-proofs.js";
import { determinismProofs } from "./determinism-proofs.js";
import { hostingProofs } from "./hosting-proofs.js";
import { leaderProofs } from "./leader-proofs.js";
import { logProofs } from "./log-proofs.js";
import { membershipProofs } from "./membership-proofs.js";
import { nodeProofs } from "./node-proofs.js";
import { operatingProofs } from "./operating-proofs.js";
import type { Proof } from "./proof.js";
import { replicationProofs } from "./replication-proofs.js";
import { serviceProofs } from "./service-proofs.js";
import { snapshotProofs } from "./snapshot-proofs.js";
import { storageProofs } from "./storage-proofs.js";
import { termProofs } from "./term-proofs.js";
import { transportProofs } from "./transport-proofs.js";
import { upgradeProofs } from "./upgrade-proofs.js";
import { votingProofs } from "./voting-proofs.js";

/**
 * How to take out each rule of docs/PROTOCOL.md; a rule may have several. First those of the protocol, family by family; then
 * what components, node, adapters and server owe.
 */
export const proofs: readonly Proof[] = [
  ...votingProofs,
  ...termProofs,
  ...leaderProofs,
  ...replicationProofs,
  ...snapshotProofs,
  ...membershipProofs,
  ...clientProofs,
  ...hostingProofs,
  ...componentProofs,
  ...nodeProofs,
  ...upgradeProofs,
  ...storageProofs,
  ...logProofs,
  ...transportProofs,
  ...adapterProofs,
  ...determinismProofs,
  ...serviceProofs,
  ...operatingProofs,
];
