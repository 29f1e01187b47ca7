import { performance } from "node:perf_hooks";
import {
  type AbortSignalLike,
  type Checksum,
  type ClusterId,
  type Envelope,
  type GroupId,
  type Logger,
  type NodeId,
  type PeerAddress,
  type PeerIdentity,
  RaftError,
  type RandomSource,
  type SnapshotStreamHeader,
  type StartNumber,
  type Transport,
  type TransportIdentity,
  type TransportReceiver,
  versionOf,
} from "@hexraft/core/ports";
import { formatAddress } from "./address.js";
import { Groups } from "./groups.js";
import { type Host, newCounters } from "./host.js";
import { checkSpeaker, type Refusal } from "./link/admission.js";
import { Claims } from "./link/claims.js";
import type { Connection, ConnectionHandler } from "./link/connection.js";
import { Doorkeeper } from "./link/doorkeeper.js";
import type { Inbound } from "./link/inbound.js";
import { Inbounds } from "./link/inbounds.js";
import type { Link } from "./link/link.js";
import { Links } from "./link/links.js";
import { Listener } from "./link/listener.js";
import { Questions } from "./link/questions.js";
import { StartNumbers } from "./link/start-numbers.js";
import type { ResolvedTcpOptions } from "./options.js";
import { RefusalLog } from "./refusal-log.js";
import { SnapshotStreams } from "./snapshot/streams.js";
import type { Sockets } from "./sockets.js";
import { LENGTH_BYTES } from "./wire/framer.js";
import { type Hello, VERSIONS, type Versions } from "./wire/handshake.js";

/** A tick that comes this many intervals late follows a pause of this very process: nobody's silence is judged then. */
const LATE_TICKS = 2;

/**
 * The Transport over TCP: one Link per peer for what leaves, one Inbound per peer for what comes, one connection more for
 * each snapshot under way.
 */
export class TcpTransport implements Transport {
  /** Where it can be reached, once started. */
  address = "";
  private readonly host: Host;
  private readonly groups: Groups;
  private readonly claims: Claims;
  private readonly doorkeeper: Doorkeeper;
  private readonly listener: Listener;
  private readonly links: Links;
  private readonly inbounds: Inbounds;
  private readonly questions: Questions;
  private readonly streams: SnapshotStreams;
  private readonly unflushed = new Set<Link | Inbound>();
  private local: TransportIdentity | undefined;
  private isStopped = false;
  private stopped: Promise<void> | undefined;
  private ticker: NodeJS.Timeout | undefined;
  private lastTickMs = 0;

  constructor(
    options: ResolvedTcpOptions,
    sockets: Sockets,
    checksum: Checksum,
    random: RandomSource,
    logger: Logger,
    versions: Versions = VERSIONS,
  ) {
    const [counters, startNumbers, refusals] = [newCounters(), new StartNumbers(), new RefusalLog(logger)];
    const local = () => this.identity;
    this.host = { options, sockets, checksum, random, logger, refusals, counters, startNumbers, versions, local };
    this.groups = new Groups(logger, counters);
    this.streams = new SnapshotStreams(this.host, this.groups);
    this.questions = new Questions(this.host);
    const events = {
      onMessage: (envelope: Envelope, from: NodeId, startNumber: StartNumber) =>
        this.deliver(envelope, from, startNumber),
      onChange: (reason: string) => this.tell(reason),
    };
    this.inbounds = new Inbounds(this.host, events);
    this.links = new Links(this.host, {
      ...events,
      meant: (id) => this.groups.meant(id),
      vouched: () => this.doorkeeper.vouched,
    });
    this.doorkeeper = new Doorkeeper(this.host, this.groups, this.inbounds);
    this.claims = new Claims(this.host, this.groups, (clusterId) => this.claim(clusterId));
    this.listener = new Listener(this.host, {
      claim: (hello) => this.claims.consider(hello),
      identity: (hello) => this.identityFor(hello.purpose === "identify" ? (hello.meant[0]?.[0] ?? "") : ""),
      refusal: (hello) => this.refusal(hello),
      receive: (connection, hello) => {
        this.doorkeeper.admit(connection, hello.nodeId);
        return hello.stream === null ? this.receive(connection, hello) : this.streams.receive(connection, hello.stream);
      },
    });
  }

  /** @inheritDoc */
  async start(local: TransportIdentity): Promise<void> {
    if (this.local !== undefined || this.isStopped)
      throw new RaftError("Stopped", "refused", "this transport was started already; make a new one");
    this.host.sockets.open(local.nodeId, this.host.logger, () => this.doubtAll());
    this.local = local;
    const port = await this.listener.listen();
    this.address = this.host.options.advertise ?? formatAddress(this.host.options.host, port);
    this.lastTickMs = performance.now();
    this.ticker = setInterval(() => this.tick(), this.host.options.pingIntervalMs);
    this.ticker.unref();
    this.connectAll();
  }

  /** @inheritDoc */
  attach(group: GroupId, receiver: TransportReceiver): void {
    this.groups.attach(group, receiver);
    this.tell("another receiver took over", group);
  }

  /** @inheritDoc */
  detach(group: GroupId): void {
    this.groups.detach(group);
    this.connectAll();
  }

  /** @inheritDoc */
  claim(clusterId: ClusterId): void {
    this.local = { ...this.identity, clusterId };
    this.links.nudge();
  }

