/**
 * Exactly-once for clients that retry: sessions around any state machine.
 *
 * @module
 */
export { checkInSession, layOutSessionOpened, readSessionOpened, SessionCodec } from "./session-codec.js";
export {
  InSession,
  LaidOutInSession,
  NONCE_BYTES,
  OpenSession,
  SessionCommand,
  SessionOpened,
  type SessionRefusal,
  SessionRefused,
} from "./session-command.js";
export { formatInside, isOfSessions, SESSION_FORMAT } from "./session-format.js";
export { layOutInSession } from "./session-layout.js";
export { sessionNumber } from "./session-number.js";
export {
  DEFAULT_SESSION_OPTIONS,
  RESULT_KEPT_BYTES_MAX,
  RESULT_OVERHEAD_BYTES,
  type SessionOptions,
  sessionOptions,
} from "./session-options.js";
export { SessionStateMachine } from "./session-state-machine.js";
export { sessions } from "./sessions-module.js";
