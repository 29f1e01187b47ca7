import { type ApplyOptions, type Node, RaftError } from "@hexraft/core";
import type { NodeId } from "@hexraft/core/ports";
import type { SeededRandom } from "../../time/seeded-random.js";
import { exponential } from "../chance.js";
import type { Counters } from "../trace/counters.js";
import type { Trace } from "../trace/trace.js";
import type { SimulatedNode } from "../world/simulated-node.js";
import type { SimulatedTime } from "../world/simulated-time.js";
import { type TapPlaces, TracedCommand, TracedQuery } from "../world/taps.js";
import type { ClientSession } from "./client-session.js";
import { drawConsistency, indexOfToken, isStrict, nameOf } from "./consistencies.js";
import type { History, Operation } from "./history.js";
import type { ClientAct, Workload } from "./model.js";

/** Pauses between tries, as those of the client of production: from this, doubled with each round over all nodes, ms. */
const BACKOFF_MS = 10;
/** Longest of them, ms. */
const BACKOFF_MS_MAX = 500;
/** Who may repeat what is unknown has so much more patience: answers that got lost are what sessions are for. */
const SESSION_PATIENCE = 3;
/** Doublings beyond which the longest is reached anyway. */
const DOUBLINGS_MAX = 10;

/** What clients work with. */
export interface ClientParts {
  readonly time: SimulatedTime;
  readonly nodes: ReadonlyMap<NodeId, SimulatedNode>;
  readonly history: History;
  readonly places: TapPlaces;
  readonly trace: Trace;
  readonly counters: Counters;
  readonly electionTimeoutMs: number;
  /** Mean time between two calls of one client, ms. */
  readonly pauseMs: number;
  /** Whether commands may be passed on by followers. */
  readonly mayForward: boolean;
  /** Whether reads are asked for in every consistency. */
  readonly readsVary: boolean;
}

/**
 * One client: an operation at a time, against whom it takes for the leader, with deadlines, retries and no certainty. A refusal
 * that names another leader costs one hop; after any other it moves on to the next node, and pauses longer with each round over
 * all of them (C05).
 */
export class Client {
  private readonly ids: readonly NodeId[];
  private favourite: NodeId;
  private failures = 0;
  private hopped = false;
  private turn = 0;
  private token: string | undefined;
  private stopped = false;

  constructor(
    private readonly number: number,
    private readonly parts: ClientParts,
    private readonly random: SeededRandom,
    private readonly workload: Workload,
    /** C03: every command of this client is said in it. Default: in none. */
    private readonly session?: ClientSession,
  ) {
    this.ids = [...parts.nodes.keys()];
    this.favourite = this.anybody();
  }

  /** Begins to call. */
  start(): void {
    this.rest();
  }

  /** Begins no other call. */
  stop(): void {
    this.stopped = true;
  }

  /** Makes one call that must succeed in the end, for the proof of life; `done` hears when it did. */
  insist(act: ClientAct, done: () => void): void {
    const again = (): void => {
      this.call(act, this.parts.time.now(), (operation) => {
        if (operation.outcome === "ok") done();
        else this.parts.time.after(this.parts.electionTimeoutMs / 5, again);
      });
    };
    again();
  }

  private rest(): void {
    const waitMs = exponential(this.random) * this.parts.pauseMs + (this.session?.napMs() ?? 0);
    this.parts.time.after(waitMs, () => {
      if (this.stopped) return;
      this.parts.counters.add("operations");
      const act = this.varied(this.workload(this.random, this.number, this.turn++));
      const untilMs = this.parts.time.now() + this.patienceMs();
      if (this.session === undefined || act.kind === "read") this.call(act, untilMs, () => this.rest());
      else this.once(this.session, act.command);
    });
  }

  /** C03: in a session an unknown outcome is no end: the same command under the same number, until it is known or time is up. */
  private once(session: ClientSession, command: unknown): void {
    const { counters, time } = this.parts;
    const untilMs = time.now() + SESSION_PATIENCE * this.patienceMs();
    if (!session.isOpen) {
      const registration: ClientAct = { kind: "apply", command: session.registration() };
      return this.call(
        registration,
        untilMs,
        ({ outcome, output }) => {
          if (outcome !== "ok") return this.rest();
          counters.add("sessions.opened");
          session.opened(output);
          if (this.stopped) return;
          this.once(session, command);
        },
        true,
      );
    }
    const act: ClientAct = { kind: "apply", command: session.next(command) };
    this.call(
      act,
      untilMs,
      ({ outcome, output }) => {
        if (outcome === "ok" && session.hasExpired(output)) counters.add("sessions.expired");
        else if (outcome === "ok" && !this.stopped && session.echoes())
          return this.call(act, untilMs, () => this.rest(), true);
        this.rest();
      },
      true,
    );
  }

  private patienceMs(): number {
    return this.parts.electionTimeoutMs * (1 + 4 * this.random.next());
  }

