import {
  type AbortSignalLike,
  type ClusterId,
  type Envelope,
  type GroupId,
  type NodeId,
  type PeerAddress,
  type PeerIdentity,
  RaftError,
  type SnapshotStreamHeader,
  type Transport,
  type TransportIdentity,
  type TransportReceiver,
} from "@hexraft/core/ports";
import { joinsAs } from "../../network/ask-who.js";
import { SnapshotPipe } from "../../network/snapshot-pipe.js";
import type { SimulatedHost } from "./simulated-host.js";
import type { SimulatedMedium } from "./simulated-medium.js";

/** One life's place in a `SimulatedNetwork`. */
export class SimulatedTransport implements Transport {
  /** Name of the node, once started. */
  nodeId: NodeId = "";
  private local: TransportIdentity | undefined;
  private clusterId: ClusterId = "";
  private claiming = false;
  private readonly receivers = new Map<GroupId, TransportReceiver>();
  private readonly books = new Map<GroupId, ReadonlyMap<NodeId, PeerAddress>>();
  /** Peers at the other end of a connection, and their start numbers. */
  private readonly heard = new Map<NodeId, number>();
  /** Those of them that the groups know of. */
  private readonly told = new Map<NodeId, number>();
  private readonly queues = new Map<NodeId, Envelope[]>();

  constructor(
    private readonly network: SimulatedMedium<SimulatedTransport>,
    private readonly host: SimulatedHost,
  ) {}

  /** Its address is its id. */
  get address(): string {
    return this.nodeId;
  }

  /** Takes its place. */
  async start(local: TransportIdentity): Promise<void> {
    this.local = local;
    this.nodeId = local.nodeId;
    this.clusterId = local.clusterId;
    this.network.nodes.set(local.nodeId, this);
    this.network.review();
  }

  /** Registers the group's receiver, and tells it who is there. */
  attach(group: GroupId, receiver: TransportReceiver): void {
    this.receivers.set(group, receiver);
    for (const [id, startNumber] of this.told) this.host.after(0, () => receiver.onPeerUp(id, startNumber));
    this.network.review();
  }

  /** Drops the group's messages. */
  detach(group: GroupId): void {
    this.receivers.delete(group);
  }

  /** Belongs to that cluster from now on. */
  claim(clusterId: ClusterId): void {
    this.clusterId = clusterId;
    this.network.review();
  }

  /** Replaces the group's book. */
  setPeers(group: GroupId, peers: readonly PeerAddress[]): void {
    this.books.set(group, new Map(peers.map((peer) => [peer.id, peer])));
    this.network.review();
    this.tellChanges("the group does not know it any more");
  }

  /** Queues a message. */
  send(envelope: Envelope): boolean {
    if (!this.isUp || !this.heard.has(envelope.to)) return false;
    const queue = this.queues.get(envelope.to);
    if (queue === undefined) this.queues.set(envelope.to, [envelope]);
    else queue.push(envelope);
    return true;
  }

  /** A process that crashed in the middle of its turn says nothing more. */
  flush(): void {
    if (!this.isUp) return;
    for (const [to, batch] of this.queues) {
      if (batch.length === 0) continue;
      this.queues.set(to, []);
      this.network.carry(this, to, batch);
    }
  }

  /** Asks who is at `address`. */
  identify(address: string, group: GroupId, timeoutMs: number): Promise<PeerIdentity> {
    return new Promise((resolve, reject) => {
      const late = this.host.after(timeoutMs, () => reject(unreachable(address, `no answer within ${timeoutMs} ms`)));
      this.network.soon(() => {
        const there = this.network.nodes.get(address);
        if (there === undefined || !this.network.isOpen(this.nodeId, address)) return;
        if (!this.network.isOpen(address, this.nodeId)) return;
        there.host.now(() => {
          const identity = there.identity(group);
          this.network.soon(() =>
            this.host.now(() => {
              this.host.cancel(late);
              resolve(identity);
            }),
          );
        });
      });
    });
  }

