import { type ApplyOptions, type Node, RaftError } from "@hexraft/core";
import type { NodeId } from "@hexraft/core/ports";
import type { SeededRandom } from "../../time/seeded-random.js";
import { exponential } from "../chance.js";
import type { Counters } from "../trace/counters.js";
import type { Trace } from "../trace/trace.js";
import type { SimulatedNode } from "../world/simulated-node.js";
import type { SimulatedTime } from "../world/simulated-time.js";
import { type TapPlaces, TracedCommand, TracedQuery } from "../world/taps.js";
import { drawConsistency, indexOfToken, nameOf } from "./consistencies.js";
import type { History, Operation } from "./history.js";
import type { ClientAct, Workload } from "./model.js";

/** Times one call is tried again after a certain refusal, before its client gives up on it. */
const TRIES_MAX = 6;

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

/** One client: a call at a time, against whom it takes for the leader, with deadlines, retries and no certainty. */
export class Client {
  private readonly ids: readonly NodeId[];
  private favourite: NodeId;
  private turn = 0;
  private token: string | undefined;
  private stopped = false;

  constructor(
    private readonly number: number,
    private readonly parts: ClientParts,
    private readonly random: SeededRandom,
    private readonly workload: Workload,
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
      this.stopped = false;
      this.call(act, TRIES_MAX, (operation) => {
        if (operation.outcome === "ok") done();
        else this.parts.time.after(this.parts.electionTimeoutMs / 5, again);
      });
    };
    again();
  }

  private rest(): void {
    const waitMs = exponential(this.random) * this.parts.pauseMs;
    this.parts.time.after(waitMs, () => {
      if (!this.stopped)
        this.call(this.varied(this.workload(this.random, this.number, this.turn++)), 0, () => this.rest());
    });
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

  private call(act: ClientAct, tries: number, done: (operation: Operation) => void): void {
    const { parts } = this;
    const via = this.random.next() < 0.1 ? this.anybody() : this.favourite;
    const operation = parts.history.begin(this.number, act, via, parts.time.now());
    const deadlineMs = parts.electionTimeoutMs * (1 + 4 * this.random.next());
    const retry = (): void => {
      if (tries >= TRIES_MAX || this.stopped) return done(operation);
      parts.time.after((2 << tries) + 20 * this.random.next(), () => this.call(act, tries + 1, done));
    };
    const end = (outcome: "ok" | "refused" | "unknown", output?: unknown, code?: string): void => {
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
      if (outcome === "ok") return done(operation);
      this.favourite = this.anybody();
      // An unknown is not repeated under another number: it would be a second command (C05). The client goes on.
      if (outcome === "refused") retry();
      else done(operation);
    };
    const node = parts.nodes.get(via);
    if (node?.isUp !== true || node.node === undefined) return end("refused", undefined, "Down");
    // The process may die, and nobody would answer.
    const watch = parts.time.after(deadlineMs * 2 + 2 * parts.electionTimeoutMs, () => end("unknown"));
    const settled = (): void => parts.time.cancel(watch);
    const forward = act.kind === "apply" && parts.mayForward && parts.places.hasCodec && this.random.next() < 0.2;
    ask(node.node, operation, parts.places, { deadlineMs, forward }).then(
      (output) => {
        settled();
        const answerer = node.node;
        if (operation.outcome === "pending" && answerer !== undefined) this.remember(answerer, operation);
        return end("ok", output);
      },
      (error: unknown) => {
        settled();
        if (error instanceof RaftError) {
          const leader = error.details["leader"];
          end(error.outcome, undefined, error.code);
          if (typeof leader === "string" && parts.nodes.has(leader)) this.favourite = leader;
        } else end("unknown", undefined, error instanceof Error ? error.message : String(error));
      },
    );
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
    return node.read(new TracedQuery(operation, query), { ...options, consistency });
  }
  if (places.hasCodec) return node.apply(new TracedCommand(operation, act.command), options);
  if (!(act.command instanceof Uint8Array))
    throw new Error("without a Codec the commands of a workload must be of type Uint8Array");
  const payload = act.command.slice();
  places.origins.set(payload, operation);
  return node.apply(payload, options);
}
