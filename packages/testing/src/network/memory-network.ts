import {
  type Envelope,
  type NodeId,
  RaftError,
  type RandomSource,
  Scheduler,
  Transport,
  Turn,
} from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import type { MessageStage } from "./medium.js";
import { MemoryTransport } from "./memory-transport.js";
import { recoded } from "./recoded.js";
import type { SnapshotPipe } from "./snapshot-pipe.js";
import { type Carrier, drawLatency, type Latency, type MessagePredicate, Wire } from "./wire.js";

/** How a {@link MemoryNetwork} behaves. */
export interface MemoryNetworkOptions {
  /** How long a message is under way, ms. Default 0: it arrives in the sender's next turn. */
  readonly latencyMs?: Latency;
  /** Draws latencies, if they are a range. */
  readonly random?: RandomSource;
  /** Moves the messages; without it the sender's own Turn and Scheduler do, and what is under way dies with a killed sender. */
  readonly carrier?: Carrier;
  /** Lay every message out as a wire would and read it again: proves that nothing is shared by accident. Default false. */
  readonly encode?: boolean;
}

/** Hears every message. */
export type MessageListener = (envelope: Envelope, stage: MessageStage) => void;

/**
 * A network in memory, for all nodes that share it. Messages are handed over uncopied, in batches, never in the sender's
 * own turn. Each direction between two nodes can be cut, slowed down, made lossy or doubling.
 */
export class MemoryNetwork {
  /** @internal Started transports by address. */
  readonly listening = new Map<string, MemoryTransport>();
  /** @internal Snapshot streams under way. */
  readonly pipes = new Set<SnapshotPipe>();
  private readonly wires = new Map<NodeId, Map<NodeId, Wire>>();
  private readonly isolated = new Set<NodeId>();
  private readonly listeners = new Set<MessageListener>();
  private readonly options: MemoryNetworkOptions;

  /** A network without nodes and without faults. */
  constructor(options: MemoryNetworkOptions = {}) {
    this.options = options;
  }

  /** Binds Transport to a node's place in this network. Its address is `memory:<node id>` unless one is given. */
  transport({ address }: { readonly address?: string } = {}): ContainerModule {
    return new ContainerModule(({ bind }) => {
      bind(Transport)
        .toDynamicValue((host) => this.connect({ turn: host.get(Turn), scheduler: host.get(Scheduler) }, address))
        .inSingletonScope();
    });
  }

  /** The same without a container. */
  connect(host: Carrier, address?: string): MemoryTransport {
    return new MemoryTransport(this, this.options.carrier ?? host, host.scheduler, address);
  }

  /** From now on nothing that `from` says reaches `to`; the other direction stays. */
  cut(from: NodeId, to: NodeId): void {
    this.wire(from, to).cut = true;
    this.changed();
  }

  /** Undoes all faults of this direction. */
  mend(from: NodeId, to: NodeId): void {
    this.wire(from, to).mend();
    this.changed();
  }

  /** Cuts a node off from all others, those that come later included. */
  isolate(id: NodeId): void {
    this.isolated.add(id);
    this.changed();
  }

  /** Undoes all faults. */
  heal(): void {
    this.isolated.clear();
    for (const wires of this.wires.values()) for (const wire of wires.values()) wire.mend();
    this.changed();
  }

  /** Loses what matches; the returned function ends it. */
  drop(from: NodeId, to: NodeId, predicate: MessagePredicate = () => true): () => void {
    const { drops } = this.wire(from, to);
    drops.add(predicate);
    return () => void drops.delete(predicate);
  }

  /** Delivers twice what matches; the returned function ends it. */
  duplicate(from: NodeId, to: NodeId, predicate: MessagePredicate = () => true): () => void {
    const { duplicates } = this.wire(from, to);
    duplicates.add(predicate);
    return () => void duplicates.delete(predicate);
  }

  /** What `from` says to `to` takes this much longer from now on, ms. */
  delay(from: NodeId, to: NodeId, delayMs: number): void {
    this.wire(from, to).delayMs = delayMs;
  }

  /** Hears every message when it is sent, and when it arrives or is lost; the returned function ends it. */
  onMessage(listener: MessageListener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Puts a message on the wire that nobody said: it arrives at once, as if `from` were connected. */
  forge(envelope: Envelope): void {
    const receiver = this.transportOf(envelope.to);
    if (receiver === undefined) throw new Error(`${envelope.to} does not listen`);
    receiver.deliver(envelope);
  }

  /** A process dies: it hears and says nothing any more, and its peers lose the connection. */
  kill(id: NodeId): void {
    for (const transport of this.listening.values()) if (transport.nodeId === id) transport.kill();
  }

  /** @internal */
  wire(from: NodeId, to: NodeId): Wire {
    let wires = this.wires.get(from);
    if (wires === undefined) this.wires.set(from, (wires = new Map()));
    let wire = wires.get(to);
    if (wire === undefined) wires.set(to, (wire = new Wire()));
    return wire;
  }

  /** @internal Whether this direction carries anything. */
  isOpen(from: NodeId, to: NodeId): boolean {
    return !this.wire(from, to).cut && !this.isolated.has(from) && !this.isolated.has(to);
  }

  /** @internal */
  listen(transport: MemoryTransport): void {
    if (this.listening.has(transport.address))
      throw new RaftError(
        "AddressInUse",
        "refused",
        `another node listens at ${transport.address}: stop it or choose another address`,
        { address: transport.address },
      );
    this.listening.set(transport.address, transport);
    this.changed();
  }

  /** @internal */
  silence(transport: MemoryTransport): void {
    if (this.listening.get(transport.address) !== transport) return;
    this.listening.delete(transport.address);
    for (const pipe of this.pipes) if (pipe.joins(transport.nodeId)) pipe.break("a node stopped");
    this.changed();
  }

  /** @internal Connections come and go: every node is told of the peers that it hears from now on, or no longer. */
  changed(): void {
    const transports = [...this.listening.values()];
    for (const receiver of transports) receiver.refresh(transports);
    for (const pipe of this.pipes) {
      if (!this.isOpen(pipe.from, pipe.to) || !this.isOpen(pipe.to, pipe.from)) pipe.break("the connection was cut");
    }
  }

  /** @internal */
  transportOf(id: NodeId): MemoryTransport | undefined {
    for (const transport of this.listening.values()) if (transport.nodeId === id) return transport;
    return undefined;
  }

  /** @internal */
  get isWatched(): boolean {
    return this.listeners.size > 0;
  }

  /** @internal */
  tell(envelope: Envelope, stage: MessageStage): void {
    for (const listener of this.listeners) listener(envelope, stage);
  }

  /** @internal What travels: the batch itself, or a copy made of its bytes. */
  packed(batch: readonly Envelope[]): readonly Envelope[] {
    return this.options.encode === true ? batch.map(recoded) : batch;
  }

  /** @internal How long the next batch is under way. */
  latency(): number {
    return drawLatency(this.options.latencyMs ?? 0, this.options.random);
  }
}
