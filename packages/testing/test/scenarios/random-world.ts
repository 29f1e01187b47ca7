import { SeededRandom, TestCluster, type TestMember } from "../../src/index.js";
import { T } from "./support.js";

/** What may happen in a world. */
export interface WorldOptions {
  readonly seed: string;
  readonly steps: number;
  /** F05: the newest release there will be. Nodes come back with a newer one now and then, and commands want them all. Default 1. */
  readonly releases?: number;
}

/**
 * A cluster in which chance decides what happens: nodes crash in the middle of writes, links are cut one way or both,
 * lose and double messages, disks are slow, leadership is handed over, snapshots are taken all the time, and clients write
 * and read. The judge of the cluster watches; reads are held to linearizability; in the end everything is repaired.
 */
export class RandomWorld {
  readonly cluster: TestCluster;
  private readonly random: SeededRandom;
  private readonly acknowledged: string[] = [];
  private commands = 0;
  private readonly releases: number;
  /** How often what happened, for people. */
  readonly counts: Record<string, number> = {};

  constructor(private readonly options: WorldOptions) {
    this.random = new SeededRandom(options.seed);
    this.releases = options.releases ?? 1;
    const ids = ["n1", "n2", "n3", "n4", "n5"].slice(0, this.random.next() < 0.5 ? 3 : 5);
    this.cluster = new TestCluster({
      ids,
      seed: options.seed,
      latencyMs: [0.2, this.random.next() < 0.3 ? 40 : 5],
      options: {
        electionTimeoutMs: T,
        snapshotEveryEntries: this.random.integer(5, 60),
        compactionMarginEntries: this.random.integer(0, 10),
        batchEntriesMax: this.random.integer(1, 20),
        preVote: this.random.next() < 0.8,
      },
    });
  }

  /** Lets it all happen, repairs everything, and waits until all is well. */
  async run(): Promise<void> {
    await this.cluster.start();
    for (let step = 0; step < this.options.steps; step++) {
      await this.act();
      await this.cluster.time.advance(
        this.random.next() < 0.2 ? this.random.integer(20, T) : this.random.integer(1, 15),
      );
      await this.cluster.until(() => true);
    }
    await this.repair();
  }

  private async act(): Promise<void> {
    const { cluster, random } = this;
    const { network, members } = cluster;
    const victim = this.pick(members);
    const other = this.pick(members);
    const dice = random.next();
    if (dice < 0.5) this.propose();
    else if (dice < 0.6) this.read();
    else if (dice < 0.66) this.did("crash", () => victim.isUp && victim.crash({ landed: random.integer(0, 3) }));
    else if (dice < 0.76) await this.restartSome();
    else if (dice < 0.79) this.did("isolate", () => network.isolate(victim.id));
    else if (dice < 0.83 && victim !== other) this.did("cut", () => network.cut(victim.id, other.id));
    else if (dice < 0.85) this.did("lossy", () => network.drop(victim.id, other.id, () => random.next() < 0.3));
    else if (dice < 0.87) this.did("doubling", () => network.duplicate(victim.id, other.id, () => random.next() < 0.3));
    else if (dice < 0.89) network.delay(victim.id, other.id, random.integer(0, 60));
    else if (dice < 0.94) network.heal();
    else if (dice < 0.96) victim.disk.slowDown(random.next() < 0.5 ? 0 : random.integer(1, 40));
    else if (dice < 0.98) this.transfer();
    else if (victim.isUp) this.ignore(victim.node.snapshot());
  }

  private async restartSome(): Promise<void> {
    for (const member of this.cluster.members) {
      if (!member.isUp && this.random.next() < 0.6) await this.restart(member);
    }
  }

  private propose(): void {
    for (let i = this.random.integer(1, 8); i > 0; i--) {
      const via = this.random.next() < 0.8 ? this.cluster.leader() : this.pick(this.cluster.members);
      if (via?.isUp !== true) continue;
      const command = `${this.format()}c${++this.commands}`;
      const life = via.life;
      const forward = this.random.next() < 0.3;
      const done = (error: Error | null) => {
        if (error !== null) this.did("failed");
        else if (via.life === life && via.isUp) this.acknowledge(command);
      };
      via.node.applyCallback(command, done, { forward });
    }
  }

  private format(): string {
    const format = this.releases === 1 ? 1 : this.random.integer(1, this.releases);
    return format === 1 ? "" : `format ${format}: `;
  }

  private acknowledge(command: string): void {
    this.did("acknowledged");
    this.acknowledged.push(command);
    this.cluster.acknowledge(command);
  }

  /** Q01: whatever was acknowledged before the read began is in its answer. */
  private read(): void {
    const via = this.pick(this.cluster.members);
    if (!via.isUp) return;
    const before = this.acknowledged.length;
    const check = async () => {
      const there = new Set((await via.node.read("lines")) as readonly string[]);
      const missing = this.acknowledged.slice(0, before).filter((command) => !there.has(command));
      this.did("read");
      if (missing.length > 0) this.cluster.report(`I15 a read on ${via.id} missed ${missing.join(", ")}`);
    };
    this.ignore(check());
  }

  private transfer(): void {
    const leader = this.cluster.leader();
    if (leader !== undefined) this.did("transfer", () => this.ignore(leader.node.transferLeadership()));
  }

  private async restart(member: TestMember): Promise<void> {
    member.disk.slowDown(0);
    this.did("restart");
    if (member.formatVersion < this.releases && this.random.next() < 0.5) member.formatVersion++;
    await this.cluster.restart(member.id);
  }

  private async repair(): Promise<void> {
    const { cluster } = this;
    cluster.network.heal();
    for (const member of cluster.members) {
      member.disk.slowDown(0);
      if (!member.isUp) await this.restart(member);
    }
    for (const member of cluster.members.filter(({ formatVersion }) => formatVersion < this.releases)) {
      await member.stop();
      member.formatVersion = this.releases;
      await this.restart(member);
    }
    await cluster.awaitLeader(undefined, 20 * T);
    const isOpen = () => cluster.members.every(({ node }) => node.openFormat === this.releases);
    await cluster.until(isOpen, 20 * T, "the newest format is open on all");
    await cluster.converged(60 * T);
    cluster.dispose();
  }

  private pick<E>(from: readonly E[]): E {
    return from[this.random.integer(0, from.length - 1)] as E;
  }

  private did(what: string, act?: () => unknown): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
    act?.();
  }

  /** Failures of single calls are part of this world. */
  private ignore(promise: Promise<unknown>): void {
    promise.catch(() => this.did("refused"));
  }
}
