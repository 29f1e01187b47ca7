import type { LocalIdentity, NodeId } from "../model/node-id.js";
import type { RaftDescription } from "../protocol/description.js";
import type { Finding } from "../protocol/explain/finding.js";

/** E23: one change of role, term or leader. */
export interface HistoryEntry {
  /** Wall time, ms since 1970-01-01T00:00Z. */
  readonly atMs: number;
  /** What changed, in words. */
  readonly what: string;
  /** Why, in words. */
  readonly cause: string;
}

/** O01: everything an operator asks about a node, as data and as text. */
export interface NodeDescription extends RaftDescription {
  /** The node's name. */
  readonly nodeId: NodeId;
  /** Who it is in this start. */
  readonly identity: LocalIdentity;
  /** Where the transport listens. */
  readonly address: string;
  /** F05: format of the state machine's commands and snapshots, as it said when it was opened; 0 on a witness. */
  readonly formatVersion: number;
  /** F05: the one in force where the state is: what may be written. The same as `formatVersion` where the state machine does not hear of gates. */
  readonly openFormat: number;
  /** Events waiting, proposals and reads waiting for an answer. */
  readonly queues: Readonly<Record<string, number>>;
  /** The log storage's own facts, and those of the components that use it. */
  readonly storage: Readonly<Record<string, unknown>>;
  /** The snapshot storage's own facts. */
  readonly snapshots: Readonly<Record<string, unknown>>;
  /** The transport's own facts: connections, queues, drops. */
  readonly transport: Readonly<Record<string, unknown>>;
  /** E23: recent changes of role, term and leader, oldest first, each with its cause. */
  readonly history: readonly HistoryEntry[];
  /** The same for reading. */
  readonly text: string;
}

/** O07: what a node can say about why things are as they are. Each node knows its part: ask several. */
export interface Explanation {
  /** Who says so. */
  readonly nodeId: NodeId;
  /** The reasons, about the leader first. */
  readonly findings: readonly Finding[];
  /** The same, to be read: a line each. */
  readonly text: string;
}
