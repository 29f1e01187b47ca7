import type { Configuration } from "../../model/configuration.js";
import type { LogBlock } from "../../model/log-block.js";
import type { LogIndex, Term } from "../../model/log-id.js";
import type { NodeId } from "../../model/node-id.js";

/** Hands committed, durable entries to the state machine (R14); comes back as Applied. */
export interface Apply {
  /** Discriminator. */
  readonly type: "Apply";
  /** Index of the last entry. */
  readonly upTo: LogIndex;
  /** The end of them, as far as it is in memory: the last block holds `upTo`. What comes before is in the storage. */
  readonly blocks: readonly LogBlock[];
}

/** It leads from now on. */
export interface LeaderStartCall {
  /** The callback. */
  readonly call: "leaderStart";
  /** The term it leads. */
  readonly term: Term;
}

/** It no longer leads. */
export interface LeaderStopCall {
  /** The callback. */
  readonly call: "leaderStop";
}

/** It follows somebody, or no longer does. */
export interface FollowingCall {
  /** The callback. */
  readonly call: "startFollowing" | "stopFollowing";
  /** Whom. */
  readonly leader: NodeId;
  /** The term. */
  readonly term: Term;
}

/** A configuration was committed. */
export interface ConfigurationCall {
  /** The callback. */
  readonly call: "configurationCommitted";
  /** What it says. */
  readonly configuration: Configuration;
  /** Where it stands. */
  readonly index: LogIndex;
}

/** Something the state machine is told, in the FIFO of its calls. */
export interface TellStateMachine {
  /** Discriminator. */
  readonly type: "TellStateMachine";
  /** Which callback, with its arguments. */
  readonly what: LeaderStartCall | LeaderStopCall | FollowingCall | ConfigurationCall;
}
