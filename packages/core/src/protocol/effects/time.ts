import type { LogIndex, Millis, Term } from "../../model/log-id.js";
import type { NodeId, ReplicaId } from "../../model/node-id.js";
import type { TimerName } from "../event.js";

/** Starts a timer anew, for a duration drawn uniformly from [between[0], between[1]) (E03). */
export interface ArmTimer {
  /** Discriminator. */
  readonly type: "ArmTimer";
  /** Which timer. */
  readonly timer: TimerName;
  /** Lower and upper bound of the draw, ms. */
  readonly between: readonly [Millis, Millis];
  /** Tells this life of the timer from its earlier ones. */
  readonly generation: number;
}

/** Stops a timer. */
export interface DisarmTimer {
  /** Discriminator. */
  readonly type: "DisarmTimer";
  /** Which timer. */
  readonly timer: TimerName;
}

/** G02: asks the members to rest, under the version of this process's list of groups at rest. */
export interface OfferRest {
  /** Discriminator. */
  readonly type: "OfferRest";
  /** The term. */
  readonly term: Term;
  /** The commit index. */
  readonly commit: LogIndex;
  /** The round of heartbeats. */
  readonly round: number;
  /** Whom. */
  readonly members: readonly ReplicaId[];
}

/** G02: the group rests from now on: no timer of it runs, and its process beats with these for it. */
export interface Rest {
  /** Discriminator. */
  readonly type: "Rest";
  /** A leader's members, or a follower's leader. */
  readonly with: readonly NodeId[];
  /** Follower: the version of the leader's list that it agreed under; `null`: it leads. */
  readonly version: number | null;
}

/** G02: it rests no more, or its members did not agree. */
export interface Wake {
  /** Discriminator. */
  readonly type: "Wake";
}
