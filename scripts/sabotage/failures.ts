import { electionFailures } from "./election.js";
import type { Failure } from "./failure.js";
import { membershipFailures } from "./membership.js";
import { ownFailures } from "./own.js";
import { readAndClientFailures } from "./reads-and-clients.js";
import { replicationFailures } from "./replication.js";
import { snapshotFailures } from "./snapshots.js";
import { storageFailures } from "./storage.js";
import { transportAndLivenessFailures } from "./transport-and-liveness.js";

/** Every known failure, family by family; in the end our own. */
export const failures: readonly Failure[] = [
  ...electionFailures,
  ...replicationFailures,
  ...snapshotFailures,
  ...membershipFailures,
  ...readAndClientFailures,
  ...storageFailures,
  ...transportAndLivenessFailures,
  ...ownFailures,
];
