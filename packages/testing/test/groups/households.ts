import { createNodeManager, type GroupOptions, type NodeManager } from "@hexraft/core";
import type { Envelope } from "@hexraft/core/ports";
import {
  JournalMachine,
  type JournalNode,
  journalStateMachine,
  MemoryGroupDisk,
  MemoryNetwork,
  memoryGroupStorage,
  SeededRandom,
  VirtualHost,
  VirtualTime,
} from "../../src/index.js";

const IDS = ["n1", "n2", "n3"] as const;
const T = 150;

/** One process of many groups, over its lives. */
export class Process {
  manager!: NodeManager;
  readonly disk: MemoryGroupDisk;
  readonly machines = new Map<string, JournalMachine>();
  private host!: VirtualHost;
  private life = 0;

  constructor(
    readonly id: string,
    private readonly world: Households,
  ) {
    this.disk = new MemoryGroupDisk({ scheduler: world.time, encode: true });
  }

  async start(): Promise<readonly string[]> {
    const { time, network } = this.world;
    this.host = new VirtualHost(time, `${this.id}/${++this.life}`);
    const options = { nodeId: this.id, electionTimeoutMs: T };
    const modules = [this.host.module(), network.transport(), memoryGroupStorage(this.disk)];
    this.manager = await createNodeManager(options, modules);
    return this.world.soon(this.manager.start());
  }

  async add(groupId: string, options: Partial<GroupOptions> = {}): Promise<JournalNode> {
    const machine = new JournalMachine();
    this.machines.set(groupId, machine);
    return this.world.soon(this.manager.addGroup({ groupId, ...options }, [journalStateMachine(machine)]));
  }

  /** The group's node. */
  node(group: string): JournalNode {
    const node = this.manager.group(group);
    if (node === undefined) throw new Error(`${this.id} runs no ${group}`);
    return node as unknown as JournalNode;
  }

  lines(group: string): readonly string[] {
    return this.machines.get(group)?.lines.map(({ text }) => text) ?? [];
  }

  get isAlive(): boolean {
    return this.host.isAlive;
  }

  crash(): void {
    this.host.kill();
    this.disk.crash();
    this.world.network.kill(this.id);
  }
}

/** Three processes on virtual time, over disks and a network in memory; every message and block is laid out as bytes. */
export class Households {
  readonly time = new VirtualTime();
  readonly network: MemoryNetwork;
  readonly processes: readonly Process[];
  readonly sent: { readonly atMs: number; readonly envelope: Envelope }[] = [];

  /** @param seed - of the network's delays. */
  constructor(seed = "households") {
    const carrier = { scheduler: this.time, turn: { schedule: (drain: () => void) => void this.time.schedule(drain) } };
    const random = new SeededRandom(seed);
    this.network = new MemoryNetwork({ latencyMs: [1, 3], random, carrier, encode: true });
    this.network.onMessage((envelope, stage) => {
      if (stage === "sent") this.sent.push({ atMs: this.time.now(), envelope });
    });
    this.processes = IDS.map((id) => new Process(id, this));
  }

  process(id: string): Process {
    return this.processes.find((process) => process.id === id) as Process;
  }

  /** Starts all, adds these groups everywhere and founds each at n1. */
  async found(...groups: readonly string[]): Promise<void> {
    for (const process of this.processes) await process.start();
    for (const group of groups) await this.foundGroup(group);
  }

  async foundGroup(group: string, at = "n1"): Promise<void> {
    for (const process of this.processes) if (process.manager.group(group) === undefined) await process.add(group);
    await this.soon(this.process(at).node(group).bootstrap(this.plan()));
  }

  plan(ids: readonly string[] = IDS): {
    readonly voters: readonly { readonly id: string; readonly address: string }[];
  } {
    return { voters: ids.map((id) => ({ id, address: `memory:${id}` })) };
  }

  leaderOf(group: string): Process | undefined {
    return this.processes.find(({ manager }) => manager.group(group)?.describe().role === "leader");
  }

  async awaitLeader(group: string): Promise<Process> {
    await this.time.runUntil(() => this.leaderOf(group) !== undefined, 60 * T, `a leader of ${group}`);
    return this.leaderOf(group) as Process;
  }

  /** Applies a command at the group's leader. */
  async apply(group: string, command: string): Promise<void> {
    const leader = await this.awaitLeader(group);
    await this.soon(leader.node(group).apply(command));
  }

  /** Resolves so many ms later, of virtual time. */
  after(ms: number): Promise<void> {
    return new Promise((resolve) => void this.time.schedule(() => resolve(), ms));
  }

  soon<Value>(promise: Promise<Value>): Promise<Value> {
    return this.time.settled(promise, 60_000, "it settles");
  }

  /** Stops those that live. */
  async stop(): Promise<void> {
    for (const { manager, isAlive } of this.processes) if (isAlive) await this.soon(manager.stop());
  }
}
