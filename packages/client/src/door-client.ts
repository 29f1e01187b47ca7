import { type AbortSignalLike, type ErrorCode, RaftError } from "@hexraft/core/ports";
import {
  type ClientOptions,
  type Endpoint,
  type ResolvedClientOptions,
  resolveClientOptions,
} from "./client-options.js";
import type { DoorConnection } from "./door-connection.js";
import { AnswerKind, type DoorRequest, REQUEST_BYTES_MAX, RequestKind, readError } from "./door-frames.js";
import { type Answered, failed } from "./outcome.js";
import { Route, type RouteOwner } from "./route.js";

/** How long one operation may take, and how it can be called off. */
export interface OperationOptions {
  /** Overrides the client's `deadlineMs`, ms, rounded up to the next 20. */
  readonly deadlineMs?: number;
  /** Gives up when aborted: *unknown* for a command that was sent, else *refused*. */
  readonly signal?: AbortSignalLike;
}

/** Deadlines are looked at this often; one timer for all operations. ms. */
const SWEEP_MS = 20;

/** Hears how a request ended, once. */
export type Settle<T> = (answered: Answered<T>) => void;

interface Pending extends DoorRequest {
  readonly bytes: Uint8Array;
  readonly deadlineAt: number;
  readonly settle: Settle<Uint8Array>;
  /** No longer listens to the caller's signal. */
  release: (() => void) | undefined;
  /** Where it was sent; null while it waits for a leader. */
  connection: DoorConnection | null;
  sentAt: number;
  /** The last refusal, if it was sent before. */
  refusal: string;
}

/**
 * Sends requests, as bytes, to whoever leads, and settles each exactly once. Only what certainly was not done is sent
 * again: refused requests, and reads. A command whose answer is lost is *unknown* and never sent again (C05).
 */
export class DoorClient implements RouteOwner {
  private readonly options: ResolvedClientOptions;
  private readonly route: Route;
  private readonly pending = new Map<number, Pending>();
  private waiting: Pending[] = [];
  private bytesInFlight = 0;
  private lastNumber = 0;
  private sweeper: ReturnType<typeof setInterval> | null = null;
  private closed = false;

  constructor(options: ClientOptions) {
    this.options = resolveClientOptions(options);
    this.route = new Route(this.options, this);
  }

  /** Operations under way. */
  get inFlight(): number {
    return this.pending.size;
  }

  /** The leader's endpoint, while connected to it. */
  get leaderEndpoint(): Endpoint | null {
    return this.route.endpoint;
  }

  /** Sends `bytes`; the value is a view into the received frame. What is refused at once is told before this returns. */
  request(
    kind: RequestKind,
    bytes: Uint8Array,
    { deadlineMs, signal }: OperationOptions,
    settle: Settle<Uint8Array>,
  ): void {
    const refusal = this.refusal(bytes, signal);
    if (refusal !== null) return settle(failed(refusal));
    const now = performance.now();
    const deadlineAt = now + (deadlineMs ?? this.options.deadlineMs);
    const number = this.nextNumber();
    const entry: Pending = {
      number,
      kind,
      bytes,
      deadlineAt,
      settle,
      release: undefined,
      connection: null,
      sentAt: 0,
      refusal: "",
    };
    if (signal !== undefined) {
      const onAbort = () => this.giveUp(entry, "Cancelled", "the caller called it off");
      signal.addEventListener("abort", onAbort, { once: true });
      entry.release = () => signal.removeEventListener("abort", onAbort);
    }
    this.pending.set(number, entry);
    this.bytesInFlight += bytes.length;
    this.sweeper ??= setInterval(() => this.sweep(), SWEEP_MS);
    this.dispatch(entry, now);
  }

