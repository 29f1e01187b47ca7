import type { ReadToken } from "@hexraft/core";
import { type Outcome, RaftError } from "@hexraft/core/ports";

/** The operation was done. */
export interface Done<T> {
  /** It was done. */
  readonly outcome: "ok";
  /** Its result. */
  readonly value: T;
  /** Q08: names what this shows or acknowledges, and a little more. Absent if the node tells none. */
  readonly token?: ReadToken | undefined;
}

/** The operation was not done, or nobody can tell. */
export interface NotDone {
  /** `refused`: certainly not done, and never will be. `unknown`: it may have been done, or may still be. */
  readonly outcome: Outcome;
  /** Why, and what to do next; its `outcome` is the same. */
  readonly error: RaftError;
}

/** C02: how an operation ended. Only the caller can tell whether asking again after `unknown` does harm. */
export type Answered<T> = Done<T> | NotDone;

/** The value of an operation that went well. @throws RaftError if it did not; its `outcome` says what is known. */
export function valueOf<T>(answered: Answered<T>): T {
  if (answered.outcome === "ok") return answered.value;
  throw answered.error;
}

/** Files an error under the outcome it carries; what is no RaftError never left this process. */
export function failed(error: unknown): Answered<never> {
  const known =
    error instanceof RaftError
      ? error
      : new RaftError("BadCommand", "refused", `The request could not be made: ${String(error)}`);
  return { outcome: known.outcome, error: known };
}
