import type { LogIndex, Millis } from "../../model/log-id.js";
import type { NodeId, ReplicaId } from "../../model/node-id.js";
import type { LeaseRounds } from "../lease-rounds.js";
import type { Peers } from "../peers.js";
import type { Change } from "./change.js";

/** Who waits for a linearizable read: a caller here, or a follower's question (Q04). */
export type Reader = number | { readonly replica: ReplicaId; readonly request: number };

/** Q01: reads that share one round of heartbeats. */
export interface ReadRound {
  /** Number of the round. */
  readonly round: number;
  /** The commit index when the round began. */
  readonly index: LogIndex;
  readonly readers: readonly Reader[];
}

/** What only a leader has; it goes when office is left. */
export interface Leadership {
  /** E15: index of this leader's first entry. */
  readonly firstEntry: LogIndex;
  /** C03: when log time was last moved on, by an entry or by taking office. */
  logTimeMovedAt: Millis;
  /** The newest round of heartbeats. */
  round: number;
  /** A leader's view of the others. */
  readonly peers: Peers;
  /** Q02, Q03: reads that no round carries yet. */
  waitingReads: readonly Reader[];
  /** Q01: the rounds under way, oldest first. */
  readRounds: readonly ReadRound[];
  /** E21; the request is -1 where nobody asked (M05). */
  transfer: { readonly request: number; readonly target: NodeId; told: boolean } | undefined;
  /** M03, M04: the change that was asked for here; one that an earlier leader began is known by the configuration alone. */
  change: Change | undefined;
  /** M05: whether C-new is committed and does not let this leader vote: it is on its way out. */
  leaving: boolean;
  /** E24: why it must not go on leading, whatever becomes of the transfer under way; or empty. */
  mustGo: string;
  /** E20: not before does a leader of priority 0 try again to hand over. */
  handOverAfter: Millis;
  /** Whether the state machine was told that it leads. */
  announced: boolean;
  /** F05: the newest format that it appended a gate for; 0: none. */
  gate: number;
  /** G02: when it last woke from rest; that counts as an answer of a quorum. */
  wokeAt: Millis;
  /** Q05, Q08: what the answered rounds of heartbeats allow it to say. */
  readonly lease: LeaseRounds;
}
