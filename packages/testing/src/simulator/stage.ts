import type { Consistency, NodeDescription } from "@hexraft/core";
import { type Envelope, type LogIndex, type MessageType, type NodeId, RaftError, type Term } from "@hexraft/core/ports";
import type { MessageOf } from "../cluster/wire-record.js";
import type { SeededRandom } from "../time/seeded-random.js";
import { ask } from "./clients/client.js";
import type { History, Operation } from "./clients/history.js";
import type { ClientAct } from "./clients/model.js";
import type { FaultAct } from "./faults/fault.js";
import type { Injector } from "./faults/injector.js";
import type { Operators, Order } from "./faults/operators.js";
import type { Plan } from "./faults/plan.js";
import type { Referee } from "./invariants/referee.js";
import type { Trace } from "./trace/trace.js";
import type { Fate, SimulatedNetwork } from "./world/simulated-network.js";
import type { SimulatedNode } from "./world/simulated-node.js";
import type { SimulatedTime } from "./world/simulated-time.js";
import type { TapPlaces } from "./world/taps.js";

/** What a stage is made of: the parts of one simulation. */
export interface StageParts {
  readonly time: SimulatedTime;
  readonly plan: Plan;
  readonly nodes: ReadonlyMap<NodeId, SimulatedNode>;
  readonly network: SimulatedNetwork;
  readonly injector: Injector;
  readonly operators: Operators;
  readonly referee: Referee;
  readonly history: History;
  readonly trace: Trace;
  readonly places: TapPlaces;
  readonly random: SeededRandom;
  /** Ends the run: this did not come true. */
  readonly stuck: (what: string, withinMs: number) => never;
}

/** Which messages of a story. */
export interface StageFilter {
  /** Sender. */
  readonly from?: NodeId;
  /** Receiver. */
  readonly to?: NodeId;
  /** From this virtual time on, ms. */
  readonly since?: number;
  /** Default `delivered`. */
  readonly fate?: Fate;
}

/** Most messages that a stage remembers; the older half is forgotten beyond that. */
export const STAGE_MESSAGES_MAX = 400_000;
/** How often commands of {@link Stage.agreed} are proposed anew before the story is taken to be stuck. */
const AGREE_TRIES_MAX = 20;

/**
 * A cluster as a story plays with it: time passes when the story says so, nodes are cut off, crash and come back when it
 * says so, and it sees every message. The invariants are judged all along, and what was called is held against the model.
 */
export class Stage<Command = unknown, Query = unknown> {
  /** All nodes. */
  readonly ids: readonly NodeId[];
  /** Chance of the story, from the plan's seed. */
  readonly random: SeededRandom;
  private readonly seen: { readonly atMs: number; readonly fate: Fate; readonly envelope: Envelope }[] = [];
  private readonly ends = new Map<string, () => void>();
  private readonly away = new Set<NodeId>();
  private readonly losses = new Set<(envelope: Envelope) => boolean>();
  private calls = 0;

  /** @internal */
  constructor(private readonly parts: StageParts) {
    this.ids = parts.plan.nodes;
    this.random = parts.random;
  }

  /** Virtual time, ms. */
  get now(): number {
    return this.parts.time.now();
  }

  /** T of this cluster, ms. */
  get electionTimeoutMs(): number {
    return this.parts.plan.options.electionTimeoutMs ?? 1_000;
  }

  /** Nodes that run. */
  get up(): readonly NodeId[] {
    return this.ids.filter((id) => this.node(id).isUp);
  }

  /** Nodes that run and were not cut off by {@link Stage.isolate}. */
  get connected(): readonly NodeId[] {
    return this.up.filter((id) => !this.away.has(id));
  }

  /** Every call so far, of the clients and of the story. */
  get operations(): readonly Operation[] {
    return this.parts.history.operations;
  }

  /** Who led in which term, over the whole history. */
  get leaderOfTerm(): ReadonlyMap<Term, NodeId> {
    return this.parts.referee.commits.leaderOfTerm;
  }

  /** What a node says of itself. */
  view(id: NodeId): NodeDescription {
    const { node } = this.node(id);
    if (node === undefined) throw new Error(`${id} was never started`);
    return node.describe();
  }

  /** Commands that a node's state machine holds, in order. */
  applied(id: NodeId): readonly Command[] {
    const { referee, places } = this.parts;
    const { applied } = referee.record(id);
    return referee.applies.entries
      .slice(0, applied + 1)
      .flatMap((entry) => (entry === undefined ? [] : [places.decode(entry.payload) as Command]));
  }

