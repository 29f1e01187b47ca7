import { RaftError } from "@hexraft/core/ports";

/**
 * C02: how an operation ended. `ok`: done, with the result. `refused`: certainly not done. `unknown`: it may have been
 * done, or may still be; only the caller can tell whether asking again is safe.
 */
export type Answered<T> =
  | { readonly outcome: "ok"; readonly value: T }
  | { readonly outcome: "refused"; readonly error: RaftError }
  | { readonly outcome: "unknown"; readonly error: RaftError };

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