  /** @inheritDoc */
  setPeers(group: GroupId, peers: readonly PeerAddress[]): void {
    const others = peers.filter((peer) => peer.id !== this.local?.nodeId);
    // Whoever left itself out keeps the same list: there may be thousands.
    this.groups.setBook(group, others.length === peers.length ? peers : others);
    this.connectAll();
    this.tell("the group does not know it any more", group);
  }

  /** @inheritDoc */
  send(envelope: Envelope): boolean {
    // A peer in no book has no link: it is answered on the connection that it dialled.
    const way = this.links.of(envelope.to) ?? this.inbounds.newest(envelope.to);
    if (way?.isTaking && this.hand(way, envelope)) {
      this.unflushed.add(way);
      return true;
    }
    this.host.counters.messagesDropped++;
    return false;
  }

  /** @inheritDoc */
  flush(): void {
    if (this.unflushed.size === 0) return;
    for (const way of this.unflushed) way.flush();
    this.unflushed.clear();
  }

  /** @inheritDoc */
  identify(address: string, group: GroupId, timeoutMs: number): Promise<PeerIdentity> {
    return this.questions.ask(address, group, timeoutMs);
  }

  /** @inheritDoc */
  sendSnapshot(
    header: SnapshotStreamHeader,
    to: PeerAddress,
    bytes: AsyncIterable<Uint8Array>,
    signal: AbortSignalLike,
  ): Promise<void> {
    return this.streams.send(header, to, bytes, signal);
  }

  /** @inheritDoc */
  stop(): Promise<void> {
    this.stopped ??= this.end();
    return this.stopped;
  }

  /** @inheritDoc */
  describe(): Readonly<Record<string, unknown>> {
    return {
      kind: "tcp",
      address: this.address,
      connections: this.listener.connections,
      snapshotStreams: this.streams.size,
      ...this.host.counters,
      peers: this.links.describe(),
    };
  }

  private async end(): Promise<void> {
    this.flush();
    this.isStopped = true;
    clearInterval(this.ticker);
    this.host.sockets.close();
    this.streams.close("this node stops");
    this.questions.close("this node stops");
    this.links.close("this node stops");
    if (this.address !== "") await this.listener.close();
  }

  private get identity(): TransportIdentity {
    if (this.local === undefined) throw new RaftError("NotStarted", "refused", "the TCP transport is not started yet");
    return this.local;
  }

  private hand(way: Link | Inbound, envelope: Envelope): boolean {
    const { type } = envelope.message;
    if (versionOf(type) > way.version) return false;
    const frame = way.writer.encode(envelope);
    if (frame.sizeBytes <= LENGTH_BYTES + this.identity.frameBytesMax) return way.send(frame, type);
    // The peer would close the connection over it, and again after each retry: a result, say, that grew beyond all options.
    this.host.logger.error("dropped a message that fits no frame", {
      type,
      to: envelope.to,
      sizeBytes: frame.sizeBytes,
    });
    return false;
  }

  private identityFor(group: GroupId): PeerIdentity {
    const { nodeId, clusterId, directoryId, startNumber } = this.identity;
    const recoveryNumber = this.groups.recoveryOf(group);
    const said = recoveryNumber === undefined ? {} : { recoveryNumber };
    return { nodeId, clusterId, directoryId, startNumber, incarnation: this.groups.incarnationOf(group), ...said };
  }

  /** Makes the links what the books say: one for each peer in any of them, none for anybody else. */
  private connectAll(): void {
    if (this.local === undefined || this.isStopped) return;
    const wanted = this.groups.peers();
    const isNews = this.doorkeeper.setMembers(new Set(wanted.keys()));
    this.links.keep(wanted, isNews);
  }

  /** Tells the groups, or the only one concerned, what changed in whom they can talk to. */
  private tell(reason: string, only?: GroupId): void {
    this.groups.tell(this.links.nodes(), () => this.inbounds.nodes(), reason, only);
  }

  private receive(connection: Connection, hello: Hello): ConnectionHandler {
    const inbound = this.inbounds.admit(connection, hello);
    this.links.heardOf(hello);
    return inbound;
  }

  private refusal(hello: Hello): Refusal | undefined {
    if (hello.purpose === "identify") return undefined;
    return this.doorkeeper.refusal(hello.nodeId) ?? this.streams.refusal(hello);
  }

  private deliver(envelope: Envelope, from: NodeId, startNumber: StartNumber): void {
    checkSpeaker(envelope, from, startNumber, this.identity.nodeId);
    this.groups.deliver(envelope);
  }

  /** T03: certificates are judged by another authority from now on; all of them, also those that were shown before. */
  private doubtAll(): void {
    const reason = "another authority vouches for certificates now";
    this.doorkeeper.emptyTheHouse(reason);
    this.links.redial(reason);
  }

  private tick(): void {
    const nowMs = performance.now();
    this.host.refusals.turn(nowMs);
    const isLate = nowMs - this.lastTickMs > (1 + LATE_TICKS) * this.host.options.pingIntervalMs;
    this.lastTickMs = nowMs;
    // After a pause of our own, what others said meanwhile is still unread: their silence is judged next time.
    const judgeMs = isLate ? undefined : nowMs;
    this.links.tick(judgeMs);
    this.inbounds.tick(judgeMs);
    this.doorkeeper.tick(nowMs, judgeMs);
    if (!isLate) this.streams.tick(nowMs);
  }
}
