import { SessionOpened, SessionRefused } from "./session-command.js";
import { nextNumber } from "./session-number.js";
import {
  DEFAULT_SESSION_OPTIONS,
  RESULT_KEPT_BYTES_MAX,
  RESULT_OVERHEAD_BYTES,
  type SessionOptions,
} from "./session-options.js";

/** What a command of a session resulted in. */
export class KeptResult {
  /** Encoded; undefined until it was executed, null if it was too long to keep. Never changed. */
  bytes: Uint8Array | null | undefined;
  /** Whether a session still holds it. */
  held = true;
}

/** One session. */
export interface Session {
  readonly id: number;
  /** The registration's nonce, in hexadecimal. */
  readonly nonce: string;
  /** Log time of its last entry, ms. */
  lastUsedMs: number;
  /** C03: no command below this number executes any more. */
  lowMark: number;
  /** By number, in the order of the log. */
  readonly results: Map<number, KeptResult>;
}

/** A nonce as {@link Session} names it. */
export const nonceText = (nonce: Uint8Array): string =>
  Array.from(nonce, (byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * C03: who has a session, and what their commands resulted in. Everything in it follows from the log, in its order: log
 * time expires sessions, and so do the bounds, the longest silent first. A refused command leaves it as it is.
 */
export class SessionTable {
  /** The last registration's. */
  options: SessionOptions = DEFAULT_SESSION_OPTIONS;
  /** Bytes of all kept results, each with its overhead. */
  keptBytes = 0;
  /** The longest silent first. */
  private readonly byId = new Map<number, Session>();
  private readonly byNonce = new Map<string, Session>();
  private newest: Session | undefined;

  /** Sessions that have not been found expired. */
  get size(): number {
    return this.byId.size;
  }

  /** The longest silent first. */
  sessions(): IterableIterator<Session> {
    return this.byId.values();
  }

  /** C03: registers a session under that number, or the next one that is free; the nonce of one that is there names that one. */
  open(nonce: Uint8Array, options: SessionOptions, number: number, logTimeMs: number): SessionOpened {
    this.options = options;
    this.expire(logTimeMs);
    const name = nonceText(nonce);
    let session = this.byNonce.get(name);
    if (session === undefined) {
      let id = number;
      while (this.byId.has(id)) id = nextNumber(id);
      session = { id, nonce: name, lastUsedMs: logTimeMs, lowMark: 1, results: new Map() };
      this.add(session);
    } else this.touch(session, logTimeMs);
    this.enforceBounds();
    return new SessionOpened(session.id, options.ttlMs);
  }

  /** Takes in a session as it was saved; the saved order is the order of calls. */
  add(session: Session): void {
    this.byId.set(session.id, session);
    this.byNonce.set(session.nonce, session);
    this.newest = session;
    for (const { bytes } of session.results.values()) this.keptBytes += costOf(bytes);
  }

  /**
   * C03 C04: judges a command of a session by what was applied before it.
   *
   * @returns a new result, to be filled in once the command was executed; the result of the execution before; or why neither.
   */
  admit(
    id: number,
    sequence: number,
    lowestUnanswered: number,
    logTimeMs: number,
  ): { readonly result: KeptResult; readonly isNew: boolean } | SessionRefused {
    this.expire(logTimeMs);
    const session = this.byId.get(id);
    if (session === undefined)
      return new SessionRefused(
        "SessionExpired",
        `Session ${id} is not known here: it expired, never was, is another cluster's, or was lost with a majority; open a new one.`,
      );
    if (sequence < session.lowMark)
      return new SessionRefused(
        "AlreadyAcknowledged",
        `Command ${sequence} of session ${id} is below ${session.lowMark}, the lowest that its client said to be unanswered.`,
      );
    this.touch(session, logTimeMs);
    this.acknowledge(session, lowestUnanswered);
    const before = session.results.get(sequence);
    if (before !== undefined) return { result: before, isNew: false };
    const result = new KeptResult();
    session.results.set(sequence, result);
    return { result, isNew: true };
  }

  /** Whether so many results of any length can be kept without a session expiring for it. */
  hasRoomFor(results: number): boolean {
    const longest = RESULT_KEPT_BYTES_MAX + RESULT_OVERHEAD_BYTES;
    return this.keptBytes + results * longest <= this.options.resultBytesMax;
  }

  /** The command was executed: this is its result, encoded. */
  keep(result: KeptResult, bytes: Uint8Array): void {
    result.bytes = bytes.length > RESULT_KEPT_BYTES_MAX ? null : bytes;
    if (result.held) this.keptBytes += costOf(result.bytes);
  }

  /** Lets the longest silent sessions expire until the bounds hold. */
  enforceBounds(): void {
    const { sessionsMax, resultBytesMax } = this.options;
    for (const session of this.byId.values()) {
      if (this.byId.size <= sessionsMax && this.keptBytes <= resultBytesMax) return;
      this.remove(session);
    }
  }

  /** The client has these answers: they are dropped, and their numbers execute no more. */
  private acknowledge(session: Session, lowestUnanswered: number): void {
    const { results, lowMark } = session;
    if (lowestUnanswered <= lowMark) return;
    session.lowMark = lowestUnanswered;
    if (lowestUnanswered - lowMark <= results.size)
      for (let sequence = lowMark; sequence < lowestUnanswered; sequence++) this.drop(results, sequence);
    else for (const sequence of results.keys()) if (sequence < lowestUnanswered) this.drop(results, sequence);
  }

  private drop(results: Map<number, KeptResult>, sequence: number): void {
    const result = results.get(sequence);
    if (result === undefined) return;
    results.delete(sequence);
    result.held = false;
    this.keptBytes -= costOf(result.bytes);
  }

  private touch(session: Session, logTimeMs: number): void {
    session.lastUsedMs = logTimeMs;
    if (session === this.newest) return;
    this.byId.delete(session.id);
    this.byId.set(session.id, session);
    this.newest = session;
  }

  private expire(logTimeMs: number): void {
    for (const session of this.byId.values()) {
      if (logTimeMs - session.lastUsedMs < this.options.ttlMs) return;
      this.remove(session);
    }
  }

  private remove(session: Session): void {
    this.byId.delete(session.id);
    this.byNonce.delete(session.nonce);
    for (const sequence of session.results.keys()) this.drop(session.results, sequence);
    if (session === this.newest) this.newest = undefined;
  }
}

/** What a result counts; nothing while it is not there yet. */
const costOf = (bytes: Uint8Array | null | undefined): number =>
  bytes === undefined ? 0 : RESULT_OVERHEAD_BYTES + (bytes?.length ?? 0);
