import type { MessageType, NodeId } from "@hexraft/core/ports";
import { SeededRandom, TestCluster, type TestClusterOptions, type TestMember } from "../../src/index.js";

/** T of the classics, ms. */
export const T = 150;

/** What one node asks of another, in the sense of an RPC; answers are not counted. */
const REQUESTS: readonly MessageType[] = [
  "PreVoteRequest",
  "VoteRequest",
  "AppendEntries",
  "Heartbeat",
  "InstallSnapshot",
];

/** A cluster as the course's tester has it: nodes are connected or not, and a command is agreed upon by so many. */
export class Lab {
  readonly cluster: TestCluster;
  readonly random: SeededRandom;
  private readonly away = new Set<NodeId>();
  private loses = false;

  constructor(size: number, options: TestClusterOptions = {}) {
    const ids = Array.from({ length: size }, (_, i) => `n${i + 1}`);
    this.random = new SeededRandom(`lab ${String(options.seed)}`);
    this.cluster = new TestCluster({ ids, ...options, options: { electionTimeoutMs: T, ...options.options } });
  }

  /** One message in ten is lost, one in ten is said twice. */
  unreliable(): void {
    this.loses = true;
    const unlucky = () => this.random.next() < 0.1;
    for (const { id: from } of this.cluster.members)
      for (const { id: to } of this.cluster.members) {
        if (from === to) continue;
        this.cluster.network.drop(from, to, unlucky);
        this.cluster.network.duplicate(from, to, unlucky);
      }
  }

  get connected(): readonly TestMember[] {
    return this.cluster.up.filter(({ id }) => !this.away.has(id));
  }

  disconnect(...members: readonly TestMember[]): void {
    for (const { id } of members) {
      this.away.add(id);
      this.cluster.network.isolate(id);
    }
  }

  connect(...members: readonly TestMember[]): void {
    for (const { id } of members) this.away.delete(id);
    // The network heals as a whole: those that stay away, and the losses, are put back.
    this.cluster.network.heal();
    for (const id of this.away) this.cluster.network.isolate(id);
    if (this.loses) this.unreliable();
  }

  /** The leader among those that are connected. */
  leader(): Promise<TestMember> {
    return this.cluster.awaitLeader(this.connected.map(({ id }) => id));
  }

  followers(leader: TestMember): readonly TestMember[] {
    return this.cluster.members.filter((member) => member !== leader);
  }

  /** Proposes until a leader has applied it, and waits until all that are connected have. */
  async agree(...commands: readonly string[]): Promise<void> {
    for (let tries = 0; ; tries++) {
      if (tries > 20) throw new Error(`no agreement on ${commands.join(", ")}`);
      const { id } = await this.leader();
      const outcomes = commands.map((command) => this.cluster.propose(command, id));
      await this.cluster.until(() => outcomes.every(({ state }) => state !== "pending"), 80 * T, "an answer");
      if (outcomes.every(({ state }) => state === "ok")) break;
    }
    const everywhere = () => this.connected.every(({ lines }) => commands.every((command) => lines.includes(command)));
    await this.cluster.until(everywhere, 80 * T, `${commands.join(", ")} on every connected node`);
  }

  /** So many different members, by chance. */
  some(count: number): readonly TestMember[] {
    const drawn = this.cluster.members.map((member) => ({ member, at: this.random.next() }));
    return drawn
      .toSorted((a, b) => a.at - b.at)
      .slice(0, count)
      .map(({ member }) => member);
  }

  crash(...members: readonly TestMember[]): void {
    for (const { id } of members) this.cluster.crash(id);
  }

  async restart(...members: readonly TestMember[]): Promise<void> {
    for (const { id } of members) await this.cluster.restart(id);
  }

  /** Requests sent since that time. */
  requests(sinceMs = 0): number {
    return REQUESTS.reduce(
      (sum, type) => sum + this.cluster.messages(type, { since: sinceMs, stage: "sent" }).length,
      0,
    );
  }

  /** Bytes of entries sent since that time. */
  entryBytes(sinceMs: number): number {
    return this.cluster
      .messages("AppendEntries", { since: sinceMs, stage: "sent" })
      .flatMap(({ blocks }) => blocks)
      .reduce((sum, block) => sum + block.sizeBytes, 0);
  }
}

/** Runs a scenario from the first election on; afterwards everybody is connected and agrees, and the whole history is judged. */
export const inLab =
  (size: number, options: TestClusterOptions, body: (lab: Lab) => Promise<void>): (() => Promise<void>) =>
  async () => {
    const lab = new Lab(size, options);
    await lab.cluster.start();
    await lab.leader();
    await body(lab);
    for (const member of lab.cluster.members) if (!member.isUp) await lab.restart(member);
    lab.connect(...lab.cluster.members);
    lab.cluster.network.heal();
    await lab.agree("the end");
    await lab.cluster.converged(200 * T);
    lab.cluster.dispose();
  };
