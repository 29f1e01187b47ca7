import { createNode, type Node, type NodeDescription, type NodeEvent, type NodeOptions } from "@hexraft/core";
import type { NodeId, ReplicaId } from "@hexraft/core/ports";
import type { ContainerModule } from "inversify";
import type { MemoryDisk } from "../disk/memory-disk.js";
import { memoryStorage } from "../disk/memory-storage.js";
import type { MemoryNetwork } from "../network/memory-network.js";
import { VirtualHost } from "../time/virtual-host.js";
import type { VirtualTime } from "../time/virtual-time.js";
import { JournalMachine, journalStateMachine } from "./journal-machine.js";

/** A node of a {@link TestCluster}, as tests see it. */
export type JournalNode = Node<string, unknown, "lines" | "count", readonly string[] | number>;

/** Something that a member's `events$` said. */
export interface ObservedEvent {
  /** Virtual time, ms. */
  readonly atMs: number;
  /** In which of its lives, from 1 on. */
  readonly life: number;
  /** What it said. */
  readonly event: NodeEvent;
}

/** What every life of a member is made with. */
export interface MemberPlan {
  readonly time: VirtualTime;
  readonly network: MemoryNetwork;
  readonly disk: MemoryDisk;
  readonly seed: string;
  readonly options: NodeOptions;
  readonly modules: readonly ContainerModule[];
  readonly onEvent: (member: TestMember, event: NodeEvent) => void;
}

/** One node of a {@link TestCluster}, over all its lives. */
export class TestMember {
  /** The node of the current life; the last one's after a crash. */
  node!: JournalNode;
  /** Its state machine. */
  machine = new JournalMachine();
  /** F05: the newest format that its state machine knows, from the next life on. */
  formatVersion = 1;
  /** Its host. */
  host!: VirtualHost;
  /** Lives begun. */
  life = 0;
  /** Everything it said, in all its lives. */
  readonly events: ObservedEvent[] = [];
  private state: "down" | "up" = "down";

  /** @internal Members are made by their cluster. */
  constructor(
    /** Who it is; the incarnation is empty until an empty disk was opened. */
    readonly replica: ReplicaId,
    private readonly plan: MemberPlan,
  ) {}

  /** Its name. */
  get id(): NodeId {
    return this.replica.id;
  }

  /** Its disk: outlives it. */
  get disk(): MemoryDisk {
    return this.plan.disk;
  }

  /** M12: whether it holds no state. */
  get isWitness(): boolean {
    return this.plan.options.witness === true;
  }

  /** Whether it runs. */
  get isUp(): boolean {
    return this.state === "up";
  }

  /** Begins a life on its disk. */
  async start(): Promise<void> {
    const { time } = this.plan;
    await this.make();
    this.state = "up";
    await time.settled(this.node.start(), 60_000, `${this.id} starts`);
  }

  /** Makes the node of a life on its disk, and does not start it: for what is done to stopped nodes (M11). */
  async make(): Promise<JournalNode> {
    if (this.isUp) throw new Error(`${this.id} runs already`);
    const { time, network, disk, seed, options, modules } = this.plan;
    const life = ++this.life;
    const host = new VirtualHost(time, `${seed}/${this.id}/${life}`);
    this.host = host;
    this.machine = new JournalMachine(this.formatVersion);
    this.node = await createNode(options, [
      host.module(),
      network.transport(),
      memoryStorage(disk),
      journalStateMachine(this.machine),
      ...modules,
    ]);
    this.node.events$.subscribe((event) => {
      if (!host.isAlive) return;
      this.events.push({ atMs: time.now(), life, event });
      this.plan.onEvent(this, event);
    });
    return this.node;
  }

  /** Power is cut: no timer, message or write of this life happens any more. `landed` writes under way reach the disk. */
  crash({ landed = 0 }: { readonly landed?: number } = {}): void {
    this.state = "down";
    this.host.kill();
    this.plan.disk.crash({ landed });
    this.plan.network.kill(this.id);
  }

  /** Stops in good order. */
  async stop(): Promise<void> {
    await this.plan.time.settled(this.node.stop(), 60_000, `${this.id} stops`);
    this.state = "down";
    this.host.kill();
  }

  /** What it says about itself. */
  describe(): NodeDescription {
    return this.node.describe();
  }

  /** The commands it applied in this life, in order, snapshots included. */
  get lines(): readonly string[] {
    return this.machine.lines.map(({ text }) => text);
  }

  /** Its changes of role, oldest first: `follower@0`, `candidate@1`, `leader@1`. */
  get roles(): readonly string[] {
    return this.events.flatMap(({ event }) => (event.kind === "role" ? [`${event.role}@${event.term}`] : []));
  }
}
