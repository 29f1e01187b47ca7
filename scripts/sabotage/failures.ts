import { electionFailures } from "./election.js";
import type { Failure } from "./failure.js";
import { membershipFailures } from "./membership.js";
import { replicationFailures } from "./replication.js";
import { snapshotFailures } from "./snapshots.js";

/** Every known failure, family by family. */
export const failures: readonly Failure[] = [
  ...electionFailures,
  ...replicationFailures,
  ...snapshotFailures,
  ...membershipFailures,
];
