import type { NodeOptions } from "@hexraft/core";
import type { NodeId, RaftError } from "@hexraft/core/ports";
import type { ContainerModule } from "inversify";
import type { Latency } from "../network/wire.js";

/** How a TestCluster is made. */
export interface TestClusterOptions {
  /** Names of the nodes. Default n1, n2, n3. */
  readonly ids?: readonly NodeId[];
  /** Those of them that are learners from the beginning. Default none. */
  readonly learners?: readonly NodeId[];
  /** M12: those of them that run as witnesses, and that the first configuration names so. Default none. */
  readonly witnesses?: readonly NodeId[];
  /** Those of them that the first configuration does not name; their disks are empty. Default none. */
  readonly strangers?: readonly NodeId[];
  /** Leave every disk empty: `bootstrap` founds the cluster, as in production. Default false. */
  readonly unfounded?: boolean;
  /** Draws everything that is left to chance. Default 1. */
  readonly seed?: number | string;
  /** Options of every node. T is 150 ms unless said. */
  readonly options?: Partial<NodeOptions>;
  /** How long messages are under way, ms. Default 1–3. */
  readonly latencyMs?: Latency;
  /** Further modules for every node, e.g. a membership policy. */
  readonly modules?: readonly ContainerModule[];
}

/** What became of a command. */
export interface Outcome {
  /** `pending` until its caller hears. */
  state: "pending" | "ok" | "refused" | "unknown";
  /** The error that its caller heard. */
  error?: RaftError;
  /** The result that its caller heard. */
  result?: unknown;
}
