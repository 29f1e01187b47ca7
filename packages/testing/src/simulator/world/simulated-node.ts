import { createNode, type Node, type NodeEvent, type NodeOptions } from "@hexraft/core";
import type { Checksum, NodeId, StateMachine } from "@hexraft/core/ports";
import type { Container, ContainerModule } from "inversify";
import type { Trace } from "../trace/trace.js";
import { emptyContainer } from "./empty-container.js";
import type { Rot, SimulatedDisk } from "./simulated-disk.js";
import { SimulatedHost } from "./simulated-host.js";
import type { SimulatedNetwork } from "./simulated-network.js";
import type { SimulatedTime } from "./simulated-time.js";
import { type TapPlaces, taps } from "./taps.js";

/** What every life of a node is made with. */
export interface NodeParts {
  readonly time: SimulatedTime;
  readonly network: SimulatedNetwork;
  readonly disk: SimulatedDisk;
  readonly seed: string;
  readonly options: Omit<NodeOptions, "nodeId">;
  readonly places: TapPlaces;
  readonly trace: Trace;
  readonly checksum?: Checksum | undefined;
  /** Modules of the service: the state machine, and what else a user composes. */
  readonly modules: (release: number) => readonly ContainerModule[];
  /** F05: whether the next life is one of a newer release. Default: none is. */
  readonly upgrades?: { readonly newest: number; readonly isDue: (id: NodeId) => boolean };
  /** It could not start; `refusal` says why. */
  readonly onRefusal: (id: NodeId) => void;
  readonly onEvent: (id: NodeId, event: NodeEvent) => void;
}

/** One production node over all its lives. */
export class SimulatedNode {
  /** The node of the current life; the last one's while it is down. */
  node: Node<unknown> | undefined;
  /** The state machine of the current life, as the modules bound it. */
  machine: StateMachine | undefined;
  /** Why it stopped in place, in this life; empty if it did not. */
  haltedBecause = "";
  /** Why it could not start, the last time; empty if it could. */
  refusal = "";
  /** Bytes of its disk became others, and nobody has replaced it yet. */
  isRotten = false;
  /** Its disk is an old copy, and nobody has replaced it yet. */
  isStale = false;
  /** Its state machine faulted, or its log could not be read (R15); of this life. */
  isFaulted = false;
  /** Milliseconds of its monotonic clock per true one, from the next life on. */
  rate = 1;
  /** F05: which release of the service it runs; from the next life on. */
  release = 1;
  private host: SimulatedHost | undefined;
  private container: Container | undefined;
  private state: "down" | "starting" | "up" | "stopping" = "down";
  private lives = 0;
  private isRetired = false;

  constructor(
    readonly id: NodeId,
    private readonly parts: NodeParts,
  ) {}

  /** Its disk: outlives it. */
  get disk(): SimulatedDisk {
    return this.parts.disk;
  }

  /** Whether it takes part. */
  get isUp(): boolean {
    return this.state === "up" && this.haltedBecause === "";
  }

  /** Whether a process is there at all. */
  get isThere(): boolean {
    return this.state !== "down";
  }

  /** Lives begun. */
  get life(): number {
    return this.lives;
  }

  /** Whether its process stands still. */
  get isPaused(): boolean {
    return this.host?.isPaused === true;
  }

  /** Actions of the current life that still wait. */
  get pendingActions(): number {
    return this.host?.pending ?? 0;
  }

