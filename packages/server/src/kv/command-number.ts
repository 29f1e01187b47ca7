import { RaftError, Rejected } from "@hexraft/core/ports";

/** A session of one group, by its number; of several groups one each, by their numbers in the order of their keys, with dots in between. */
export type SessionName = number | string;

/** A session that is there, as a door tells of it. */
export interface OpenedSession {
  readonly session: SessionName;
  /** It expires when it has done nothing for so long in log time, ms; of several groups each for itself. */
  readonly ttlMs: number;
}

/** C03: where a command stands in its client's session, so that it is done once, however often it comes. */
export interface CommandNumber {
  /** As `openSession` named it. */
  readonly session: SessionName;
  /** The command's own number, ≥ 1; a repeat has the same one. */
  readonly sequence: number;
  /** The client has the answers to all numbers up to here, and will not ask for them again; below `sequence`. */
  readonly acknowledged: number;
}

/** The session that a client names; `NaN` if that names none. */
export const sessionNamed = (text: string): SessionName =>
  /^\d{1,16}(?:\.\d{1,16})+$/.test(text) ? text : wholeNumberOf(text);

/** A whole number; `NaN` if the text is none. */
export const wholeNumberOf = (text: string): number => (/^\d{1,16}$/.test(text) ? Number(text) : Number.NaN);

/** The numbers of a session, group by group. */
const numbersOf = (session: SessionName): readonly number[] => String(session).split(".").map(Number);

/** What is wrong with these numbers, in words; empty if nothing is. */
export function numberFault({ session, sequence, acknowledged }: CommandNumber): string {
  const fromOneOn = [...numbersOf(session), sequence];
  if (![...fromOneOn, acknowledged].every(Number.isSafeInteger) || Math.min(...fromOneOn) < 1 || acknowledged < 0)
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

/** Which session of its own a group means, of those that the client named. @throws RaftError `BadCommand` if they are another service's. */
export function sessionOfGroup(session: SessionName, at: number, groups: number): number {
  const numbers = numbersOf(session);
  if (numbers.length === groups) return numbers[at] as number;
  throw new RaftError(
    "BadCommand",
    "refused",
    `Nothing was done: the session ${session} is of a service of ${numbers.length} groups, and this one has ${groups}; open one here.`,
  );
}
