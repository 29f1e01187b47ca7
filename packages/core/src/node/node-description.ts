import type { LocalIdentity, NodeId } from "../model/node-id.js";
import type { RaftDescription } from "../protocol/describe.js";

/** O01: everything an operator asks about a node, as data and as text. */
export interface NodeDescription extends RaftDescription {
  readonly nodeId: NodeId;
  readonly identity: LocalIdentity;
  /** Where the transport listens. */
  readonly address: string;
  /** Events waiting, proposals and reads waiting for an answer. */
  readonly queues: Readonly<Record<string, number>>;
  readonly storage: Readonly<Record<string, unknown>>;
  readonly snapshots: Readonly<Record<string, unknown>>;
  readonly transport: Readonly<Record<string, unknown>>;
  /** E23: recent changes of role, term and leader, oldest first, each with its cause. */
  readonly history: readonly { readonly atMs: number; readonly what: string; readonly cause: string }[];
  /** The same for reading. */
  readonly text: string;
}
