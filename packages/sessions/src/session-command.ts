import { RaftError, Rejected } from "@hexraft/core/ports";

/** Length of a nonce. */
export const NONCE_BYTES = 16;

/** Why a command of a session was not executed, or its result cannot be told. */
export type SessionRefusal =
  /** C04: the session expired, or never was. Nothing was executed. */
  | "SessionExpired"
  /** C03: the client has acknowledged the answer to this number before. Nothing was executed. */
  | "AlreadyAcknowledged"
  /** The command was executed once, and its result was too long to keep. Nothing was executed again. */
  | "ResultNotKept";

/** What the session layer adds to the commands of a state machine. */
export abstract class SessionCommand {
  /** Which of them it is. */
  abstract readonly type: "openSession" | "inSession" | "laidOutInSession";
}

/**
 * C03: registers a session. Who proposes it again with the same nonce gets the same session, so a registration whose outcome
 * is unknown is simply repeated.
 */
export class OpenSession extends SessionCommand {
  /** Which command it is. */
  readonly type = "openSession";
  /** Made by whoever wants a session. @throws RaftError `BadCommand` unless the nonce has its length. */
  constructor(
    /** {@link NONCE_BYTES} bytes that nobody else draws. */
    readonly nonce: Uint8Array,
  ) {
    super();
    if (nonce.length !== NONCE_BYTES)
      throw new RaftError(
        "BadCommand",
        "refused",
        `A session's nonce has ${NONCE_BYTES} bytes, and this one ${nonce.length}.`,
      );
  }
}

/** C03: a command of a session. However often it is proposed, it executes at most once, and everyone hears the same result. */
export class InSession<Command = unknown> extends SessionCommand {
  /** Which command it is. */
  readonly type = "inSession";
  /** A command under its number. */
  constructor(
    /** As {@link SessionOpened} said. */
    readonly session: number,
    /** The command's number in its session, ≥ 1; a repeat has the same one. */
    readonly sequence: number,
    /** The client has heard the answers to all numbers below, or wants them no more; at most `sequence`. */
    readonly lowestUnanswered: number,
    /** What to do. */
    readonly command: Command,
  ) {
    super();
  }
}

/** An {@link InSession} in its bytes, where commands come over a wire. They must not change until it is proposed. */
export class LaidOutInSession extends SessionCommand {
  /** Which command it is. */
  readonly type = "laidOutInSession";
  /** @internal */
  constructor(
    /** As the log will hold it. */
    readonly bytes: Uint8Array,
  ) {
    super();
  }
}

/** The session is there. */
export class SessionOpened {
  /** Says which. */
  constructor(
    /** Names the session; no other one has this number, also after an unsafe recovery (M11) or in a restored cluster (F08). */
    readonly session: number,
    /** It expires when it has done nothing for so long in log time, ms. */
    readonly ttlMs: number,
  ) {}
}

/** A refusal of the session layer; a refusal of the state machine itself is any other `Rejected`. */
export class SessionRefused extends Rejected {
  /** Equal on every replica. */
  constructor(
    /** Which one. */
    readonly refusal: SessionRefusal,
    reason: string,
  ) {
    super(refusal, reason);
  }
}
