import type { Consistency, ReadToken } from "@hexraft/core";
import { RaftError } from "@hexraft/core/ports";
import type { KvAnswerOf, KvCommand, KvQuery, KvResultOf } from "@hexraft/statemachine-kv";
import type { CommandNumber, OpenedSession } from "./command-number.js";

/** The replicated map as every front sees it: the one place where operations become proposals and reads. */
export interface KvService {
  /**
   * Does a command, on whichever node it is asked (R18); with a number once, however often it comes (C03).
   *
   * @throws RaftError with outcome `refused` (certainly not done) or `unknown` (C02). Never asks twice.
   */
  apply<C extends KvCommand>(command: C, number?: CommandNumber): Promise<KvResultOf<C>>;
  /**
   * C03: the session that this nonce names; a new one, unless it is there. Who asks again keeps it from expiring.
   *
   * @throws RaftError, safe to repeat with the nonce.
   */
  openSession(nonce: Uint8Array): Promise<OpenedSession>;
  /** Answers a query, by default linearizably. @throws RaftError, always safe to ask again. */
  read<Q extends KvQuery>(query: Q, consistency?: Consistency): Promise<KvAnswerOf<Q>>;
  /**
   * Q08: names all that was answered until now, on whatever door; a later read elsewhere can ask for as much.
   *
   * @param about - where several groups are served, a key of the group that is meant: without one the answer is empty.
   */
  readToken(about?: Uint8Array): ReadToken;
}

/** What an error means for the client that asked, whatever protocol it speaks. */
export type Verdict =
  /** Certainly not done; the same request may succeed a little later. */
  | "try-again"
  /** Certainly not done: no leader can be reached at the moment. */
  | "no-leader"
  /** Certainly not done, and never will be as it is. */
  | "too-large"
  | "bad-request"
  /** Certainly not done in this session, for there is none (C04). */
  | "session-expired"
  /** Done or not, nobody here can tell (C02). */
  | "unknown"
  /** C03: done before, or called off by its client; the answer is not there any more. */
  | "answer-gone"
  /** This node is broken. */
  | "failed";

/** Files an error under what its client needs to know. */
export function judge(error: unknown): { readonly verdict: Verdict; readonly message: string } {
  if (!(error instanceof RaftError)) return { verdict: "failed", message: String(error) };
  const { message } = error;
  switch (error.code) {
    case "AlreadyAcknowledged":
    case "ResultNotKept":
      return { verdict: "answer-gone", message };
    case "SessionExpired":
      return { verdict: "session-expired", message };
    default:
      if (error.outcome === "unknown") return { verdict: "unknown", message };
  }
  switch (error.code) {
    case "NotLeader":
    case "LeadershipLost":
    case "ReadTimeout":
      return { verdict: "no-leader", message };
    case "EntryTooLarge":
      return { verdict: "too-large", message };
    case "BadCommand":
    case "BadOption":
    case "TokenRefused":
      return { verdict: "bad-request", message };
    default:
      return { verdict: error.retryable || error.code === "DeadlineExceeded" ? "try-again" : "failed", message };
  }
}
