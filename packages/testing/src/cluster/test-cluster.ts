import type { Envelope, Message, MessageType, NodeId, RaftError } from "@hexraft/core/ports";
import { MemoryNetwork } from "../network/memory-network.js";
import type { MessagePredicate } from "../network/wire.js";
import { SeededRandom } from "../time/seeded-random.js";
import { VirtualTime } from "../time/virtual-time.js";
import { followOneLeader, holdTheSame, leaderOf } from "./agreement.js";
import { foundMembers } from "./found-members.js";
import { Judge } from "./judge.js";
import type { Outcome, TestClusterOptions } from "./test-cluster-options.js";
import type { TestMember } from "./test-member.js";
import { type MessageFilter, type MessageOf, type SeenMessage, WireRecord } from "./wire-record.js";

/**
 * A whole cluster on virtual time: real nodes, put together by `createNode`, over disks and a network in memory. What
 * must never happen is judged all the while. Every message and every block is laid out as bytes and read again.
 *
 * @example
 * ```ts
 * const cluster = new TestCluster({ seed: 7 });
 * await cluster.start();
 * const leader = await cluster.awaitLeader();
 * await cluster.applied("hello");
 * cluster.crash(leader.id);
 * await cluster.awaitLeader();
 * await cluster.restart(leader.id);
 * await cluster.converged();
 * ```
 */
export class TestCluster {
  /** Moves only when told to. */
  readonly time = new VirtualTime();
  /** Cut it, slow it down, listen to it. */
  readonly network: MemoryNetwork;
  /** All members, in the order of the options. */
  readonly members: readonly TestMember[];
  /** T of every node, ms. */
  readonly electionTimeoutMs: number;
  private readonly judge = new Judge();
  private readonly record = new WireRecord();

  /** Lays down the first configuration on every disk; nothing runs yet. */
  constructor(options: TestClusterOptions = {}) {
    const { ids = ["n1", "n2", "n3"], seed = 1 } = options;
    this.electionTimeoutMs = options.options?.electionTimeoutMs ?? 150;
    const random = new SeededRandom(`${seed}/network`);
    const carrier = {
      scheduler: this.time,
      turn: { schedule: (drain: () => void) => void this.time.schedule(() => drain()) },
    };
    this.network = new MemoryNetwork({ latencyMs: options.latencyMs ?? [1, 3], random, carrier, encode: true });
    this.network.onMessage((envelope, stage) => {
      if (stage === "sent") this.judge.said(this.member(envelope.from), envelope);
      this.record.note({ atMs: this.time.now(), stage, envelope });
    });
    this.members = foundMembers(options, {
      ids,
      seed: String(seed),
      time: this.time,
      network: this.network,
      electionTimeoutMs: this.electionTimeoutMs,
      onEvent: (member, event) => this.judge.heard(member, event),
    });
  }

  /** Founds an unfounded cluster whose nodes run: `founder` asks these voters, or all nodes, and writes the first configuration. */
  async bootstrap(founder: NodeId, voters: readonly NodeId[] = this.members.map(({ id }) => id)): Promise<void> {
    const plan = { voters: voters.map((id) => ({ id, address: `memory:${id}` })) };
    await this.time.settled(this.member(founder).node.bootstrap(plan), 60_000, `${founder} founds the cluster`);
  }

  /** The member of this name. */
  member(id: NodeId): TestMember {
    const member = this.members.find((candidate) => candidate.id === id);
    if (member === undefined) throw new Error(`there is no ${id} in this cluster`);
    return member;
  }

  /** Members that run. */
  get up(): readonly TestMember[] {
    return this.members.filter(({ isUp }) => isUp);
  }

  /** Starts these, or all. */
  async start(...ids: readonly NodeId[]): Promise<void> {
    const chosen = ids.length === 0 ? this.members : ids.map((id) => this.member(id));
    for (const member of chosen) await member.start();
  }

  /** Who leads: of several that believe so, the one of the highest term. */
  leader(): TestMember | undefined {
    return leaderOf(this.up);
  }

  /** Waits until one of `among` leads, known as such to itself, and says who. */
  async awaitLeader(
    among: readonly NodeId[] = this.up.map(({ id }) => id),
    deadlineMs = 40 * this.electionTimeoutMs,
  ): Promise<TestMember> {
    const isLeader = () => {
      const leader = this.leader();
      return leader !== undefined && among.includes(leader.id);
    };
    await this.until(isLeader, deadlineMs, `a leader among ${among.join(", ")}`);
    return this.leader() as TestMember;
  }

  /** Waits until a leader is known to all that run. */
  async settled(deadlineMs = 40 * this.electionTimeoutMs): Promise<TestMember> {
    await this.until(() => followOneLeader(this.up), deadlineMs, "everybody follows one leader");
    return this.leader() as TestMember;
  }

