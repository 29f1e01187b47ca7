import { type AbortSignalLike, type ErrorCode, type NodeId, RaftError } from "@hexraft/core/ports";
import {
  type ClientOptions,
  type Endpoint,
  type ResolvedClientOptions,
  resolveClientOptions,
} from "./client-options.js";
import type { Denial, DoorConnection } from "./door-connection.js";
import { AnswerKind, RequestKind } from "./door-records.js";
import { type Answered, failed } from "./outcome.js";
import {
  errorOf,
  givenUp,
  inDoubt,
  isMovable,
  isOnce,
  isRepeatable,
  isRetried,
  ofAnotherCluster,
  type Pending,
  pendingRequest,
  type Settle,
} from "./pending.js";
import { PendingTable } from "./pending-table.js";
import { ANY_NODE, Route, type RouteOwner } from "./route.js";
import { SessionGate } from "./session-gate.js";
import { tooMuch } from "./too-much.js";

/** How long one operation may take, and how it can be called off. */
export interface OperationOptions {
  /** Overrides the client's `deadlineMs`, ms, rounded up to the next 20. */
  readonly deadlineMs?: number;
  /** Gives up when aborted: *unknown* for a command that was sent, else *refused*. */
  readonly signal?: AbortSignalLike;
}

/** Deadlines are looked at this often; one timer for all operations. ms. */
const SWEEP_MS = 20;

/**
 * Sends requests, as bytes, to whoever leads, and settles each exactly once. What is harmless is sent again: refused
 * requests, reads, and commands in a session under the same number (C03). A command without a session whose answer is
 * lost is *unknown* and never sent again (C05).
 */
export class DoorClient implements RouteOwner {
  private readonly options: ResolvedClientOptions;
  private readonly route: Route;
  private readonly pending = new PendingTable<Pending>();
  private waiting: Pending[] = [];
  private bytesInFlight = 0;
  private sweeper: ReturnType<typeof setInterval> | null = null;
  private closed = false;
  private readonly gate: SessionGate;

  /** @param goal - the node that is to be asked, whoever leads; {@link ANY_NODE}: whichever can be reached. Default: the leader. */
  constructor(
    options: ClientOptions,
    private readonly goal?: NodeId,
  ) {
    this.options = resolveClientOptions(options);
    this.route = new Route(this.options, this, goal);
    this.gate = new SessionGate({
      register: (nonce, settle) => {
        const now = performance.now();
        const entry = this.begin(RequestKind.openSession, nonce, now + this.options.deadlineMs, (answered) =>
          settle(answered, entry.connection?.clusterId ?? ""),
        );
        this.dispatch(entry, now);
      },
      goOn: () => this.onReady(),
      failWaiting: (error) => this.failWaiting(error),
    });
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
    const entry = this.begin(kind, bytes, deadlineAt, settle);
    if (signal !== undefined) {
      const onAbort = () => this.giveUp(entry, "Cancelled", "the caller called it off");
      signal.addEventListener("abort", onAbort, { once: true });
      entry.release = () => signal.removeEventListener("abort", onAbort);
    }
    this.dispatch(entry, now);
  }

  /** Refuses what waits, gives up what is under way (*unknown* for commands), and closes every connection. Idempotent. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const entry of this.pending.all()) this.giveUp(entry, "Stopped", "the client was closed");
    this.route.close();
  }

  onReady(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const entry of waiting) if (this.pending.has(entry)) this.dispatch(entry, performance.now());
  }

  onAnswer(connection: DoorConnection, number: number, kind: number, bytes: Uint8Array): void {
    const entry = this.pending.get(number);
    // The answer of a request that was given up, or of a read that has been sent elsewhere since.
    if (entry === undefined || entry.connection !== connection) return;
    if (kind === AnswerKind.ok) {
      this.route.succeeded();
      this.settle(entry, { outcome: "ok", value: bytes, token: connection.token || undefined });
      return;
    }
    const { error, leader } = errorOf(kind, bytes);
    const isExpired = error.code === "SessionExpired" && !entry.isDoubtful;
    const harmless = error.outcome === "refused" ? isRetried(entry, error) || isExpired : isRepeatable(entry, error);
    if (!harmless || (this.isForOneNode && error.code === "NotLeader")) {
      this.settle(entry, failed(inDoubt(entry, error)));
      return;
    }
    if (error.outcome === "unknown") entry.isDoubtful = true;
    this.recall(entry, error.message);
    if (isExpired) this.gate.leave(entry);
    if (error.code === "Overloaded" || error.code === "TransferRunning" || isExpired)
      this.route.paused(connection, error.message);
    else this.route.redirected(connection, leader, error.message);
    this.dispatch(entry, performance.now());
  }

  onLost(connection: DoorConnection, reason: string): void {
    if (connection.inFlight === 0) return;
    for (const entry of this.pending.all()) {
      if (entry.connection !== connection) continue;
      if (isOnce(entry)) {
        const message = `The connection was lost before the answer came (${reason}); the command may have been applied, or may still be.`;
        this.settle(entry, failed(new RaftError("ConnectionLost", "unknown", message)));
      } else {
        entry.isDoubtful = true;
        this.recall(entry, reason);
        this.dispatch(entry, performance.now());
      }
    }
  }

  onDenied(reason: string, denial: Denial): void {
    const what = denial === "AccessDenied" ? "credentials" : "option group";
    this.failWaiting(new RaftError(denial, "refused", `Nothing was done: ${reason}. Check the client's ${what}.`));
  }

  isWaiting(): boolean {
    return this.waiting.length > 0;
  }

  /** What is meant for one very node is for nobody else. */
  private get isForOneNode(): boolean {
    return this.goal !== undefined && this.goal !== ANY_NODE;
  }

