import { type Envelope, type NodeId, Transport } from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import { recoded } from "../../network/recoded.js";
import type { SnapshotPipe } from "../../network/snapshot-pipe.js";
import type { SeededRandom } from "../../time/seeded-random.js";
import { scaled } from "../chance.js";
import { Link } from "./link.js";
import type { SimulatedHost } from "./simulated-host.js";
import type { SimulatedMedium } from "./simulated-medium.js";
import type { SimulatedTime } from "./simulated-time.js";
import { SimulatedTransport } from "./simulated-transport.js";

/** How late a message of an earlier connection comes, ms. */
const LATE_MS = [20, 20_000] as const;

/** What became of a message. */
export type Fate = "sent" | "delivered" | "lost" | "doubled" | "overtaken" | "late";

/** How a network behaves where nothing is wrong with it. */
export interface SimulatedNetworkOptions {
  /** A message's way, ms, drawn for each batch. Default 0.3–2. */
  readonly latencyMs?: readonly [from: number, to: number];
  /** Share of what is said into a dead connection, or is under way when one breaks, that arrives all the same, late, 0 … 1. Default 0. */
  readonly late?: number;
  /** Lay messages out as a wire would and read them again, so that nothing is shared by accident. Default false. */
  readonly encode?: boolean;
  /** Hears what becomes of each message. */
  readonly onFate?: (envelope: Envelope, fate: Fate) => void;
}

/** Two nodes that can talk. A connection that broke never stands again: the next one is another. */
interface Connection {
  readonly a: SimulatedTransport;
  readonly b: SimulatedTransport;
  broken: boolean;
}

/** The network of a simulation: a link per direction, connections that break and are dialled anew, and chance. */
export class SimulatedNetwork implements SimulatedMedium<SimulatedTransport> {
  /** @internal Started transports. */
  readonly nodes = new Map<NodeId, SimulatedTransport>();
  /** Loses single messages, whatever the links do; for stories that know which one is to get lost. */
  loses: ((envelope: Envelope) => boolean) | undefined;
  /** @internal Snapshot streams under way. */
  readonly pipes = new Set<SnapshotPipe>();
  private readonly links = new Map<string, Link>();
  private readonly connections = new Map<string, Connection>();
  private readonly dialling = new Set<string>();
  private readonly latencyMs: readonly [number, number];

  constructor(
    private readonly time: SimulatedTime,
    private readonly random: SeededRandom,
    private readonly options: SimulatedNetworkOptions = {},
  ) {
    this.latencyMs = options.latencyMs ?? [0.3, 2];
  }

  /** Binds Transport to one life of a node. Its address is its id. */
  transport(host: SimulatedHost): ContainerModule {
    return new ContainerModule(({ bind }) => {
      bind(Transport).toConstantValue(new SimulatedTransport(this, host));
    });
  }

  /** The direction from one node to another; made on first use. */
  link(from: NodeId, to: NodeId): Link {
    const key = `${from}>${to}`;
    let link = this.links.get(key);
    if (link === undefined) this.links.set(key, (link = new Link()));
    return link;
  }

  /** To be called after links changed: connections break, and others are dialled. */
  review(): void {
    for (const [key, connection] of this.connections) {
      if (this.mayConnect(connection.a, connection.b)) continue;
      this.connections.delete(key);
      connection.broken = true;
      const { a, b } = connection;
      for (const pipe of this.pipes)
        if (pipe.joins(a.nodeId) && pipe.joins(b.nodeId)) pipe.break("the connection broke");
      a.lost(b);
      b.lost(a);
    }
    const all = [...this.nodes.values()];
    for (const [at, a] of all.entries()) for (const b of all.slice(at + 1)) this.consider(a, b);
  }

  /** The connection between two nodes is reset; they dial anew. */
  reset(a: NodeId, b: NodeId): void {
    const { cut } = this.link(a, b);
    this.link(a, b).cut = true;
    this.review();
    this.link(a, b).cut = cut;
    this.review();
  }

  /** Undoes all faults. */
  heal(): void {
    for (const link of this.links.values()) link.mend();
    this.loses = undefined;
    this.review();
  }

  /** @internal */
  latency(): number {
    const [from, to] = this.latencyMs;
    return from + this.random.next() * (to - from);
  }

  /** @internal Something happens in the network after a message's time. */
  soon(act: () => void): void {
    this.time.after(this.latency(), act);
  }

