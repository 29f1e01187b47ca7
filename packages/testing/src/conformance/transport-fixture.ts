import {
  type Envelope,
  type Incarnation,
  type Message,
  type NodeId,
  type PeerAddress,
  type StartNumber,
  type Transport,
  type TransportReceiver,
} from "@hexraft/core/ports";
import { gathered } from "./check.js";

/** What the Transport laws need of an adapter: transports that can reach each other. */
export interface TransportFixture {
  /** A transport, not started, with an address of its own; or at `address`, once nobody listens there any more. */
  create(address?: string): Transport | Promise<Transport>;
  /** Lets time go on until the condition holds; throws `what` after a deadline of the adapter's choice (≥ 2 s of its time). */
  until(condition: () => boolean, what: string): Promise<void>;
  /** Lets about this much time pass. */
  pass(ms: number): Promise<void>;
  /** Frees what is left. */
  dispose(): void | Promise<void>;
}

/** Makes a network of its own for one law. */
export type TransportFactory = () => TransportFixture | Promise<TransportFixture>;

/** The cluster of the laws. */
export const CLUSTER = "0123456789abcdef0123456789abcdef";
/** Largest frame in the laws. */
export const FRAME_BYTES_MAX = 4 << 20;

/** One node over a transport, and all that it heard. */
export class TransportNode implements TransportReceiver {
  readonly heard: Envelope[] = [];
  readonly ups: { readonly id: NodeId; readonly startNumber: StartNumber }[] = [];
  readonly downs: NodeId[] = [];
  readonly claims: string[] = [];
  readonly snapshots: { readonly header: unknown; readonly bytes: Uint8Array }[] = [];
  /** M09. */
  wasRemoved = false;
  /** What to do with an incoming snapshot; gathers it by default. */
  onStream: (bytes: AsyncIterable<Uint8Array>) => Promise<Uint8Array> = gathered;

  constructor(
    readonly id: NodeId,
    readonly transport: Transport,
    readonly incarnation: Incarnation,
    readonly startNumber: StartNumber,
  ) {}

  onMessage(envelope: Envelope): void {
    this.heard.push(envelope);
  }

  onPeerUp(id: NodeId, startNumber: StartNumber): void {
    this.ups.push({ id, startNumber });
  }

  onPeerDown(id: NodeId): void {
    this.downs.push(id);
  }

  async onClaim(clusterId: string): Promise<void> {
    this.claims.push(clusterId);
    this.transport.claim(clusterId);
  }

  async onSnapshot(header: unknown, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    this.snapshots.push({ header, bytes: await this.onStream(bytes) });
  }

  /** How its peers' books name it. */
  get entry(): PeerAddress {
    return { id: this.id, incarnation: this.incarnation, address: this.transport.address };
  }

  /** Whether it hears the other one now. */
  hears(other: TransportNode): boolean {
    const ups = this.ups.filter(({ id }) => id === other.id);
    const downs = this.downs.filter((id) => id === other.id);
    return ups.length > downs.length;
  }

  /** An envelope to the other one. */
  to(other: TransportNode, message: Message, group = "main"): Envelope {
    return {
      group,
      from: this.id,
      fromIncarnation: this.incarnation,
      startNumber: this.startNumber,
      recoveryNumber: 0,
      to: other.id,
      toIncarnation: other.incarnation,
      message,
    };
  }

  /** Says something, and ends the turn. */
  say(other: TransportNode, message: Message, group = "main"): boolean {
    const taken = this.transport.send(this.to(other, message, group));
    this.transport.flush();
    return taken;
  }
}

/** How a node of a law starts. */
export interface Start {
  readonly clusterId?: string;
  readonly startNumber?: StartNumber;
  readonly address?: string;
  readonly directoryId?: string;
}

/** Nodes of one law. */
export class TransportRig {
  private readonly nodes: TransportNode[] = [];

  constructor(readonly fixture: TransportFixture) {}

  /** Starts a node that knows nobody yet. */
  async node(id: NodeId, start: Start = {}): Promise<TransportNode> {
    const transport = await this.fixture.create(start.address);
    const startNumber = start.startNumber ?? 1;
    const number = id.replaceAll(/\D/g, "").padStart(2, "0");
    const node = new TransportNode(id, transport, `00000000000000${number}`, startNumber);
    this.nodes.push(node);
    transport.attach("main", node);
    await transport.start({
      nodeId: id,
      clusterId: start.clusterId ?? CLUSTER,
      directoryId: start.directoryId ?? `d0000000000000${number}`,
      startNumber,
      frameBytesMax: FRAME_BYTES_MAX,
    });
    return node;
  }

  /** Two nodes that hear each other. */
  async pair(): Promise<readonly [TransportNode, TransportNode]> {
    const [a, b] = [await this.node("n1"), await this.node("n2")];
    await this.introduce(a, b);
    return [a, b];
  }

  /** Puts both into each other's books, and waits until they hear each other. */
  async introduce(a: TransportNode, b: TransportNode): Promise<void> {
    a.transport.setPeers("main", [b.entry]);
    b.transport.setPeers("main", [a.entry]);
    await this.fixture.until(() => a.hears(b) && b.hears(a), `${a.id} and ${b.id} hear each other`);
  }

  /** Stops everything. */
  async stop(): Promise<void> {
    for (const { transport } of this.nodes) await transport.stop();
    await this.fixture.dispose();
  }
}

/** Runs `body` over a network of its own, and cleans up. */
export const withTransport =
  (factory: TransportFactory, body: (rig: TransportRig) => Promise<void>): (() => Promise<void>) =>
  async () => {
    const rig = new TransportRig(await factory());
    try {
      await body(rig);
    } finally {
      await rig.stop();
    }
  };

/** A heartbeat with this round: the smallest message there is. */
export const heartbeat = (round: number): Message => ({ type: "Heartbeat", term: 1, commit: 0, round });

/** The rounds of the heartbeats heard, in order. */
export const rounds = (heard: readonly Envelope[]): number[] =>
  heard.flatMap(({ message }) => (message.type === "Heartbeat" ? [message.round] : []));