  private failWaiting(error: RaftError): void {
    const { waiting } = this;
    this.waiting = [];
    for (const entry of waiting) if (this.pending.has(entry)) this.settle(entry, failed(inDoubt(entry, error)));
  }

  private dispatch(entry: Pending, now: number): void {
    const connection = this.route.ready;
    if (connection === null) {
      this.waiting.push(entry);
      this.route.seek();
      return;
    }
    const { clusterId } = connection;
    // F08: a cluster that was made out of a backup answers now. There the session is unknown by its number, or another client's.
    if (entry.session !== null && entry.session.clusterId !== clusterId) {
      if (entry.isDoubtful) return this.settle(entry, failed(inDoubt(entry, ofAnotherCluster(clusterId))));
      this.gate.leave(entry);
    }
    if (entry.kind === RequestKind.command && connection.sessions && this.options.sessions) {
      if (!this.gate.isOpenIn(clusterId)) {
        this.waiting.push(entry);
        this.gate.open();
        return;
      }
      this.gate.enter(entry);
    }
    entry.connection = connection;
    entry.sentAt = now;
    connection.inFlight++;
    connection.send(entry);
  }

  private begin(kind: RequestKind, own: Uint8Array, deadlineAt: number, settle: Settle<Uint8Array>): Pending {
    const entry = pendingRequest(this.pending.nextNumber(), kind, own, deadlineAt, settle);
    this.pending.add(entry);
    this.bytesInFlight += own.length;
    this.sweeper ??= setInterval(() => this.sweep(), SWEEP_MS);
    return entry;
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
    // What ends one may end others: a client that is closed fails its registration, and with it whoever waits for that.
    if (!this.pending.delete(entry)) return;
    this.bytesInFlight -= entry.own.length;
    entry.session?.settled(entry.sequence);
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
    this.settle(entry, failed(givenUp(entry, code, why, this.route.trouble)));
  }

  private sweep(): void {
    const now = performance.now();
    const silent = new Set<DoorConnection>();
    for (const entry of this.pending.all()) {
      const { connection, sentAt, deadlineAt } = entry;
      // A node that has said nothing at all since then hangs, or the network swallows everything: look elsewhere.
      const isSilent = connection !== null && connection.heardAt < sentAt;
      const canGoElsewhere = isMovable(entry) && !this.isForOneNode && now - sentAt >= this.options.connectTimeoutMs;
      if (isSilent && (canGoElsewhere || deadlineAt <= now)) silent.add(connection);
      if (deadlineAt <= now) this.giveUp(entry, "DeadlineExceeded", "its time ran out");
    }
    for (const connection of silent) connection.giveUp("it answers nothing", now - connection.heardAt);
    this.waiting = this.waiting.filter((entry) => this.pending.has(entry));
  }

  private refusal(bytes: Uint8Array, signal: AbortSignalLike | undefined): RaftError | null {
    if (this.closed) return new RaftError("Stopped", "refused", "This client was closed; make a new one.");
    if (signal?.aborted)
      return new RaftError("Cancelled", "refused", "The signal was aborted before the request was made.");
    return tooMuch(bytes.length, this.options, { requests: this.pending.size, bytes: this.bytesInFlight });
  }
}
