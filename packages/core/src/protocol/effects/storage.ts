import type { HardState } from "../../model/hard-state.js";
import type { LogBlock } from "../../model/log-block.js";
import type { LogId, LogIndex, Term } from "../../model/log-id.js";
import type { Incarnation, NodeId } from "../../model/node-id.js";
import type { AfterPersist } from "./sending.js";

/**
 * Makes something durable; comes back as LogPersisted, which may cover several; and only after that event `then` is said.
 * Writes take effect in the order of their numbers. One without content is a barrier: its `then` waits for those before it.
 */
export interface Persist {
  /** Discriminator. */
  readonly type: "Persist";
  /** Consecutive, from 1 on, in this start of the node. */
  readonly number: number;
  /** New hard state. */
  readonly hardState?: HardState;
  /** Throws the log away and begins anew after this entry (S05). */
  readonly resetTo?: LogId;
  /** Removes this entry and all after it (R02). */
  readonly truncateFrom?: LogIndex;
  /** Appends these. */
  readonly blocks?: readonly LogBlock[];
  /** Entries up to this one may go (L08). */
  readonly compactTo?: LogId;
  /** R08: rides along; never above what this write makes durable. */
  readonly commitHint?: LogIndex;
  /** Said in this order once it is durable. */
  readonly then: readonly AfterPersist[];
}

/** Reads entries back for a slow follower (R13); comes back as EntriesFetched. */
export interface FetchEntries {
  /** Discriminator. */
  readonly type: "FetchEntries";
  /** The peer. */
  readonly to: NodeId;
  /** Index of the first entry wanted. */
  readonly from: LogIndex;
  /** At most this many bytes of blocks. */
  readonly bytesMax: number;
  /** The term. */
  readonly term: Term;
}

/** L03: reads entries back for a member whose disk lost them; comes back as RepairRead. */
export interface ReadForRepair {
  /** Discriminator. */
  readonly type: "ReadForRepair";
  /** The member that asked. */
  readonly to: NodeId;
  /** Its incarnation. */
  readonly toIncarnation: Incarnation;
  /** First entry wanted. */
  readonly first: LogIndex;
  /** Last entry wanted. */
  readonly last: LogIndex;
  /** At most this many bytes of blocks. */
  readonly bytesMax: number;
}

/** L03: puts entries back that the own disk lost; comes back as LogRepaired. */
export interface RepairLog {
  /** Discriminator. */
  readonly type: "RepairLog";
  /** Consecutive; all of them in one hole. */
  readonly blocks: readonly LogBlock[];
}
