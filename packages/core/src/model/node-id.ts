/** Stable name of a node: 1–64 characters of `A–Z a–z 0–9 . _ -`. An address may change; this does not. */
export type NodeId = string;

/** Name of one Raft group; same alphabet as {@link NodeId}. */
export type GroupId = string;

/** Identity of a cluster, drawn once by `bootstrap`: 32 hexadecimal digits; empty while a node waits to be claimed. */
export type ClusterId = string;

/** Identity of a data directory: 16 hexadecimal digits, drawn when it is created. */
export type DirectoryId = string;

/** M13: identity of one replica (a group in a directory): 16 hexadecimal digits, drawn when it is created. */
export type Incarnation = string;

/** T11: one higher at each start of the process, durable before its first message. Whole number ≥ 1. */
export type StartNumber = number;

/** M11: raised by each unsafe recovery; a lower one is refused for good. Whole number ≥ 0. */
export type RecoveryNumber = number;

/** A replica as votes and acknowledgements count it: the name and the incarnation. */
export interface ReplicaId {
  /** The node's stable name. */
  readonly id: NodeId;
  /** The replica's incarnation. */
  readonly incarnation: Incarnation;
}

/** Everything that tells this replica, in this run, from all others. */
export interface LocalIdentity extends ReplicaId {
  /** The cluster it belongs to; empty while it waits. */
  readonly clusterId: ClusterId;
  /** The group. */
  readonly groupId: GroupId;
  /** The directory it lives in. */
  readonly directoryId: DirectoryId;
  /** This run's number. */
  readonly startNumber: StartNumber;
  /** The group's recovery number. */
  readonly recoveryNumber: RecoveryNumber;
}

const NAME = /^[A-Za-z0-9._-]{1,64}$/;
const HEX16 = /^[0-9a-f]{16}$/;
const HEX32 = /^[0-9a-f]{32}$/;

/** Whether `text` may name a node or a group. */
export const isName = (text: unknown): text is NodeId => typeof text === "string" && NAME.test(text);
/** Whether `text` may be an incarnation or a directory id. */
export const isIncarnation = (text: unknown): text is Incarnation => typeof text === "string" && HEX16.test(text);
/** Whether `text` may be a cluster id. */
export const isClusterId = (text: unknown): text is ClusterId => typeof text === "string" && HEX32.test(text);

/** Whether two replica ids name the same replica; `null` names none. */
export function sameReplica(a: ReplicaId | null, b: ReplicaId | null): boolean {
  return a !== null && b !== null && a.id === b.id && a.incarnation === b.incarnation;
}
