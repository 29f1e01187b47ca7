import type { LogIndex, Term } from "../log-id.js";
import type { GroupId, Incarnation, RecoveryNumber, StartNumber } from "../node-id.js";
import type { Heartbeat, HeartbeatResponse } from "./replication.js";

/** G02: the leader of an idle group asks a member to rest with it; a sign of life besides. */
export interface RestOffer {
  /** Discriminator. */
  readonly type: "RestOffer";
  /** The term. */
  readonly term: Term;
  /** The leader's commit index: the end of its log, and of the receiver's as the leader knows it. */
  readonly commit: LogIndex;
  /** The round of heartbeats that it came with. */
  readonly round: number;
  /** Version of the list of groups that the leader's process rests, this group included. */
  readonly version: number;
}

/** G02: answer to {@link RestOffer}; it counts for the term and the round that it names. */
export interface RestAnswer {
  /** Discriminator. */
  readonly type: "RestAnswer";
  /** The term. */
  readonly term: Term;
  /** The round answered. */
  readonly round: number;
  /** Whether the member rests from now on, and counts on the leader's process to wake it. */
  readonly rests: boolean;
}

/** G02: a group that left the list. */
export interface WokenGroup {
  /** The group. */
  readonly group: GroupId;
  /** The version of the list that it left with: an earlier offer of its rest is void, a later one is not. */
  readonly version: number;
}

/** G02: most groups that one beat names; of more than that the receiver wakes all. */
export const WOKEN_NAMED_MAX = 128;

/** G02: the heartbeat of a process, for all groups that rest: one message, however many they are. */
export interface ProcessBeat {
  /** Discriminator. */
  readonly type: "ProcessBeat";
  /** Version of the list of groups that the sender leads and rests; one higher each time that one wakes. */
  readonly version: number;
  /** The version that the receiver had confirmed when this left: `woken` tells what changed since. */
  readonly since: number;
  /** Groups that woke since then; `null`: too many to name, or not known. */
  readonly woken: readonly WokenGroup[] | null;
  /** The version of the receiver's list that the sender holds. */
  readonly held: number;
  /** T11: and the run of the receiver that it belongs to; 0: none was heard. */
  readonly heldStart: StartNumber;
}

/** G02: most heartbeats in one message: their values are within what one frame may hold. */
export const JOINED_MAX = 256;

/** G02: one of {@link JoinedHeartbeats}: what an envelope of its own would say besides. */
export interface JoinedHeartbeat {
  /** The group it belongs to. */
  readonly group: GroupId;
  /** The sender's incarnation. */
  readonly fromIncarnation: Incarnation;
  /** The sender's recovery number (M11). */
  readonly recoveryNumber: RecoveryNumber;
  /** The receiver's incarnation. */
  readonly toIncarnation: Incarnation;
  /** What is said. It names its own term: for another one it counts for nothing. */
  readonly message: Heartbeat | HeartbeatResponse;
}

/** G02: the heartbeats, and the answers to heartbeats, that the groups of one process say to another in one turn. */
export interface JoinedHeartbeats {
  /** Discriminator. */
  readonly type: "JoinedHeartbeats";
  /** At most {@link JOINED_MAX}. */
  readonly heartbeats: readonly JoinedHeartbeat[];
}
