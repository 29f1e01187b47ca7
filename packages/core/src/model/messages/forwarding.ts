import type { LogIndex, Term } from "../log-id.js";

/** R18: a follower passes a caller's proposal on. Its `forTerm` is no term in the sense of E13. */
export interface Propose {
  /** Discriminator. */
  readonly type: "Propose";
  /** The leader's term it is meant for. */
  readonly forTerm: Term;
  /** Unique in this start of the sender (T11). */
  readonly request: number;
  /** The command, encoded. */
  readonly payload: Uint8Array;
}

/** R18: what became of a forwarded proposal. */
export interface ProposeResponse {
  /** Discriminator. */
  readonly type: "ProposeResponse";
  /** Number of the request. */
  readonly request: number;
  /** `ok`: `result` holds the state machine's result; with a `code` that is a rejection (F01). Else `code` and `reason` say what went wrong. */
  readonly outcome: "ok" | "refused" | "unknown";
  /** An ErrorCode, a rejection's code, or empty. */
  readonly code: string;
  /** Words for a person, or empty. */
  readonly reason: string;
  /** The result, encoded by the state machine's codec; of a rejection only where it has a class of its own. */
  readonly result: Uint8Array;
  /** Q08: what the leader had applied when it answered, the command included; absent: not said (T09). */
  readonly applied?: LogIndex;
}

/** Q04: a follower asks for an index to read at. */
export interface ReadIndex {
  /** Discriminator. */
  readonly type: "ReadIndex";
  /** Unique in this start of the sender (T11). */
  readonly request: number;
}

/** Q04: answer to {@link ReadIndex}. */
export interface ReadIndexResponse {
  /** Discriminator. */
  readonly type: "ReadIndexResponse";
  /** Number of the request. */
  readonly request: number;
  /** Whether the leader confirmed its leadership after the question came. */
  readonly confirmed: boolean;
  /** The index to wait for. */
  readonly index: LogIndex;
}
