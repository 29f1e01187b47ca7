import type { RaftError } from "../../model/errors.js";
import type { LogIndex, Term } from "../../model/log-id.js";
import type { ProposeResponse } from "../../model/message.js";
import type { Incarnation, NodeId } from "../../model/node-id.js";

/** The next `count` submitted proposals stand at `first …` in `term`. */
export interface ProposalsAccepted {
  /** Discriminator. */
  readonly type: "ProposalsAccepted";
  /** Index of the first one. */
  readonly first: LogIndex;
  /** The term. */
  readonly term: Term;
  /** How many. */
  readonly count: number;
}

/** The next `count` submitted proposals were not taken, and never will be (C02). */
export interface ProposalsRefused {
  /** Discriminator. */
  readonly type: "ProposalsRefused";
  /** How many. */
  readonly count: number;
  /** What their callers hear. */
  readonly error: RaftError;
}

/** Proposals accepted above this index may or may not survive: their callers hear *unknown* (C02, E16). */
export interface AbandonProposals {
  /** Discriminator. */
  readonly type: "AbandonProposals";
  /** Entries above this index. */
  readonly above: LogIndex;
  /** What their callers hear. */
  readonly error: RaftError;
}

/** R18: a peer's proposal is ours to propose, in this term only; ForwardedSettled says what became of it. */
export interface TakeForwarded {
  /** Discriminator. */
  readonly type: "TakeForwarded";
  /** Who sends it. */
  readonly from: NodeId;
  /** The sender's incarnation. */
  readonly fromIncarnation: Incarnation;
  /** Number of the request. */
  readonly request: number;
  /** The encoded command. */
  readonly payload: Uint8Array;
  /** R18: only as leader of this term. */
  readonly onlyInTerm: Term;
}

/** A forwarded proposal of ours was answered. */
export interface ForwardAnswered {
  /** Discriminator. */
  readonly type: "ForwardAnswered";
  /** The answer. */
  readonly response: ProposeResponse;
}

/** Forwarded proposals of ours get no answer any more, or never left. */
export interface ForwardFailed {
  /** Discriminator. */
  readonly type: "ForwardFailed";
  /** Numbers of the requests. */
  readonly requests: readonly number[];
  /** What their callers hear. */
  readonly error: RaftError;
}

/** These reads may be served once everything up to `index` is applied (Q01). */
export interface ReadReady {
  /** Discriminator. */
  readonly type: "ReadReady";
  /** Numbers of the requests. */
  readonly requests: readonly number[];
  /** The index. */
  readonly index: LogIndex;
}

/** These reads cannot be served here now (Q07). */
export interface ReadFailed {
  /** Discriminator. */
  readonly type: "ReadFailed";
  /** Numbers of the requests. */
  readonly requests: readonly number[];
  /** What their callers hear. */
  readonly error: RaftError;
}

/** A change of members was begun, refused or finished (M03). */
export interface ChangeAnswered {
  /** Discriminator. */
  readonly type: "ChangeAnswered";
  /** Number of the request. */
  readonly request: number;
  /** What their callers hear. */
  readonly error: RaftError | null;
}

/** A transfer of leadership succeeded or not (E21), or an election that was asked for has begun. */
export interface TransferAnswered {
  /** Discriminator. */
  readonly type: "TransferAnswered";
  /** Number of the request. */
  readonly request: number;
  /** What their callers hear. */
  readonly error: RaftError | null;
}
