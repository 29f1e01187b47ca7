import type { SeededRandom } from "../../time/seeded-random.js";
import type { Sessions } from "./sessions.js";

/** Length of a registration's nonce, bytes. */
const NONCE_BYTES = 16;
/** A client forgets lazily: it says of so many numbers below its own that it still wants their answers, at most. */
const LAG_MAX = 3;
/** Share of the pauses that are long ones: sessions expire meanwhile (C04). */
const NAP_SHARE = 0.02;
/** Longest nap, as a multiple of T. */
const NAP_MAX = 20;
/** Share of the answered commands that are said once more, as a proxy or a nervous user would. */
const ECHO_SHARE = 0.1;

/** C03: the session of one client that has one command under way at a time. */
export class ClientSession {
  private id = 0;
  private sequence = 0;
  private nonce: Uint8Array | undefined;

  /** @param random - chance of this session alone. */
  constructor(
    private readonly sessions: Sessions,
    private readonly random: SeededRandom,
    private readonly electionTimeoutMs: number,
  ) {}

  /** Whether it is registered, as far as its client knows. */
  get isOpen(): boolean {
    return this.id > 0;
  }

  /** The registration; the same one until it was answered. */
  registration(): unknown {
    this.nonce ??= Uint8Array.from({ length: NONCE_BYTES }, () => this.random.integer(0, 255));
    return this.sessions.open(this.nonce);
  }

  /** It was answered. */
  opened(answer: unknown): void {
    this.id = this.sessions.opened(answer);
    this.sequence = 0;
  }

  /** A new command under its number, for the first try and all repeats. */
  next(command: unknown): unknown {
    const sequence = ++this.sequence;
    const lowestUnanswered = Math.max(1, sequence - this.random.integer(0, LAG_MAX));
    return this.sessions.inSession({ session: this.id, sequence, lowestUnanswered }, command);
  }

  /** Hears an answer. @returns whether the session is gone (C04): the next registration is a new one. */
  hasExpired(answer: unknown): boolean {
    if (!this.sessions.isExpired(answer)) return false;
    this.id = 0;
    this.nonce = undefined;
    return true;
  }

  /** Whether what was answered is said once more. */
  echoes(): boolean {
    return this.random.next() < ECHO_SHARE;
  }

  /** How much longer than others its client pauses now, ms. */
  napMs(): number {
    return this.random.next() < NAP_SHARE ? this.random.next() * NAP_MAX * this.electionTimeoutMs : 0;
  }
}
