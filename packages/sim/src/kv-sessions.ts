import { Rejected } from "@hexraft/core";
import { jointMembership } from "@hexraft/membership";
import { InSession, OpenSession, SessionOpened, sessions } from "@hexraft/sessions";
import { get, type KvCommand, kvStateMachine } from "@hexraft/statemachine-kv";
import type { Model, Sessions } from "@hexraft/testing/simulator";
import { COUNTERS, kvModel } from "./kv-model.js";
import { withSessions } from "./session-model.js";

/** C04: short enough that clients that pause, or whom nobody answers, are forgotten now and then; ms of log time. */
const TTL_MS = 4_000;

/** Clients of the key-value service with sessions, as those of `@hexraft/client` are. The counters tell in the end what was done twice. */
export const kvSessions: Sessions = {
  modules: () => [sessions(kvStateMachine(), { ttlMs: TTL_MS }), jointMembership()],
  model: withSessions(kvModel, TTL_MS) as Model,
  open: (nonce) => new OpenSession(nonce),
  opened(answer) {
    if (answer instanceof SessionOpened) return answer.session;
    throw new Error(`a registration was answered by ${String(answer)}`);
  },
  inSession: ({ session, sequence, lowestUnanswered }, command) =>
    new InSession(session, sequence, lowestUnanswered, command as KvCommand),
  isExpired: (answer) => answer instanceof Rejected && answer.code === "SessionExpired",
  audit: COUNTERS.map((key) => get(key)),
};