  /** Refuses what waits, gives up what is under way (*unknown* for commands), and closes every connection. Idempotent. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const entry of Array.from(this.pending.values())) this.giveUp(entry, "Stopped", "the client was closed");
    this.route.close();
  }

  onReady(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const entry of waiting) if (this.pending.has(entry.number)) this.dispatch(entry, performance.now());
  }

  onAnswer(connection: DoorConnection, number: number, kind: number, bytes: Uint8Array): void {
    const entry = this.pending.get(number);
    // The answer of a request that was given up, or of a read that has been sent elsewhere since.
    if (entry === undefined || entry.connection !== connection) return;
    if (kind === AnswerKind.ok) {
      this.route.succeeded();
      this.settle(entry, { outcome: "ok", value: bytes });
      return;
    }
    const { error, leader } = errorOf(kind, bytes);
    const harmless = error.outcome === "refused" ? error.retryable : entry.kind !== RequestKind.command;
    if (!harmless) {
      this.settle(entry, failed(error));
      return;
    }
    this.recall(entry, error.message);
    if (error.code === "Overloaded" || error.code === "TransferRunning") this.route.paused(connection, error.message);
    else this.route.redirected(connection, leader, error.message);
    this.dispatch(entry, performance.now());
  }

  onLost(connection: DoorConnection, reason: string): void {
    if (connection.inFlight === 0) return;
    for (const entry of Array.from(this.pending.values())) {
      if (entry.connection !== connection) continue;
      if (entry.kind === RequestKind.command) {
        const message = `The connection was lost before the answer came (${reason}); the command may have been applied, or may still be.`;
        this.settle(entry, failed(new RaftError("ConnectionLost", "unknown", message)));
      } else {
        this.recall(entry, reason);
        this.dispatch(entry, performance.now());
      }
    }
  }

  onDenied(reason: string): void {
    const { waiting } = this;
    this.waiting = [];
    const error = new RaftError(
      "AccessDenied",
      "refused",
      `Nothing was done: ${reason}. Check the client's credentials.`,
    );
    for (const entry of waiting) if (this.pending.has(entry.number)) this.settle(entry, failed(error));
  }

  isWaiting(): boolean {
    return this.waiting.length > 0;
  }

  private dispatch(entry: Pending, now: number): void {
    const connection = this.route.ready;
    if (connection === null) {
      this.waiting.push(entry);
      this.route.seek();
      return;
    }
    entry.connection = connection;
    entry.sentAt = now;
    connection.inFlight++;
    connection.send(entry);
  }

  /** The request is back in our hands, and certainly harmless to send again. */
  private recall(entry: Pending, refusal: string): void {
    const { connection } = entry;
    if (connection !== null) connection.inFlight--;
    entry.connection = null;
    entry.refusal = refusal;
    if (connection !== null) this.route.settled(connection);
  }

  private settle(entry: Pending, answered: Answered<Uint8Array>): void {
    this.pending.delete(entry.number);
    this.bytesInFlight -= entry.bytes.length;
    const { connection } = entry;
    if (connection !== null) {
      connection.inFlight--;
      this.route.settled(connection);
    }
    entry.release?.();
    entry.settle(answered);
    if (this.pending.size === 0 && this.sweeper !== null) {
      clearInterval(this.sweeper);
      this.sweeper = null;
    }
  }

  private giveUp(entry: Pending, code: ErrorCode, why: string): void {
    const doubtful = entry.connection !== null && entry.kind === RequestKind.command;
    const message = doubtful
      ? `The command was sent, and ${why} before the answer came; it may have been applied, or may still be.`
      : `Nothing was done: ${why}. ${entry.refusal === "" ? `The route to the leader: ${this.route.trouble}.` : `The last refusal: ${entry.refusal}`}`;
    this.settle(entry, failed(new RaftError(code, doubtful ? "unknown" : "refused", message)));
  }

  private sweep(): void {
    const now = performance.now();
    for (const entry of this.pending.values()) {
      if (entry.deadlineAt > now) continue;
      const { connection, sentAt } = entry;
      this.giveUp(entry, "DeadlineExceeded", "its time ran out");
      // A node that has said nothing at all since then hangs, or the network swallows everything: look elsewhere.
      if (connection !== null && connection.heardAt < sentAt) connection.close("it answers nothing");
    }
    this.waiting = this.waiting.filter((entry) => this.pending.has(entry.number));
  }

  private refusal(bytes: Uint8Array, signal: AbortSignalLike | undefined): RaftError | null {
    const { inFlightMax, inFlightBytesMax } = this.options;
    if (this.closed) return new RaftError("Stopped", "refused", "This client was closed; make a new one.");
    if (signal?.aborted)
      return new RaftError("Cancelled", "refused", "The signal was aborted before the request was made.");
    if (bytes.length > REQUEST_BYTES_MAX)
      return new RaftError(
        "EntryTooLarge",
        "refused",
        `The request is ${bytes.length} bytes; ${REQUEST_BYTES_MAX} are the most.`,
      );
    if (this.pending.size >= inFlightMax || this.bytesInFlight + bytes.length > inFlightBytesMax)
      return new RaftError(
        "Overloaded",
        "refused",
        `${this.pending.size} operations with ${this.bytesInFlight} bytes are under way (inFlightMax ${inFlightMax}, inFlightBytesMax ${inFlightBytesMax}); wait for some of them.`,
      );
    return null;
  }

  /** The next number that no request under way bears. */
  private nextNumber(): number {
    do this.lastNumber = (this.lastNumber + 1) >>> 0;
    while (this.pending.has(this.lastNumber));
    return this.lastNumber;
  }
}

function errorOf(kind: number, bytes: Uint8Array): { readonly error: RaftError; readonly leader: string } {
  const { code, message, leader } = readError(bytes);
  const outcome = kind === AnswerKind.refused ? "refused" : "unknown";
  return { error: new RaftError(code as ErrorCode, outcome, message, leader === "" ? {} : { leader }), leader };
}
