import {
  type AbortSignalLike,
  type ClusterId,
  type Envelope,
  type GroupId,
  type NodeId,
  type PeerAddress,
  type PeerIdentity,
  RaftError,
  type Scheduler,
  type SnapshotStreamHeader,
  type StartNumber,
  type Transport,
  type TransportIdentity,
  type TransportReceiver,
} from "@hexraft/core/ports";
import { AddressBooks } from "./address-books.js";
import { askWho, joinsAs } from "./ask-who.js";
import type { Medium } from "./medium.js";
import { SnapshotPipe } from "./snapshot-pipe.js";
import type { Carrier } from "./wire.js";

/** T05: most messages of one turn to one peer; what is beyond is dropped and counted. */
export const QUEUE_MESSAGES_MAX = 65_536;

/** One node's place in a `MemoryNetwork`. */
export class MemoryTransport implements Transport {
  /** Name of the node, once started. */
  nodeId: NodeId = "";
  /** Where it can be reached, once started. */
  address = "";
  private state: "fresh" | "started" | "stopped" = "fresh";
  private local: TransportIdentity | undefined;
  private clusterId: ClusterId = "";
  private claiming = false;
  private readonly receivers = new Map<GroupId, TransportReceiver>();
  private readonly books = new AddressBooks();
  private readonly heard = new Map<NodeId, StartNumber>();
  private readonly seenStarts = new Map<string, StartNumber>();
  private readonly queues = new Map<NodeId, Envelope[]>();
  private outbox: { readonly to: NodeId; readonly batch: readonly Envelope[] }[] = [];
  private readonly counts = { sent: 0, dropped: 0, delivered: 0 };

  /** @internal Made by `MemoryNetwork.connect`. */
  constructor(
    private readonly network: Medium<MemoryTransport>,
    private readonly carrier: Carrier,
    private readonly scheduler: Scheduler,
    private readonly givenAddress: string | undefined,
  ) {}

  /** Takes its place in the network. */
  async start(local: TransportIdentity): Promise<void> {
    if (this.state !== "fresh") throw new RaftError("Stopped", "refused", "this memory transport was started already");
    this.local = local;
    this.nodeId = local.nodeId;
    this.clusterId = local.clusterId;
    this.address = this.givenAddress ?? `memory:${local.nodeId}`;
    this.network.listen(this);
    this.state = "started";
    this.network.changed();
  }

  /** Registers the group's receiver, and tells it who is there. */
  attach(group: GroupId, receiver: TransportReceiver): void {
    const heardBefore = [...this.heard];
    this.receivers.set(group, receiver);
    this.network.changed();
    for (const [id, startNumber] of heardBefore) {
      this.soon(() => this.whileStarted(() => receiver.onPeerUp(id, startNumber)));
    }
  }

  /** Drops the group's messages from now on. */
  detach(group: GroupId): void {
    this.receivers.delete(group);
  }

  /** Belongs to that cluster from now on. */
  claim(clusterId: ClusterId): void {
    this.clusterId = clusterId;
    this.network.changed();
  }

  /** Replaces the group's book of peers. */
  setPeers(group: GroupId, peers: readonly PeerAddress[]): void {
    this.books.set(group, peers);
    this.network.changed();
  }

  /** Queues a message for {@link MemoryTransport.flush}. */
  send(envelope: Envelope): boolean {
    const { to } = envelope;
    const queue = this.queues.get(to);
    if (queue !== undefined && queue.length > 0 && queue.length < QUEUE_MESSAGES_MAX) {
      queue.push(envelope);
      return true;
    }
    const isKnown = this.state === "started" && (this.heard.has(to) || this.books.addressOf(to) !== undefined);
    if (!isKnown || (queue?.length ?? 0) >= QUEUE_MESSAGES_MAX) {
      this.counts.dropped++;
      return false;
    }
    if (queue === undefined) this.queues.set(to, [envelope]);
    else queue.push(envelope);
    return true;
  }

  /** Hands what was queued to the network: one batch per peer, one action for all of them. */
  flush(): void {
    if (this.state !== "started") return;
    for (const [to, batch] of this.queues) {
      if (batch.length === 0) continue;
      this.queues.set(to, []);
      this.counts.sent += batch.length;
      if (this.network.isWatched) for (const envelope of batch) this.network.tell(envelope, "sent");
      this.carry(to, this.network.packed(batch));
    }
  }

  /** Asks who is at `address`. */
  identify(address: string, group: GroupId, timeoutMs: number): Promise<PeerIdentity> {
    return askWho(this.network, this.nodeId, this.scheduler, (act) => this.soon(act), { address, group, timeoutMs });
  }

