import type { ContainerModule } from "inversify";
import type { Model } from "./model.js";

/** C03: the numbers of a command in its session. */
export interface SessionNumbers {
  /** As the answer to the registration named it. */
  readonly session: number;
  /** Its own, from 1 on; a repeat has the same one. */
  readonly sequence: number;
  /** The client wants no answer to a lower one any more; at most `sequence`. */
  readonly lowestUnanswered: number;
}

/**
 * C03, C04: how clients of a service say a command as often as they must, and have it done once. The simulator knows no layout of it:
 * the service says what a registration, a command in a session and their answers are.
 */
export interface Sessions {
  /** In place of the world's: the service with sessions around it. Fresh ones each time. */
  readonly modules: () => readonly ContainerModule[];
  /** In place of the world's: what that should do. */
  readonly model: Model;
  /** The command that registers a session; `nonce` names the registration, so that it may be repeated. */
  readonly open: (nonce: Uint8Array) => unknown;
  /** The session that the answer to it names. */
  readonly opened: (answer: unknown) => number;
  /** A command of the workload under its number. */
  readonly inSession: (numbers: SessionNumbers, command: unknown) => unknown;
  /** Whether an answer says that the session is gone, and nothing was done (C04). */
  readonly isExpired: (answer: unknown) => boolean;
  /** What is read when all is healed: the answers show whether something was done twice, or never. */
  readonly audit: readonly unknown[];
}
