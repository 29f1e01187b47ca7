import { type ErrorCode, RaftError } from "@hexraft/core/ports";
import type { ClientSession } from "./client-session.js";
import type { DoorConnection } from "./door-connection.js";
import { readError } from "./door-frames.js";
import { AnswerKind, type DoorRequest, RequestKind } from "./door-records.js";
import type { Answered } from "./outcome.js";

/** Hears how a request ended, once. */
export type Settle<T> = (answered: Answered<T>) => void;

/** A request under way. */
export interface Pending extends DoorRequest {
  kind: RequestKind;
  /** As they are sent: those of the caller, until they are in a session. */
  bytes: Uint8Array;
  /** The caller's. */
  readonly own: Uint8Array;
  /** C03: whose number it bears; null without one. */
  session: ClientSession | null;
  sequence: number;
  /** It was sent before, and nobody knows what became of that. */
  isDoubtful: boolean;
  readonly deadlineAt: number;
  readonly settle: Settle<Uint8Array>;
  /** No longer listens to the caller's signal. */
  release: (() => void) | undefined;
  /** Where it was sent; null while it waits for a leader, or for the session. */
  connection: DoorConnection | null;
  sentAt: number;
  /** The last refusal, if it was sent before. */
  refusal: string;
}

/** One that was not sent yet. */
export const pendingRequest = (
  number: number,
  kind: RequestKind,
  own: Uint8Array,
  deadlineAt: number,
  settle: Settle<Uint8Array>,
): Pending => ({
  number,
  kind,
  bytes: own,
  own,
  session: null,
  sequence: 0,
  isDoubtful: false,
  deadlineAt,
  settle,
  release: undefined,
  connection: null,
  sentAt: 0,
  refusal: "",
});

/** Whether it must not be sent again once it may have been done. */
export const isOnce = ({ kind }: Pending): boolean => kind === RequestKind.command || kind === RequestKind.adminChange;

const MOVABLE_KINDS: ReadonlySet<number> = new Set([
  RequestKind.openSession,
  RequestKind.sessionCommand,
  RequestKind.linearizableRead,
  RequestKind.localRead,
  RequestKind.leaseRead,
  RequestKind.boundedRead,
  RequestKind.indexRead,
]);
/** Whether it may be asked elsewhere while it waits: what is done once however often it is sent, and reads. */
export const isMovable = ({ kind }: Pending): boolean => MOVABLE_KINDS.has(kind);

/** Whether it may change something. */
export const changes = (entry: Pending): boolean => isOnce(entry) || entry.kind === RequestKind.sessionCommand;

/** Whether it does no harm to send it again though it may have been done. */
export const isRepeatable = (entry: Pending, { code }: RaftError): boolean =>
  !isOnce(entry) && code !== "AlreadyAcknowledged" && code !== "ResultNotKept";

/** What an operator is to decide: to wait for another's change, or to begin anew the one that ended with its leader (M04). */
const FOR_OPERATORS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["ChangeRunning", "LeadershipLost"]);

/** Whether a request that was certainly not done is sent again by itself, here or elsewhere. */
export const isRetried = ({ kind }: Pending, { code, retryable }: RaftError): boolean =>
  retryable && !(kind === RequestKind.adminChange && FOR_OPERATORS.has(code));

/** C02: what refuses this attempt says nothing about one before it. */
export function inDoubt(entry: Pending, error: RaftError): RaftError {
  if (error.outcome === "unknown" || !entry.isDoubtful || !changes(entry)) return error;
  const message = `${error.message} An earlier attempt may have been applied, or may still be.`;
  return new RaftError(error.code, "unknown", message, error.details);
}

/** The error in an answer, and whom it names as leader. */
export function errorOf(kind: number, bytes: Uint8Array): { readonly error: RaftError; readonly leader: string } {
  const { code, message, leader } = readError(bytes);
  const outcome = kind === AnswerKind.refused ? "refused" : "unknown";
  return { error: new RaftError(code as ErrorCode, outcome, message, leader === "" ? {} : { leader }), leader };
}

/** F08: its number means something else in the cluster that answers now. */
export const ofAnotherCluster = (clusterId: string): RaftError =>
  new RaftError("SessionExpired", "refused", `Its session was another cluster's than ${clusterId}, which answers now.`);

/** It is not waited for any longer. @param trouble - what is wrong with the way to the leader. */
export function givenUp(entry: Pending, code: ErrorCode, why: string, trouble: string): RaftError {
  const { connection, isDoubtful, refusal } = entry;
  if (changes(entry) && (connection !== null || isDoubtful)) {
    const message = `The command was sent, and ${why} before the answer came; it may have been applied, or may still be.`;
    return new RaftError(code, "unknown", message);
  }
  const last = refusal === "" ? `The route to the leader: ${trouble}.` : `The last refusal: ${refusal}`;
  return new RaftError(code, "refused", `Nothing was done: ${why}. ${last}`);
}