  /** Streams a snapshot beside the messages. */
  async sendSnapshot(
    header: SnapshotStreamHeader,
    to: PeerAddress,
    bytes: AsyncIterable<Uint8Array>,
    signal: AbortSignalLike,
  ): Promise<void> {
    const there = this.network.listening.get(to.address);
    const receiver = there?.receivers.get(header.group);
    if (there === undefined || receiver === undefined || !this.heard.has(to.id))
      throw new RaftError("SnapshotFailed", "refused", `${to.id} at ${to.address} takes no snapshot: not connected`);
    const pipe = new SnapshotPipe(this.nodeId, to.id, (arrived) => this.soon(arrived));
    const onAbort = () => pipe.break("the sender gave it up");
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

  /** Leaves the network. */
  async stop(): Promise<void> {
    if (this.state === "started") this.flush();
    this.kill();
  }

  /** Connections and counts. */
  describe(): Readonly<Record<string, unknown>> {
    return { kind: "memory", address: this.address, peers: [...this.heard.keys()], ...this.counts };
  }

  /** @internal Leaves without a word. */
  kill(): void {
    this.state = "stopped";
    this.queues.clear();
    this.heard.clear();
    this.network.silence(this);
  }

  /** @internal */
  deliver(envelope: Envelope): void {
    if (this.network.isWatched) this.network.tell(envelope, "delivered");
    this.counts.delivered++;
    this.receivers.get(envelope.group)?.onMessage(envelope);
  }

  /** @internal Compares whom this node hears with whom it was told of. */
  refresh(transports: readonly MemoryTransport[]): void {
    for (const peer of transports) if (peer !== this) this.considerClaim(peer);
    const audible = new Map<NodeId, StartNumber>();
    for (const peer of transports) {
      if (peer !== this && this.hears(peer)) audible.set(peer.nodeId, peer.startNumber);
    }
    for (const [id, startNumber] of this.heard) {
      if (audible.get(id) === startNumber) continue;
      this.heard.delete(id);
      this.tellAll((receiver) => receiver.onPeerDown(id, "the connection was lost"));
    }
    for (const [id, startNumber] of audible) {
      if (this.heard.has(id)) continue;
      this.heard.set(id, startNumber);
      this.tellAll((receiver) => receiver.onPeerUp(id, startNumber));
    }
  }

  /** @internal What it answers to who asks. */
  identity(group: GroupId): PeerIdentity {
    return {
      nodeId: this.nodeId,
      clusterId: this.clusterId,
      directoryId: this.local?.directoryId ?? "",
      startNumber: this.startNumber,
      ...joinsAs(this.receivers.get(group)),
    };
  }

  private get startNumber(): StartNumber {
    return this.local?.startNumber ?? 0;
  }

  private hears(peer: MemoryTransport): boolean {
    const bothStarted = this.state === "started" && peer.state === "started";
    if (!bothStarted || !this.network.isOpen(peer.nodeId, this.nodeId)) return false;
    const sameCluster = this.clusterId !== "" && this.clusterId === peer.clusterId;
    const dialled = this.knows(peer) || peer.knows(this);
    if (!sameCluster || !dialled || !this.admits(peer) || !peer.admits(this)) return false;
    const directory = peer.local?.directoryId ?? "";
    const seen = this.seenStarts.get(directory) ?? 0;
    this.seenStarts.set(directory, Math.max(seen, peer.startNumber));
    return peer.startNumber >= seen; // T11: an older life of that directory is refused.
  }

  private knows(peer: MemoryTransport): boolean {
    return this.books.addressOf(peer.nodeId) === peer.address;
  }

  /** T04: a peer in no book is turned away, unless a group knows no configuration yet and so lets its whole cluster in. */
  private admits(peer: MemoryTransport): boolean {
    if (this.books.addressOf(peer.nodeId) !== undefined) return true;
    return [...this.receivers.keys()].some((group) => this.books.isEmpty(group));
  }

  private carry(to: NodeId, batch: readonly Envelope[]): void {
    const wire = this.network.wire(this.nodeId, to);
    const { scheduler } = this.carrier;
    const now = scheduler.now();
    const delayMs = wire.dueAt(now, this.network.latency()) - now;
    if (delayMs > 0) {
      scheduler.schedule(() => this.arrive(to, batch), delayMs);
      return;
    }
    this.outbox.push({ to, batch });
    if (this.outbox.length > 1) return;
    this.carrier.turn.schedule(() => {
      const batches = this.outbox;
      this.outbox = [];
      for (const sent of batches) this.arrive(sent.to, sent.batch);
    });
  }

  private arrive(to: NodeId, batch: readonly Envelope[]): void {
    const { network } = this;
    const there = network.transportOf(to);
    if (there === undefined || !network.isOpen(this.nodeId, to)) return this.lose(batch);
    if (!there.heard.has(this.nodeId)) return this.lose(batch);
    const arriving = network.wire(this.nodeId, to).surviving(batch, (envelope) => this.lose([envelope]));
    for (const envelope of arriving) there.deliver(envelope);
  }

  private lose(batch: readonly Envelope[]): void {
    this.counts.dropped += batch.length;
    if (this.network.isWatched) for (const envelope of batch) this.network.tell(envelope, "lost");
  }

  /** M13: a waiting node follows the first cluster whose handshake names its incarnation, once that is durable. */
  private considerClaim(peer: MemoryTransport): void {
    const reachable = this.network.isOpen(peer.nodeId, this.nodeId) && peer.knows(this);
    if (this.clusterId !== "" || this.claiming || peer.clusterId === "" || !reachable) return;
    for (const [group, receiver] of this.receivers) {
      if (peer.books.meant(group, this.nodeId) !== receiver.incarnation) continue;
      this.claiming = true;
      const { clusterId } = peer;
      void receiver
        .onClaim(clusterId)
        .then(() => this.claim(clusterId))
        .catch(() => {})
        .finally(() => {
          this.claiming = false;
        });
      return;
    }
  }

  private tellAll(tell: (receiver: TransportReceiver) => void): void {
    if (this.receivers.size === 0) return;
    this.soon(() => this.whileStarted(() => this.receivers.forEach(tell)));
  }

  private whileStarted(act: () => void): void {
    if (this.state === "started") act();
  }

  private soon(act: () => void): void {
    const latency = this.network.latency();
    if (latency > 0) this.carrier.scheduler.schedule(act, latency);
    else this.carrier.turn.schedule(act);
  }
}
