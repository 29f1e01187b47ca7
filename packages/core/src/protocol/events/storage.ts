import type { LogBlock } from "../../model/log-block.js";
import type { LogHole } from "../../model/log-hole.js";
import type { LogIndex, Millis, Term } from "../../model/log-id.js";
import type { Incarnation, NodeId } from "../../model/node-id.js";

/** All writes up to this number are durable. */
export interface LogPersisted {
  /** Discriminator. */
  readonly type: "LogPersisted";
  /** Number of the newest of them. */
  readonly number: number;
}

/** A write failed; the storage is dead (L04). */
export interface StorageFailed {
  /** Discriminator. */
  readonly type: "StorageFailed";
  /** Words for a person. */
  readonly reason: string;
}

/** E24: a write has been under way for longer than `writeOverdueMs`; the next LogPersisted says that it ended. */
export interface WriteOverdue {
  /** Discriminator. */
  readonly type: "WriteOverdue";
  /** For how long by now, ms. */
  readonly forMs: Millis;
}

/** Entries asked for with FetchEntries came back from the storage (R13). */
export interface EntriesFetched {
  /** Discriminator. */
  readonly type: "EntriesFetched";
  /** The peer. */
  readonly to: NodeId;
  /** The leadership term in which they were asked for. */
  readonly term: Term;
  /** Index of the first entry that was wanted. */
  readonly from: LogIndex;
  /** Empty if the storage no longer had them. */
  readonly blocks: readonly LogBlock[];
}

/** L03: the storage found that bytes it had held are wrong, at its start, on a read, or by its scrub. */
export interface LogDamaged {
  /** Discriminator. */
  readonly type: "LogDamaged";
  /** Which entries, and in which bytes they were. */
  readonly hole: LogHole;
}

/** L03: entries that were missing are durable again. */
export interface LogRepaired {
  /** Discriminator. */
  readonly type: "LogRepaired";
  /** Consecutive; at least one. */
  readonly blocks: readonly LogBlock[];
}

/** L03: entries that a member asked for were read back. */
export interface RepairRead {
  /** Discriminator. */
  readonly type: "RepairRead";
  /** The member that asked. */
  readonly to: NodeId;
  /** Its incarnation. */
  readonly toIncarnation: Incarnation;
  /** First entry that is wanted. */
  readonly first: LogIndex;
  /** Last entry that is wanted. */
  readonly last: LogIndex;
  /** From `first` on; empty if they are not there. */
  readonly blocks: readonly LogBlock[];
}

/** Our own ballot of this term is durable: it counts from now on (E02, E18). */
export interface OwnBallotPersisted {
  /** Discriminator. */
  readonly type: "OwnBallotPersisted";
  /** The term. */
  readonly term: Term;
}
