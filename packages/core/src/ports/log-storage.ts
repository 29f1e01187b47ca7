import type { HardState } from "../model/hard-state.js";
import type { LogBlock } from "../model/log-block.js";
import type { LogHole } from "../model/log-hole.js";
import type { LogId, LogIndex, TermRun } from "../model/log-id.js";
import type { ClusterId, DirectoryId, GroupId, Incarnation, NodeId, StartNumber } from "../model/node-id.js";
import { token } from "./token.js";

/**
 * Keeps the log, the hard state and the identity of one replica (sofa-jraft: LogStorage and RaftMetaStorage in one, so
 * that one batch is one atomic write and one fsync). Proved by the LogStorage laws of `@hexraft/testing/conformance`.
 */
export interface LogStorage {
  /**
   * Opens it, recovers it, raises the start number durably (T11) and says what is there. Called once, first.
   *
   * @throws RaftError `DirectoryLocked`, `IdentityMismatch`, `FormatUnknown` or `Damaged`; nothing is changed by a refusal.
   */
  open(request: OpenLog): Promise<OpenedLog>;
  /** M13: writes down the cluster this replica belongs to, durably; once set, another one is refused (`IdentityMismatch`). */
  adopt(clusterId: ClusterId): Promise<void>;
  /**
   * Does the write, atomically, and resolves only when it is durable (L01). Calls may overlap; writes take effect and
   * resolve in the order of the calls. Blocks begin at last + 1 after `truncateFrom`. After a rejection the storage is
   * dead (L04): every later call rejects, nothing is retried.
   */
  write(write: LogWrite): Promise<void>;
  /**
   * Blocks from the one that holds `from` on (cut so that the first entry is `from`), in order, without a gap: at least
   * one, and no more than fit `bytesMax`. Only what a resolved write holds may be asked for. Blocks end before a hole.
   *
   * @throws RaftError `Damaged` if the entry was lost. By `holeError` if {@link LogStorage.repair} can put it back.
   */
  read(from: LogIndex, bytesMax: number): Promise<readonly LogBlock[]>;
  /**
   * L03: puts entries back that a hole lost; resolves when they are durable and can be read. The blocks are consecutive, in
   * one hole, and may be a part of it. What is no longer missing stays as it is. Leave it out if it cannot be done: then
   * damage stops the node. A rejection is final, as of a write.
   */
  repair?(blocks: readonly LogBlock[]): Promise<void>;
  /** Flushes and gives everything back. Writes under way resolve or reject first. Idempotent. */
  close(): Promise<void>;
  /** Facts for an operator (O01). */
  describe(): Readonly<Record<string, unknown>>;
}
/** DI token of the port. */
export const LogStorage = token<LogStorage>("LogStorage");

/** Who opens the storage; the drawn identities are used only if it is new. */
export interface OpenLog {
  /** The node; a directory of another node is refused. */
  readonly nodeId: NodeId;
  /** The group. */
  readonly groupId: GroupId;
  /** Used as directory id if the directory is new. */
  readonly newDirectoryId: DirectoryId;
  /** Used as incarnation if the replica is new. */
  readonly newIncarnation: Incarnation;
  /** Hears what the storage says unasked. */
  readonly watcher?: LogWatcher;
}

/** Hears what a log storage says unasked, from when `open` was called until `close`. */
export interface LogWatcher {
  /** L03: told of every hole that is found, by a read or by a scrub. Only by a storage that can `repair`. */
  damaged(hole: LogHole): void;
  /** L04: told once if the storage dies of what it does by itself, so that a node which has nothing to write hears of it too. */
  failed(reason: string): void;
}

/** What was found. */
export interface OpenedLog {
  /** Empty until adopted. */
  readonly clusterId: ClusterId;
  /** Identity of the directory. */
  readonly directoryId: DirectoryId;
  /** Identity of the replica. */
  readonly incarnation: Incarnation;
  /** This run's number, already durable. */
  readonly startNumber: StartNumber;
  /** The newest durable hard state. */
  readonly hardState: HardState;
  /** R08: an index known to be committed, never above `last`; 0 if none. */
  readonly commitHint: LogIndex;
  /** The last removed entry (R01); `{0, 0}` if none was removed. */
  readonly base: LogId;
  /** The last entry, or the base if the log is empty. */
  readonly last: LogId;
  /** Terms of base + 1 … last, ascending; empty if the log is. */
  readonly runs: readonly TermRun[];
  /** Indices of the configuration entries in base + 1 … last, ascending. */
  readonly configurationIndices: readonly LogIndex[];
  /** L03: entries that were durable and are lost, though their terms are known; ascending; absent: none is known of. */
  readonly holes?: readonly LogHole[];
  /**
   * L03: entries that were durable and are lost, terms and all, so that the log ends before them, or holds others in their place. It stays
   * so over restarts until a commit hint or a reset that reaches the last of them was written. Absent: there are none.
   */
  readonly forgotten?: LogHole;
  /** A torn tail that was cut (L02), in words with file and offset; empty if none. */
  readonly cut: string;
}

/** One atomic write (L01). What is absent stays as it is. The parts take effect in the order of the fields. */
export interface LogWrite {
  /** New hard state. */
  readonly hardState?: HardState;
  /** Throws the log away and begins anew after this entry (S05). */
  readonly resetTo?: LogId;
  /** Removes this entry and all after it; above the base. */
  readonly truncateFrom?: LogIndex;
  /** Appends, consecutive, the first one at last + 1. */
  readonly blocks?: readonly LogBlock[];
  /** L08: entries up to this one may go; the storage keeps what it cannot drop cheaply, and its base says so. */
  readonly compactTo?: LogId;
  /** R08: a hint that rides along; never a write of its own. */
  readonly commitHint?: LogIndex;
}
