import { RaftError, Rejected } from "@hexraft/core/ports";

/** C03: where a command stands in its client's session, so that it is done once, however often it comes. */
export interface CommandNumber {
  /** As `openSession` named it. */
  readonly session: number;
  /** The command's own number, ≥ 1; a repeat has the same one. */
  readonly sequence: number;
  /** The client has the answers to all numbers up to here, and will not ask for them again; below `sequence`. */
  readonly acknowledged: number;
}

/** What is wrong with these numbers, in words; empty if nothing is. */
export function numberFault({ session, sequence, acknowledged }: CommandNumber): string {
  if (![session, sequence, acknowledged].every(Number.isSafeInteger) || session < 1 || sequence < 1 || acknowledged < 0)
    return "session and sequence are whole numbers from 1 on, and acknowledged one from 0 on";
  return acknowledged < sequence
    ? ""
    : `acknowledged is ${acknowledged}, but it must be below the sequence ${sequence}`;
}

/**
 * C04: an expired session did nothing; what was done before and cannot be told again is *unknown* to its client. Known by its
 * code: a refusal that a node of an earlier release passed on is a plain {@link Rejected}.
 */
export function refusedInSession(result: unknown): RaftError | undefined {
  if (!(result instanceof Rejected)) return undefined;
  const { code, reason } = result;
  if (code === "SessionExpired") return new RaftError(code, "refused", reason);
  if (code === "AlreadyAcknowledged" || code === "ResultNotKept") return new RaftError(code, "unknown", reason);
  return undefined;
}