  /** Begins a life. What of it fails shows in `refusal`. */
  start(): void {
    if (this.state !== "down" || this.isRetired) return;
    const { time, network, disk, seed, options, places, trace, modules, checksum, onEvent } = this.parts;
    const life = ++this.lives;
    const { upgrades } = this.parts;
    if (life > 1 && upgrades !== undefined && this.release < upgrades.newest && upgrades.isDue(this.id)) this.release++;
    const host = new SimulatedHost(time, `${seed}/${this.id}/${life}`, this.rate, checksum);
    const container = emptyContainer();
    this.host = host;
    this.container = container;
    this.state = "starting";
    this.haltedBecause = "";
    this.refusal = "";
    this.isFaulted = false;
    trace.note(
      "process",
      this.id,
      `starts, life ${life}${this.rate === 1 ? "" : `, clock rate ${this.rate.toFixed(2)}`}${this.release === 1 ? "" : `, release ${this.release}`}`,
    );
    const own: { machine?: StateMachine } = {};
    const begin = async (): Promise<void> => {
      const bound = [
        host.module(),
        network.transport(host),
        ...disk.open(host),
        ...modules(this.release),
        taps(this.id, host, places, own),
      ];
      const node = await createNode<unknown>({ ...options, nodeId: this.id }, bound, container);
      if (!host.isAlive) return;
      node.events$.subscribe((event) => {
        if (host.isAlive) onEvent(this.id, event);
      });
      const noteHalt = async (): Promise<void> => {
        const reason = await node.halted;
        if (host.isAlive) this.haltedBecause = reason;
      };
      void noteHalt();
      this.node = node;
      this.machine = own.machine;
      await node.start();
      if (host.isAlive && this.state === "starting") this.state = "up";
    };
    begin().catch((error: unknown) => {
      if (!host.isAlive) return;
      this.refusal = error instanceof Error ? error.message : String(error);
      trace.note("process", this.id, `cannot start: ${this.refusal}`);
      this.end();
      this.parts.onRefusal(this.id);
    });
  }

  /** Power is cut. Idempotent. */
  crash(how: string): void {
    if (this.state === "down") return;
    this.parts.trace.note("process", this.id, `crashes ${how}`);
    this.end();
    this.parts.disk.crash();
  }

  /** The next of its I/O steps, or one of the few behind it, is its last. */
  crashInside(crashed: () => void): void {
    if (this.state === "down") return;
    const { host } = this;
    this.parts.disk.crashInside(() => {
      if (this.host !== host || this.state === "down") return;
      this.crash("inside an I/O step");
      crashed();
    });
  }

  /** Stands still. */
  pause(forMs: number): void {
    this.host?.pause(forMs);
  }

  /** Its monotonic clock stands still. */
  freezeClock(forMs: number): void {
    this.host?.freezeClock(forMs);
  }

  /** Somebody sets its wall clock. */
  jumpWall(ms: number): void {
    this.host?.jumpWall(ms);
  }

  /** Power is cut, and its directory is empty when it comes back. @returns whether this disk can do that. */
  wipe(): boolean {
    const { disk, trace } = this.parts;
    if (disk.wipe === undefined) return false;
    this.crash("for good");
    disk.wipe();
    this.isRotten = false;
    this.isStale = false;
    trace.note("disk", this.id, "is empty");
    return true;
  }

  /** Bytes of its disk become others. @returns whether there were any. */
  rot(how: Rot): boolean {
    const { disk, trace } = this.parts;
    const what = disk.rot?.(how) ?? "";
    if (what === "") return false;
    this.isRotten = true;
    trace.note("disk", this.id, what);
    return true;
  }

  /** Keeps a copy of its disk; what is returned cuts power and puts it back. */
  copyDisk(): () => void {
    const putBack = this.parts.disk.copy?.();
    return () => {
      this.crash("for a restore");
      putBack?.();
      this.isStale = true;
      this.parts.trace.note("disk", this.id, "is what it once was");
    };
  }

  /** Stops in good order; resolves when it is down. Whatever is left of it afterwards is a leak (I17). */
  async stop(): Promise<void> {
    const { node, host } = this;
    if (node === undefined || this.state === "down") return;
    this.state = "stopping";
    await node.stop();
    if (this.host !== host || !host?.isAlive) return;
    this.parts.trace.note("process", this.id, "stopped");
    this.container?.restore();
    this.container = undefined;
    this.state = "down";
  }

  /** Stops in good order, for good: whoever was about to put in another disk comes too late. */
  retire(): Promise<void> {
    this.isRetired = true;
    return this.stop();
  }

  private end(): void {
    this.state = "down";
    this.host?.kill();
    this.container?.restore();
    this.container = undefined;
    const transport = this.parts.network.nodes.get(this.id);
    transport?.leave();
  }
}
