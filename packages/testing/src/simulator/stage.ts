import type { Consistency, NodeDescription } from "@hexraft/core";
import type { Envelope, LogIndex, MessageType, NodeId, Term } from "@hexraft/core/ports";
import type { MessageOf } from "../cluster/wire-record.js";
import type { SeededRandom } from "../time/seeded-random.js";
import { Callers } from "./callers.js";
import type { Operation } from "./clients/history.js";
import type { FaultAct } from "./faults/fault.js";
import type { Order } from "./faults/operators.js";
import type { NodeRecord } from "./invariants/node-record.js";
import { electionTimeoutOf, nodeCalled, type StageParts } from "./stage-parts.js";
import { type StageFilter, Wiretap } from "./wiretap.js";
import type { Fate } from "./world/simulated-network.js";
import type { SimulatedNode } from "./world/simulated-node.js";

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
  private readonly ends = new Map<string, () => void>();
  private readonly away = new Set<NodeId>();
  private readonly wiretap: Wiretap;
  private readonly callers: Callers;

  /** @internal */
  constructor(private readonly parts: StageParts) {
    this.ids = parts.plan.nodes;
    this.random = parts.random;
    this.wiretap = new Wiretap(parts);
    this.callers = new Callers(parts);
  }

  /** Virtual time, ms. */
  get now(): number {
    return this.parts.time.now();
  }

  /** T of this cluster, ms. */
  get electionTimeoutMs(): number {
    return electionTimeoutOf(this.parts.plan);
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
    return this.callers.call({ kind: "apply", command }, via);
  }

  /** A client reads, likewise; linearizably unless it says that less will do. */
  read(query: Query, via: NodeId | undefined = this.leader(), consistency: Consistency = "linearizable"): Operation {
    return this.callers.call({ kind: "read", query, consistency }, via);
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
    const has = ({ applied, isWitness }: NodeRecord): boolean => isWitness || applied >= last;
    const everywhere = (): boolean => this.connected.every((id) => has(this.parts.referee.record(id)));
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
    return this.wiretap.lose(type, matches);
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
    return this.wiretap.messages(type, filter);
  }

  /** @internal */
  saw(envelope: Envelope, fate: Fate): void {
    this.wiretap.saw(envelope, fate);
  }

  private end(what: string): void {
    this.ends.get(what)?.();
    this.ends.delete(what);
  }

  private node(id: NodeId): SimulatedNode {
    return nodeCalled(this.parts, id);
  }
}