  /** Who leads: of several that believe so, the one of the highest term. */
  leader(among: readonly NodeId[] = this.up): NodeId | undefined {
    const records = among.filter((id) => this.node(id).isUp).map((id) => this.parts.referee.record(id));
    const leaders = records.filter(({ role }) => role === "leader");
    return leaders.toSorted((a, b) => b.term - a.term)[0]?.id;
  }

  /** All nodes but these. */
  others(...ids: readonly NodeId[]): readonly NodeId[] {
    return this.ids.filter((id) => !ids.includes(id));
  }

  /** So many different nodes, by chance. */
  some(count: number): readonly NodeId[] {
    const drawn = this.ids.map((id) => ({ id, at: this.random.next() }));
    return drawn
      .toSorted((a, b) => a.at - b.at)
      .slice(0, count)
      .map(({ id }) => id);
  }

  /** Time passes. */
  async pass(ms: number): Promise<void> {
    await this.parts.time.run(this.now + ms);
  }

  /** Waits for a condition, asked after every event. */
  async until(what: string, condition: () => boolean, withinMs = 40 * this.electionTimeoutMs): Promise<void> {
    if (!(await this.parts.time.run(this.now + withinMs, condition))) this.parts.stuck(what, withinMs);
  }

  /** Waits until one of these leads, and says who. */
  async awaitLeader(among: () => readonly NodeId[] = () => this.connected): Promise<NodeId> {
    await this.until("somebody leads", () => this.leader(among()) !== undefined);
    return this.leader(among()) as NodeId;
  }

  /** Waits until all that are connected follow one leader and applied all that it holds; says who. */
  async settled(): Promise<NodeId> {
    const agreed = (): boolean => {
      const leader = this.leader(this.connected);
      if (leader === undefined) return false;
      const { term, last } = this.view(leader);
      return this.connected.every((id) => {
        const view = this.view(id);
        return view.term === term && view.leader === leader && view.appliedIndex === last.index;
      });
    };
    for (const endMs = this.now + 60 * this.electionTimeoutMs; !agreed(); await this.pass(10))
      if (this.now > endMs) this.parts.stuck("all that are connected follow one leader", 60 * this.electionTimeoutMs);
    return this.leader(this.connected) as NodeId;
  }

  /** A client proposes a command, at the leader unless `via` says otherwise; what becomes of it shows as time passes. */
  propose(command: Command, via: NodeId | undefined = this.leader()): Operation {
    return this.call({ kind: "apply", command }, via);
  }

  /** A client reads, likewise; linearizably unless it says that less will do. */
  read(query: Query, via: NodeId | undefined = this.leader(), consistency: Consistency = "linearizable"): Operation {
    return this.call({ kind: "read", query, consistency }, via);
  }

  /** Waits until these calls are answered. */
  async answered(...operations: readonly Operation[]): Promise<void> {
    await this.until("the calls are answered", () => operations.every(({ outcome }) => outcome !== "pending"));
  }

  /** Proposes commands at whoever leads, anew if they were not taken, until all of them are done; says up to which index. */
  async agreed(...commands: readonly Command[]): Promise<LogIndex> {
    for (let tries = 0; tries < AGREE_TRIES_MAX; tries++) {
      const leader = await this.awaitLeader();
      const operations = commands.map((command) => this.propose(command, leader));
      await this.answered(...operations);
      if (operations.every(({ outcome }) => outcome === "ok"))
        return Math.max(...operations.map(({ index = 0 }) => index));
    }
    return this.parts.stuck(`the commands are agreed upon in ${AGREE_TRIES_MAX} tries`, 0);
  }

  /** The same, and waits until every connected node applied them. */
  async agree(...commands: readonly Command[]): Promise<void> {
    const last = await this.agreed(...commands);
    const everywhere = (): boolean => this.connected.every((id) => this.parts.referee.record(id).applied >= last);
    await this.until("every connected node applied the commands", everywhere);
  }

  /** Something goes wrong from now on, until what is returned is called. */
  inflict(act: FaultAct, forMs = 0): () => void {
    return this.parts.injector.inflict(act, forMs);
  }

  /** Cuts nodes off from all others. */
  isolate(...ids: readonly NodeId[]): void {
    for (const id of ids) {
      if (this.away.has(id)) continue;
      this.away.add(id);
      this.ends.set(`link of ${id}`, this.inflict({ kind: "isolate", node: id }));
    }
  }

