import { electionFailures } from "./election.js";
import type { Failure } from "./failure.js";
import { membershipFailures } from "./membership.js";
import { ownElectionFailures } from "./own-elections.js";
import { ownNodeFailures } from "./own-nodes.js";
import { ownReplicationFailures } from "./own-replication.js";
import { ownStorageFailures } from "./own-storage.js";
import { readAndClientFailures } from "./reads-and-clients.js";
import { replicationFailures } from "./replication.js";
import { snapshotFailures } from "./snapshots.js";
import { storageFailures } from "./storage.js";
import { transportAndLivenessFailures } from "./transport-and-liveness.js";

/** Every known failure, family by family; in the end our own, in families, too. */
export const failures: readonly Failure[] = [
  ...electionFailures,
  ...replicationFailures,
  ...snapshotFailures,
  ...membershipFailures,
  ...readAndClientFailures,
  ...storageFailures,
  ...transportAndLivenessFailures,
  ...ownElectionFailures,
  ...ownReplicationFailures,
  ...ownStorageFailures,
  ...ownNodeFailures,
];
