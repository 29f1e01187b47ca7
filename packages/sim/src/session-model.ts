import { isDeepStrictEqual } from "node:util";
import { Rejected } from "@hexraft/core";
import { InSession, OpenSession, SessionOpened, SessionRefused, sessionNumber } from "@hexraft/sessions";
import type { Model, ModelStep, Place } from "@hexraft/testing/simulator";

interface KnownSession {
  readonly nonce: string;
  /** Log time of its last command, ms. */
  readonly usedMs: number;
  /** Lower numbers are done with. */
  readonly low: number;
  readonly results: ReadonlyMap<number, unknown>;
}

/** The service's state, and who has a session, by its number. */
export interface WithSessions<State> {
  readonly state: State;
  readonly sessions: ReadonlyMap<number, KnownSession>;
}

/**
 * C03, C04 as simply as they can be told: each number of a session is done once and has one result; who says nothing for `ttlMs` of log
 * time is forgotten. No bounds: the simulator's clients come near none.
 */
export function withSessions<State, Command, Query>(
  service: Model<State, Command, Query>,
  ttlMs: number,
): Model<WithSessions<State>, Command | InSession<Command> | OpenSession, Query> {
  type All = WithSessions<State>;
  const open = ({ state, sessions }: All, said: OpenSession, { index, logTimeMs }: Place): ModelStep<All> => {
    const nonce = String(said.nonce);
    const [known] = [...sessions].find(([, session]) => session.nonce === nonce) ?? [];
    const id = known ?? sessionNumber(said.nonce, index);
    const session = sessions.get(id) ?? { nonce, low: 1, results: new Map<number, unknown>() };
    const after = new Map(sessions).set(id, { ...session, usedMs: logTimeMs });
    return { state: { state, sessions: after }, result: new SessionOpened(id, ttlMs) };
  };
  const execute = ({ state, sessions }: All, said: InSession<Command>, at: Place): ModelStep<All> => {
    const known = sessions.get(said.session);
    if (known === undefined) return { state: { state, sessions }, result: new SessionRefused("SessionExpired", "") };
    if (said.sequence < known.low)
      return { state: { state, sessions }, result: new SessionRefused("AlreadyAcknowledged", "") };
    const low = Math.max(known.low, said.lowestUnanswered);
    const results = new Map([...known.results].filter(([sequence]) => sequence >= low));
    const isNew = !results.has(said.sequence);
    const step = isNew ? service.apply(state, said.command, at) : { state, result: results.get(said.sequence) };
    results.set(said.sequence, step.result);
    const after = new Map(sessions).set(said.session, { ...known, low, results, usedMs: at.logTimeMs });
    return { state: { state: step.state, sessions: after }, result: step.result };
  };
  return {
    initial: () => ({ state: service.initial(), sessions: new Map() }),
    apply({ state, sessions }, command, at) {
      if (command instanceof OpenSession) return open({ state, sessions: awake(sessions, at, ttlMs) }, command, at);
      if (command instanceof InSession) return execute({ state, sessions: awake(sessions, at, ttlMs) }, command, at);
      const step = service.apply(state, command, at);
      return { state: { state: step.state, sessions }, result: step.result };
    },
    read: ({ state }, query) => service.read(state, query),
    // Why something was refused is said in words that are nobody's business here, and by a follower that passed it on in another class.
    same: (said, expected) =>
      said instanceof Rejected && expected instanceof SessionRefused
        ? said.code === expected.refusal
        : isDeepStrictEqual(said, expected),
  };
}

const awake = (
  sessions: ReadonlyMap<number, KnownSession>,
  { logTimeMs }: Place,
  ttlMs: number,
): ReadonlyMap<number, KnownSession> => new Map([...sessions].filter(([, { usedMs }]) => logTimeMs - usedMs < ttlMs));