  /** @internal */
  isOpen(from: NodeId, to: NodeId): boolean {
    return !this.link(from, to).cut;
  }

  /** @internal Carries what a turn said to one peer. */
  carry(from: SimulatedTransport, to: NodeId, said: readonly Envelope[]): void {
    const { onFate, encode } = this.options;
    if (onFate !== undefined) for (const envelope of said) onFate(envelope, "sent");
    const link = this.link(from.nodeId, to);
    const connection = this.connections.get(keyOf(from.nodeId, to));
    if (connection === undefined || link.deaf) return this.strand(link, to, said);
    const kept = this.loses === undefined ? said : said.filter((envelope) => !this.isLost(envelope));
    const batch = encode === true ? kept.map(recoded) : kept;
    const now = this.time.now();
    if (!link.isNoisy) {
      const dueAt = link.dueAt(now, this.latency());
      this.time.after(dueAt - now, () => this.arrive(connection, link, to, batch));
      return;
    }
    for (const envelope of batch) {
      if (this.random.next() < link.drop) {
        this.lose([envelope]);
        continue;
      }
      const overtaken = this.random.next() < link.reorder;
      const latencyMs = this.latency();
      const wayMs = overtaken
        ? link.slowMs + latencyMs * (2 + 20 * this.random.next())
        : link.dueAt(now, latencyMs) - now;
      if (overtaken) onFate?.(envelope, "overtaken");
      this.time.after(wayMs, () => this.arrive(connection, link, to, [envelope]));
      if (this.random.next() >= link.duplicate) continue;
      onFate?.(envelope, "doubled");
      const again = wayMs * (1 + 10 * this.random.next());
      this.time.after(again, () => this.arrive(connection, link, to, [envelope]));
    }
  }

  private arrive(connection: Connection, link: Link, to: NodeId, batch: readonly Envelope[]): void {
    const there = this.nodes.get(to);
    if (there === undefined || link.deaf || connection.broken) return this.strand(link, to, batch);
    if (this.options.onFate !== undefined) for (const envelope of batch) this.options.onFate(envelope, "delivered");
    there.deliver(batch);
  }

  private isLost(envelope: Envelope): boolean {
    if (this.loses?.(envelope) !== true) return false;
    this.lose([envelope]);
    return true;
  }

  /** What a dead connection was given is lost; or it lies in some buffer, and comes out when others have long stood in its place. */
  private strand(link: Link, to: NodeId, batch: readonly Envelope[]): void {
    const share = Math.max(link.late, this.options.late ?? 0);
    for (const envelope of batch) {
      if (share === 0 || this.random.next() >= share) {
        this.lose([envelope]);
        continue;
      }
      this.options.onFate?.(envelope, "late");
      this.time.after(scaled(this.random, LATE_MS[0], LATE_MS[1]), () => this.nodes.get(to)?.deliver([envelope]));
    }
  }

  private lose(batch: readonly Envelope[]): void {
    if (this.options.onFate !== undefined) for (const envelope of batch) this.options.onFate(envelope, "lost");
  }

  private consider(a: SimulatedTransport, b: SimulatedTransport): void {
    const key = keyOf(a.nodeId, b.nodeId);
    if (this.connections.has(key) || this.dialling.has(key)) return;
    if (this.isOpen(a.nodeId, b.nodeId) && this.isOpen(b.nodeId, a.nodeId)) {
      a.considerClaim(b);
      b.considerClaim(a);
    }
    if (!this.mayConnect(a, b)) return;
    this.dialling.add(key);
    this.time.after(2 + 30 * this.random.next(), () => {
      this.dialling.delete(key);
      const [first, second] = [this.nodes.get(a.nodeId), this.nodes.get(b.nodeId)];
      if (first === undefined || second === undefined || this.connections.has(key)) return;
      if (!this.mayConnect(first, second)) return;
      this.connections.set(key, { a: first, b: second, broken: false });
      first.found(second);
      second.found(first);
    });
  }

  private mayConnect(a: SimulatedTransport, b: SimulatedTransport): boolean {
    return (
      this.nodes.get(a.nodeId) === a &&
      this.nodes.get(b.nodeId) === b &&
      this.isOpen(a.nodeId, b.nodeId) &&
      this.isOpen(b.nodeId, a.nodeId) &&
      (a.dials(b) || b.dials(a))
    );
  }
}

const keyOf = (a: NodeId, b: NodeId): string => (a < b ? `${a}|${b}` : `${b}|${a}`);
