import type { ClusterId, DirectoryId, GroupId, NodeId, StartNumber } from "../model/node-id.js";
import type { LogStorage } from "./log-storage.js";
import type { SnapshotStorage } from "./snapshot-storage.js";
import { token } from "./token.js";

/**
 * Keeps the logs and snapshots of all groups of one process in one place (G01): one identity, one start number, one lock,
 * one fsync for all. What it hands out for a group obeys the LogStorage and SnapshotStorage laws of
 * `@hexraft/testing/conformance`.
 */
export interface GroupStorage {
  /**
   * Opens it, recovers every group in one pass, raises the start number durably (T11) and says what is there. Called
   * once, first.
   *
   * @throws RaftError `DirectoryLocked`, `IdentityMismatch`, `FormatUnknown` or `Damaged`; nothing is changed by a refusal.
   */
  open(request: OpenGroups): Promise<OpenedGroups>;
  /**
   * The storages of one group's replica, for one life of it: a group that is not there yet is made when its log is opened.
   * A group that damage has touched refuses its `open` with `Damaged`, and the others are there (G03).
   */
  group(group: GroupId): GroupStores;
  /**
   * Forgets a group, durably: its name may be used again, for a new incarnation (M13). Its stores are closed by then; a
   * group that is not there is forgotten already.
   */
  remove(group: GroupId): Promise<void>;
  /** Flushes and gives everything back; the stores of its groups are closed by then. Idempotent. */
  close(): Promise<void>;
  /** Facts for an operator (O01). */
  describe(): Readonly<Record<string, unknown>>;
}
/** DI token of the port. */
export const GroupStorage = token<GroupStorage>("GroupStorage");

/** Who opens it; the drawn identity is used only if it is new. */
export interface OpenGroups {
  /** The node; a directory of another node is refused. */
  readonly nodeId: NodeId;
  /** Used as directory id if the directory is new. */
  readonly newDirectoryId: DirectoryId;
  /** G03: called once if the shared log died: a write failed, and no group may use it any more (L04). */
  readonly onFailed: (reason: string) => void;
}

/** What was found. */
export interface OpenedGroups {
  /** Empty until a group adopted one. All groups of a process belong to one cluster. */
  readonly clusterId: ClusterId;
  /** Identity of the directory. */
  readonly directoryId: DirectoryId;
  /** This run's number, already durable; the `open` of each group says the same. */
  readonly startNumber: StartNumber;
  /** Groups that are there, damaged ones too, ascending. */
  readonly groups: readonly GroupId[];
}

/** What one replica is kept in. */
export interface GroupStores {
  /** Log, hard state and identity. */
  readonly log: LogStorage;
  /** Snapshots. */
  readonly snapshots: SnapshotStorage;
}