  /** Proposes a command, at the leader unless `via` says otherwise; its outcome changes as time goes on. */
  propose(command: string, via: NodeId | undefined = this.leader()?.id): Outcome {
    if (via === undefined) throw new Error("nobody leads: say via whom to propose");
    const outcome: Outcome = { state: "pending" };
    this.member(via).node.applyCallback(command, (error, result) => {
      if (error === null) {
        outcome.state = "ok";
        outcome.result = result;
        this.judge.acknowledge(command);
      } else {
        outcome.error = error as RaftError;
        outcome.state = outcome.error.outcome;
      }
    });
    return outcome;
  }

  /** Proposes commands at the leader, and waits until they are applied there. */
  async applied(...commands: readonly string[]): Promise<void> {
    const outcomes = commands.map((command) => this.propose(command));
    await this.until(
      () => outcomes.every(({ state }) => state !== "pending"),
      40 * this.electionTimeoutMs,
      "the commands are answered",
    );
    const failed = outcomes.find(({ state }) => state !== "ok");
    if (failed !== undefined) throw new Error(`a command was ${failed.state}: ${failed.error?.message}`);
  }

  /** Lets a message arrive at `to` that `from` never said, under its true identity unless `as` says otherwise. */
  forge(from: NodeId, to: NodeId, message: Message, as: Partial<Envelope> = {}): void {
    const sender = this.members.find(({ id }) => id === from);
    this.network.forge({
      group: "main",
      from,
      fromIncarnation: sender?.replica.incarnation ?? "00000000000000ee",
      startNumber: sender?.life ?? 1,
      recoveryNumber: 0,
      to,
      toIncarnation: this.member(to).replica.incarnation,
      message,
      ...as,
    });
  }

  /** Cuts these off from all others, not from each other. */
  partition(...ids: readonly NodeId[]): void {
    for (const { id } of this.members) {
      if (ids.includes(id)) continue;
      for (const inside of ids) {
        this.network.cut(id, inside);
        this.network.cut(inside, id);
      }
    }
  }

  /** Loses every message of this kind, on all links; the returned function ends it. */
  dropAll(predicate: MessagePredicate): () => void {
    const ends: (() => void)[] = [];
    for (const { id: from } of this.members) {
      for (const { id: to } of this.members) if (from !== to) ends.push(this.network.drop(from, to, predicate));
    }
    return () => {
      for (const end of ends) end();
    };
  }

  /** Remembers a command that a caller was told is applied: {@link TestCluster.converged} looks for it everywhere (I16). */
  acknowledge(command: string): void {
    this.judge.acknowledge(command);
  }

  /** Adds a violation that a test found; the next judgement throws it. */
  report(violation: string): void {
    this.judge.report(violation);
  }

  /** Ends the life of a node by a power cut. */
  crash(id: NodeId, how: { readonly landed?: number } = {}): void {
    this.member(id).crash(how);
  }

  /** Begins the next life of a node that crashed or stopped. */
  async restart(id: NodeId): Promise<void> {
    await this.member(id).start();
  }

  /**
   * Waits until all that run hold and applied the same, every acknowledged command included (I16, I17); of a witness no state is
   * asked for (M12).
   */
  async converged(deadlineMs = 40 * this.electionTimeoutMs): Promise<void> {
    await this.until(() => holdTheSame(this.up), deadlineMs, "all nodes converge");
    const stateful = this.up.filter(({ isWitness }) => !isWitness);
    const [first] = stateful;
    for (const member of stateful) {
      const missing = this.judge.missing(member);
      if (missing.length > 0) throw new Error(`I16 ${member.id} lacks acknowledged commands: ${missing.join(", ")}`);
      if (member.machine.stateHash() !== first?.machine.stateHash())
        throw new Error(`I5 ${member.id} and ${first?.id} converged and differ`);
    }
  }

  /** Lets time pass, and judges at every millisecond. */
  async run(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1) {
      await this.time.advance(Math.min(1, left));
      this.judge.judge(this.members);
    }
  }

  /** Waits for a condition, and judges when it holds. */
  async until(condition: () => boolean, deadlineMs = 40 * this.electionTimeoutMs, what?: string): Promise<void> {
    await this.time.runUntil(condition, deadlineMs, what);
    this.judge.judge(this.members);
  }

  /** Every message, in the order of the wire. */
  get seen(): readonly SeenMessage[] {
    return this.record.seen;
  }

  /** Messages that match, in the order of the wire; those that arrived unless `stage` says otherwise. */
  messages<T extends MessageType>(type: T, filter: MessageFilter = {}): readonly MessageOf<T>[] {
    return this.record.messages(type, filter);
  }

  /** Who led in which term, over the whole history. */
  get leaderOfTerm(): ReadonlyMap<number, NodeId> {
    return this.judge.leaderOfTerm;
  }

  /** A last judgement; then every node is cut off from power. */
  dispose(): void {
    this.judge.judge(this.members);
    for (const member of this.up) member.crash();
  }
}