  /** Streams a snapshot beside the messages. */
  async sendSnapshot(
    header: SnapshotStreamHeader,
    to: PeerAddress,
    bytes: AsyncIterable<Uint8Array>,
    signal: AbortSignalLike,
  ): Promise<void> {
    const there = this.network.nodes.get(to.id);
    const receiver = there?.receivers.get(header.group);
    if (there === undefined || receiver === undefined || !this.heard.has(to.id))
      throw new RaftError("SnapshotFailed", "refused", `${to.id} takes no snapshot: not connected`);
    const pipe = new SnapshotPipe(this.nodeId, to.id, (arrived) =>
      this.network.soon(() => there.host.now(() => this.host.now(arrived))),
    );
    const onAbort = (): void => pipe.break("the sender gave it up");
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    this.network.pipes.add(pipe);
    try {
      await pipe.run(bytes, (incoming) => receiver.onSnapshot(header, incoming));
    } finally {
      this.network.pipes.delete(pipe);
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Leaves in good order. */
  async stop(): Promise<void> {
    this.flush();
    this.leave();
  }

  /** Who is connected. */
  describe(): Readonly<Record<string, unknown>> {
    return { kind: "simulated", peers: [...this.heard.keys()] };
  }

  /** @internal Its process is gone. */
  leave(): void {
    if (this.network.nodes.get(this.nodeId) === this) this.network.nodes.delete(this.nodeId);
    this.queues.clear();
    this.network.review();
  }

  /** @internal */
  deliver(batch: readonly Envelope[]): void {
    this.host.now(() => {
      for (const envelope of batch) this.receivers.get(envelope.group)?.onMessage(envelope);
    });
  }

  /** @internal A connection stands. */
  found(peer: SimulatedTransport): void {
    this.heard.set(peer.nodeId, peer.local?.startNumber ?? 0);
    this.tellChanges("");
  }

  /** @internal A connection broke. */
  lost(peer: SimulatedTransport): void {
    this.heard.delete(peer.nodeId);
    this.queues.delete(peer.nodeId);
    this.tellChanges("the connection broke");
  }

  /** @internal T02, T04: whether it calls this peer: one of its own cluster that is in a book. Who is called lets everybody of the cluster in. */
  dials(peer: SimulatedTransport): boolean {
    return this.clusterId !== "" && this.clusterId === peer.clusterId && this.knows(peer.nodeId);
  }

  /** @internal M13: a waiting node follows the first cluster that names its incarnation, once that is durable. */
  considerClaim(peer: SimulatedTransport): void {
    if (this.clusterId !== "" || this.claiming || peer.clusterId === "") return;
    for (const [group, receiver] of this.receivers) {
      if (peer.books.get(group)?.get(this.nodeId)?.incarnation !== receiver.incarnation) continue;
      this.claiming = true;
      const { clusterId } = peer;
      receiver
        .onClaim(clusterId)
        .then(() => this.claim(clusterId))
        .catch(() => {})
        .finally(() => {
          this.claiming = false;
        });
      return;
    }
  }

  private get isUp(): boolean {
    return this.host.isAlive && this.network.nodes.get(this.nodeId) === this;
  }

  private knows(id: NodeId): boolean {
    for (const book of this.books.values()) if (book.has(id)) return true;
    return false;
  }

  private identity(group: GroupId): PeerIdentity {
    return {
      nodeId: this.nodeId,
      clusterId: this.clusterId,
      directoryId: this.local?.directoryId ?? "",
      startNumber: this.local?.startNumber ?? 0,
      ...joinsAs(this.receivers.get(group)),
    };
  }

  /**
   * A group is told of the peers of its book; one that knows no configuration yet, of whoever comes in (E19). A peer that
   * came in and is in no book is heard and answered, as over TCP: a member that lags behind must hear a leader that was added later.
   */
  private tellChanges(reason: string): void {
    const isAudible = (id: NodeId): boolean => this.knows(id) || this.knowsNobody;
    for (const [id, startNumber] of this.told) {
      if (this.heard.get(id) === startNumber && isAudible(id)) continue;
      this.told.delete(id);
      this.tell((receiver) => receiver.onPeerDown(id, reason));
    }
    for (const [id, startNumber] of this.heard) {
      if (this.told.has(id) || !isAudible(id)) continue;
      this.told.set(id, startNumber);
      this.tell((receiver) => receiver.onPeerUp(id, startNumber));
    }
  }

  private get knowsNobody(): boolean {
    for (const group of this.receivers.keys()) if ((this.books.get(group)?.size ?? 0) === 0) return true;
    return false;
  }

  private tell(tell: (receiver: TransportReceiver) => void): void {
    this.host.after(0, () => this.receivers.forEach(tell));
  }
}

const unreachable = (address: string, reason: string): RaftError =>
  new RaftError("ReadTimeout", "refused", `cannot ask ${address} who it is: ${reason}`, { address });