  /** Ends {@link Stage.isolate}. */
  join(...ids: readonly NodeId[]): void {
    for (const id of ids) {
      this.away.delete(id);
      this.end(`link of ${id}`);
    }
  }

  /** Power is cut. */
  crash(...ids: readonly NodeId[]): void {
    for (const id of ids)
      if (this.node(id).isThere) this.ends.set(`life of ${id}`, this.inflict({ kind: "crash", node: id }));
  }

  /** Those that crashed begin their next life; waits until they run. */
  async restart(...ids: readonly NodeId[]): Promise<void> {
    for (const id of ids) this.end(`life of ${id}`);
    await this.until(`${ids.join(", ")} run`, () => ids.every((id) => this.node(id).isUp));
  }

  /** Loses messages that match, from now on, until what is returned is called. */
  lose<T extends MessageType>(
    type: T,
    matches: (message: MessageOf<T>, ends: Pick<Envelope, "from" | "to">) => boolean = () => true,
  ): () => void {
    const { network } = this.parts;
    const isLost = (envelope: Envelope): boolean =>
      envelope.message.type === type && matches(envelope.message as MessageOf<T>, envelope);
    this.losses.add(isLost);
    network.loses = (envelope) => [...this.losses].some((loses) => loses(envelope));
    return () => {
      this.losses.delete(isLost);
      if (this.losses.size === 0) network.loses = undefined;
    };
  }

  /** The leader is asked to hand over. */
  transfer(to: NodeId): Order {
    return this.parts.operators.transfer(to);
  }

  /** The leader is asked to change the members, of whom all were members before. */
  change(voters: readonly NodeId[], learners: readonly NodeId[] = []): Order {
    return this.parts.operators.change(voters, learners);
  }

  /** A node is asked to save a snapshot. */
  snapshot(id: NodeId): Order {
    return this.parts.operators.snapshot(id);
  }

  /** Waits until these orders are done or refused. */
  async followed(...orders: readonly Order[]): Promise<void> {
    await this.until("the orders are followed", () => orders.every(({ state }) => state !== "pending"));
  }

  /** Messages that match, in order; those that arrived unless `fate` says otherwise. */
  messages<T extends MessageType>(type: T, filter: StageFilter = {}): readonly MessageOf<T>[] {
    const { from, to, since = 0, fate = "delivered" } = filter;
    return this.seen
      .filter(({ atMs, envelope, ...message }) => {
        const ends = (from ?? envelope.from) === envelope.from && (to ?? envelope.to) === envelope.to;
        return message.fate === fate && atMs >= since && ends && envelope.message.type === type;
      })
      .map(({ envelope }) => envelope.message as MessageOf<T>);
  }

  /** @internal */
  saw(envelope: Envelope, fate: Fate): void {
    if (this.seen.length >= STAGE_MESSAGES_MAX) this.seen.splice(0, STAGE_MESSAGES_MAX / 2);
    this.seen.push({ atMs: this.now, fate, envelope });
  }

  private call(act: ClientAct, via: NodeId | undefined): Operation {
    if (via === undefined) throw new Error("nobody leads: say via whom");
    const { history, time, places, trace } = this.parts;
    // Each call is a client of its own: a story may have many under way at once.
    const operation = history.begin(1_000 + this.calls++, act, via, time.now());
    const end = (outcome: "ok" | "refused" | "unknown", output?: unknown, code?: string): void => {
      history.end(operation, outcome, output, code);
      operation.returnedMs = time.now();
      trace.note("client", via, `call ${operation.id} ${act.kind} ${outcome} ${code ?? ""}`);
    };
    const { node, isUp } = this.node(via);
    if (!isUp || node === undefined) {
      end("refused", undefined, "Down");
      return operation;
    }
    // A process that dies answers nobody; its clients give up.
    const watch = time.after(20 * this.electionTimeoutMs, () => end("unknown", undefined, "Silence"));
    const hear = async (): Promise<void> => {
      try {
        end("ok", await ask(node, operation, places, {}));
      } catch (error) {
        if (error instanceof RaftError) end(error.outcome, undefined, error.code);
        else end("unknown", undefined, String(error));
      } finally {
        time.cancel(watch);
      }
    };
    void hear();
    return operation;
  }

  private end(what: string): void {
    this.ends.get(what)?.();
    this.ends.delete(what);
  }

  private node(id: NodeId): SimulatedNode {
    const node = this.parts.nodes.get(id);
    if (node === undefined) throw new Error(`there is no ${id} in this simulation`);
    return node;
  }
}
