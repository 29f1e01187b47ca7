import type { ClusterId, GroupId, NodeId } from "../model/node-id.js";

/** A group, as the manager's description shows it. */
export interface GroupSummary {
  /** Its role here. */
  readonly role: string;
  /** Its term. */
  readonly term: number;
  /** Who leads it, if known. */
  readonly leader: NodeId | null;
  /** Why it stopped in place, or empty. */
  readonly halted: string;
  /** G02: whether it rests. */
  readonly isResting: boolean;
}

/** O01: what a manager says about its process. */
export interface ManagerDescription {
  /** The node. */
  readonly nodeId: NodeId;
  /** Where the shared transport listens. */
  readonly address: string;
  /** The cluster; empty while the process waits. */
  readonly clusterId: ClusterId;
  /** The groups that run, by name. */
  readonly groups: Readonly<Record<GroupId, GroupSummary>>;
  /** Deadlines that wait in the shared timers. */
  readonly deadlines: number;
  /** Groups at rest (G02). */
  readonly resting: number;
  /** The shared log. */
  readonly storage: Readonly<Record<string, unknown>>;
  /** The shared transport. */
  readonly transport: Readonly<Record<string, unknown>>;
}
