import { messageOf } from "../components/message-of.js";
import type { Envelope } from "../model/message.js";
import type { ClusterId, GroupId, Incarnation, NodeId, RecoveryNumber, StartNumber } from "../model/node-id.js";
import type { Logger } from "../ports/logger.js";
import type {
  AbortSignalLike,
  PeerAddress,
  PeerIdentity,
  SnapshotStreamHeader,
  Transport,
  TransportIdentity,
  TransportReceiver,
} from "../ports/transport.js";
import { HeartbeatJoiner } from "./heartbeat-joiner.js";
import type { ProcessMail } from "./process-mail.js";

/**
 * G01, T08: one transport for all groups of a process, so that two processes hold one connection each way, however many
 * groups they share. What the groups say in one turn leaves with its end. M13: the process belongs to one cluster: whichever
 * group is claimed or founded first tells the others.
 */
export class SharedTransport {
  private readonly receivers = new Map<GroupId, TransportReceiver>();
  private readonly heartbeats: HeartbeatJoiner;
  private unflushed = false;
  private cluster: ClusterId = "";

  constructor(
    readonly transport: Transport,
    private readonly logger: Logger,
    /** Whether a turn is under way, at whose end {@link SharedTransport.turnEnded} is called. */
    private readonly isInTurn: () => boolean,
    private readonly mail: () => ProcessMail,
  ) {
    this.heartbeats = new HeartbeatJoiner(
      (envelope) => this.transport.send(envelope),
      (to, message) => this.mail().seal(to, message),
    );
  }

  /** The cluster that the process belongs to; empty while it waits. */
  get clusterId(): ClusterId {
    return this.cluster;
  }

  /** What one group takes for its transport. */
  view(group: GroupId): Transport {
    return new GroupTransport(this, group);
  }

  /** Listens, for a process of this cluster. */
  async start(identity: TransportIdentity): Promise<void> {
    this.cluster = identity.clusterId;
    await this.transport.start(identity);
    this.mail().open(identity);
  }

  /** Registers a group's receiver: what it throws concerns nobody else. */
  attach(group: GroupId, receiver: TransportReceiver): void {
    const guarded = new GuardedReceiver(this, group, receiver);
    this.receivers.set(group, guarded);
    this.transport.attach(group, guarded);
    if (this.cluster !== "") this.tellOfCluster(group, receiver);
  }

  /** Forgets a group. */
  detach(group: GroupId): void {
    this.receivers.delete(group);
    this.transport.detach(group);
    this.mail().leave(group);
  }

  /** T04: whom a group talks to; its process talks to them, too. */
  setPeers(group: GroupId, peers: readonly PeerAddress[]): void {
    this.transport.setPeers(group, peers);
    this.mail().setPeers(group, peers);
  }

  /** M13: the process belongs to that cluster from now on, and so do its groups. */
  claim(clusterId: ClusterId): void {
    if (this.cluster !== "") return;
    this.cluster = clusterId;
    this.transport.claim(clusterId);
    for (const [group, receiver] of this.receivers) this.tellOfCluster(group, receiver);
  }

  /** Takes what a group says; heartbeats wait for those of the others (G02). */
  send(envelope: Envelope): boolean {
    if (this.isInTurn() && this.heartbeats.take(envelope)) return true;
    return this.transport.send(envelope);
  }

  /** A message for a group came with those of others. */
  deliver(envelope: Envelope): void {
    this.receivers.get(envelope.group)?.onMessage(envelope);
  }

  /** What was taken leaves now, or at the end of the turn that is under way. */
  flush(): void {
    this.unflushed = true;
    if (!this.isInTurn()) this.turnEnded();
  }

  /** All groups have said what they had to say. */
  turnEnded(): void {
    if (!this.unflushed) return;
    this.unflushed = false;
    this.heartbeats.flush();
    this.transport.flush();
  }

  private tellOfCluster(group: GroupId, receiver: TransportReceiver): void {
    receiver.onClaim(this.cluster).catch((error: unknown) => {
      this.logger.warn(`group ${group} cannot join the cluster of its process`, { reason: messageOf(error) });
    });
  }

  /** G03: a group threw while it was told something. */
  threw(group: GroupId, error: unknown): void {
    this.logger.error(`group ${group} threw; the others go on`, { reason: messageOf(error) });
  }

  /** A message is about to reach its group. */
  beforeMessage(envelope: Envelope): void {
    this.mail().beforeMessage(envelope);
  }
}

/** G03: a group's receiver, whose errors are its own. */
class GuardedReceiver implements TransportReceiver {
  constructor(
    private readonly shared: SharedTransport,
    private readonly group: GroupId,
    private readonly receiver: TransportReceiver,
  ) {}

  get incarnation(): Incarnation {
    return this.receiver.incarnation;
  }

  get wasRemoved(): boolean {
    return this.receiver.wasRemoved === true;
  }

  get recoveryNumber(): RecoveryNumber | null {
    return this.receiver.recoveryNumber ?? null;
  }

  onMessage(envelope: Envelope): void {
    try {
      this.shared.beforeMessage(envelope);
      this.receiver.onMessage(envelope);
    } catch (error) {
      this.shared.threw(this.group, error);
    }
  }

  onPeerUp(id: NodeId, startNumber: StartNumber): void {
    try {
      this.receiver.onPeerUp(id, startNumber);
    } catch (error) {
      this.shared.threw(this.group, error);
    }
  }

  onPeerDown(id: NodeId, reason: string): void {
    try {
      this.receiver.onPeerDown(id, reason);
    } catch (error) {
      this.shared.threw(this.group, error);
    }
  }

  async onClaim(clusterId: ClusterId): Promise<void> {
    await this.receiver.onClaim(clusterId);
    this.shared.claim(clusterId);
  }

  onSnapshot(header: SnapshotStreamHeader, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    return this.receiver.onSnapshot(header, bytes);
  }
}

/** The shared transport as one group sees it: it neither starts nor stops it. */
class GroupTransport implements Transport {
  constructor(
    private readonly shared: SharedTransport,
    private readonly group: GroupId,
  ) {}

  get address(): string {
    return this.shared.transport.address;
  }

  async start(): Promise<void> {
    // The manager started it, with the identity that all groups share.
  }

  attach(group: GroupId, receiver: TransportReceiver): void {
    this.shared.attach(group, receiver);
  }

  detach(group: GroupId): void {
    this.shared.detach(group);
  }

  claim(clusterId: ClusterId): void {
    this.shared.claim(clusterId);
  }

  setPeers(group: GroupId, peers: readonly PeerAddress[]): void {
    this.shared.setPeers(group, peers);
  }

  send(envelope: Envelope): boolean {
    return this.shared.send(envelope);
  }

  flush(): void {
    this.shared.flush();
  }

  identify(address: string, group: GroupId, timeoutMs: number): Promise<PeerIdentity> {
    return this.shared.transport.identify(address, group, timeoutMs);
  }

  sendSnapshot(
    header: SnapshotStreamHeader,
    to: PeerAddress,
    bytes: AsyncIterable<Uint8Array>,
    signal: AbortSignalLike,
  ): Promise<void> {
    return this.shared.transport.sendSnapshot(header, to, bytes, signal);
  }

  async stop(): Promise<void> {
    this.shared.detach(this.group);
  }

  describe(): Readonly<Record<string, unknown>> {
    return this.shared.transport.describe();
  }
}
