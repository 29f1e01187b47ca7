import type { Configuration, Member } from "../../model/configuration.js";
import type { LogIndex, Millis } from "../../model/log-id.js";
import type { NodeId } from "../../model/node-id.js";

/** M04: how far a voter to be has come. */
export interface CatchUp {
  /** Who it is, and where. */
  readonly member: Member;
  /** The round under way: it ends when this entry is there. */
  target: LogIndex;
  roundBegan: Millis;
  /** Rounds that took T or longer. */
  slowRounds: number;
  /** The match last seen, and when it last moved. */
  match: LogIndex;
  progressAt: Millis;
  /** A round shorter than T ended within the maximum lag. */
  isDone: boolean;
}

/** M03: a change of members, as the leader that was asked for it sees it. */
export interface Change {
  readonly request: number;
  readonly target: Configuration;
  /** M04: those that catch up before anything is appended. */
  readonly catchUps: ReadonlyMap<NodeId, CatchUp>;
  /** M16: the first configuration on the way is in the log; from here on nobody can call it off. */
  appended: boolean;
}
