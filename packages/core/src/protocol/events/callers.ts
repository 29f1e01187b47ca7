import type { Millis, Term } from "../../model/log-id.js";
import type { Incarnation, NodeId } from "../../model/node-id.js";

/** Callers' commands, joined over a turn (R10). Answered by ProposalsAccepted and ProposalsRefused, in this order. */
export interface ProposalsSubmitted {
  /** Discriminator. */
  readonly type: "ProposalsSubmitted";
  /** Encoded commands, in the order of their callers. */
  readonly payloads: readonly Uint8Array[];
  /** R18: forwarded for this term of ours only. */
  readonly onlyInTerm?: Term;
}

/** A caller asked that its command be passed on to the leader (R18). */
export interface ForwardRequested {
  /** Discriminator. */
  readonly type: "ForwardRequested";
  /** Number of the request. */
  readonly request: number;
  /** The encoded command. */
  readonly payload: Uint8Array;
}

/** The caller of a forwarded command gave up: its answer, should one come, is not wanted any more. */
export interface ForwardAbandoned {
  /** Discriminator. */
  readonly type: "ForwardAbandoned";
  /** Number of the request. */
  readonly request: number;
}

/** What became of a proposal that a peer had forwarded to us. */
export interface ForwardedSettled {
  /** Discriminator. */
  readonly type: "ForwardedSettled";
  /** The peer. */
  readonly to: NodeId;
  /** The peer's incarnation, as its configuration names it. */
  readonly toIncarnation: Incarnation;
  /** Number of the request. */
  readonly request: number;
  /** C02: how it ended. */
  readonly outcome: "ok" | "refused" | "unknown";
  /** An ErrorCode, or empty. */
  readonly code: string;
  /** Words for a person. */
  readonly reason: string;
  /** The result, encoded. */
  readonly result: Uint8Array;
}

/** Callers want to read linearizably (Q01). Answered by ReadReady or ReadFailed. */
export interface ReadRequested {
  /** Discriminator. */
  readonly type: "ReadRequested";
  /** Numbers of the requests. */
  readonly requests: readonly number[];
}

/** Q05: callers want to read under the leader's lease. Answered as ReadRequested. */
export interface LeaseReadRequested {
  /** Discriminator. */
  readonly type: "LeaseReadRequested";
  /** Numbers of the requests. */
  readonly requests: readonly number[];
}

/** Q08: callers want to read a state of bounded age. Answered as ReadRequested. */
export interface BoundedReadRequested {
  /** Discriminator. */
  readonly type: "BoundedReadRequested";
  /** The requests. */
  readonly reads: readonly BoundedRead[];
}

/** Q08: one of them. */
export interface BoundedRead {
  /** Number of the request. */
  readonly request: number;
  /** What was acknowledged longer ago than this is in the answer. ms. */
  readonly maxStalenessMs: Millis;
}