  private varied(act: ClientAct): ClientAct {
    if (act.kind !== "read" || !this.parts.readsVary) return act;
    return { ...act, consistency: drawConsistency(this.random, this.parts.electionTimeoutMs, this.token) };
  }

  /** Q08: what it was shown, for a later read wherever that goes. */
  private remember(node: Node<unknown>, operation: Operation): void {
    try {
      this.token = node.readToken();
      operation.tokenIndex = indexOfToken(this.token);
    } catch (error) {
      // The node stopped in the moment of its answer.
      if (!(error instanceof RaftError)) throw error;
    }
  }

  /** Tries until it is answered, its fate is unknown and it may not be repeated, or there is no answer at `untilMs`. */
  private call(act: ClientAct, untilMs: number, done: (operation: Operation) => void, isRepeatable = false): void {
    const { parts } = this;
    // What every replica may answer is asked of everybody.
    const anywhere = parts.readsVary && !isStrict(act) ? 0.5 : 0.1;
    const via = this.random.next() < anywhere ? this.anybody() : this.favourite;
    const operation = parts.history.begin(this.number, act, via, parts.time.now());
    const deadlineMs = this.patienceMs();
    const retry = (pauseMs: number): void => {
      if (this.stopped || parts.time.now() + pauseMs >= untilMs) return done(operation);
      parts.time.after(pauseMs, () => this.call(act, untilMs, done, isRepeatable));
    };
    const end = (outcome: "ok" | "refused" | "unknown", output?: unknown, code?: string, leader?: unknown): void => {
      if (operation.outcome !== "pending") return;
      parts.history.end(operation, outcome, output, code);
      operation.returnedMs = parts.time.now();
      parts.counters.add(`calls.${outcome}`);
      if (outcome === "ok" && act.kind === "read" && parts.readsVary)
        parts.counters.add(`reads.${nameOf(act.consistency)}`);
      parts.trace.note(
        "client",
        via,
        `call ${operation.id} ${act.kind} ${outcome}${code === undefined ? "" : ` ${code}`}`,
      );
      if (outcome === "ok") {
        this.failures = 0;
        this.hopped = false;
        return done(operation);
      }
      const pauseMs = this.moveOn(via, leader);
      // Without a session an unknown is not repeated: it would be a second command (C05). The client goes on.
      if (outcome === "refused" || isRepeatable) retry(pauseMs);
      else done(operation);
    };
    const node = parts.nodes.get(via);
    if (node?.isUp !== true || node.node === undefined) return end("refused", undefined, "Down");
    // The process may die, and nobody would answer.
    const watch = parts.time.after(deadlineMs * 2 + 2 * parts.electionTimeoutMs, () => end("unknown"));
    const { life } = node;
    // One that dies inside a turn goes on to its end, and nobody hears what it says there.
    const isHeard = (): boolean => {
      if (!node.isThere || node.life !== life) return false;
      parts.time.cancel(watch);
      return true;
    };
    const forward = act.kind === "apply" && parts.mayForward && parts.places.hasCodec && this.random.next() < 0.2;
    ask(node.node, operation, parts.places, { deadlineMs, forward }).then(
      (output) => {
        if (!isHeard()) return;
        const answerer = node.node;
        if (operation.outcome === "pending" && answerer !== undefined) this.remember(answerer, operation);
        return end("ok", output);
      },
      (error: unknown) => {
        if (!isHeard()) return;
        if (error instanceof RaftError) end(error.outcome, undefined, error.code, error.details["leader"]);
        else end("unknown", undefined, error instanceof Error ? error.message : String(error));
      },
    );
  }

  /** Chooses whom to ask next. @returns after which pause, ms. */
  private moveOn(via: NodeId, leader: unknown): number {
    const hint = this.ids.find((id) => id === leader && id !== via);
    if (hint !== undefined && !this.hopped) {
      this.hopped = true;
      this.favourite = hint;
      return 0;
    }
    this.hopped = false;
    this.favourite = hint ?? (this.ids[(this.ids.indexOf(via) + 1) % this.ids.length] as NodeId);
    const round = Math.min(Math.floor(this.failures++ / this.ids.length), DOUBLINGS_MAX);
    return Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** round) * (0.5 + this.random.next() / 2);
  }

  private anybody(): NodeId {
    return this.ids[this.random.integer(0, this.ids.length - 1)] as NodeId;
  }
}

/** A call of a client as its node hears it. */
export function ask(
  node: Node<unknown>,
  operation: Operation,
  places: TapPlaces,
  options: ApplyOptions,
): Promise<unknown> {
  const { act } = operation;
  if (act.kind === "read") {
    const { query, consistency = "linearizable" } = act;
    return node.read(new TracedQuery(operation, query), { consistency, ...options });
  }
  if (places.hasCodec) return node.apply(new TracedCommand(operation, act.command), options);
  if (!(act.command instanceof Uint8Array))
    throw new Error("without a Codec the commands of a workload must be of type Uint8Array");
  const payload = act.command.slice();
  places.origins.set(payload, operation);
  return node.apply(payload, options);
}
