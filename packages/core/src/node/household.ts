import type { Ticks } from "../components/shared-timers.js";
import type { SnapshotTraffic } from "../components/snapshot-traffic.js";
import type { ClusterId, GroupId } from "../model/node-id.js";
import type { SharedValues } from "../model/shared-values.js";
import type { RestDesk } from "./effect-runner.js";
import type { Happening } from "./node-history.js";

/** What the replicas of one process share besides their ports. A node of `createNode` is alone, and has none. */
export interface Household {
  /** The cluster that the process belongs to; empty while it waits. */
  readonly clusterId: ClusterId;
  /** The deadlines of all groups. */
  readonly ticks: Ticks;
  /** S04: what the snapshots of all groups may take. */
  readonly snapshots: SnapshotTraffic;
  /** E23: what the groups remember of what befell them. */
  readonly happenings: SharedValues<Happening>;
  /** G02: what is done for groups at rest. */
  readonly rest: RestDesk;
  /** The group's node was stopped: it is not there any more. */
  ended(group: GroupId): void;
  /** Runs one founding after the other: the first draws the cluster id that the next one finds. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
}
