import type {
  Envelope,
  GroupId,
  Incarnation,
  Logger,
  NodeId,
  PeerAddress,
  SnapshotStreamHeader,
  StartNumber,
  TransportReceiver,
} from "@hexraft/core/ports";
import type { Counters } from "./host.js";
import type { Hello } from "./wire/handshake.js";

/**
 * The groups of this process: who receives for each, and whom each may talk to. One transport serves all of them (T08).
 * A receiver that throws is logged here and stops nothing else.
 */
export class Groups {
  private readonly receivers = new Map<GroupId, TransportReceiver>();
  private readonly books = new Map<GroupId, ReadonlyMap<NodeId, PeerAddress>>();

  constructor(
    private readonly logger: Logger,
    private readonly counters: Counters,
  ) {}

  /** Registers a group's receiver. */
  attach(group: GroupId, receiver: TransportReceiver): void {
    this.receivers.set(group, receiver);
  }

  /** Forgets a group and its book. */
  detach(group: GroupId): void {
    this.receivers.delete(group);
    this.books.delete(group);
  }

  /** Replaces a group's book. */
  setBook(group: GroupId, peers: readonly PeerAddress[]): void {
    this.books.set(group, new Map(peers.map((peer) => [peer.id, peer])));
  }

  /** Everybody in any book, once each: of two addresses of one node the one written last counts. */
  peers(): ReadonlyMap<NodeId, PeerAddress> {
    const union = new Map<NodeId, PeerAddress>();
    for (const book of this.books.values()) for (const [id, peer] of book) union.set(id, peer);
    return union;
  }

  /** Whether the group may talk to that node. */
  knows(group: GroupId, id: NodeId): boolean {
    return this.books.get(group)?.has(id) ?? false;
  }

  /** M13: which incarnation each group means by that node. */
  meant(id: NodeId): readonly (readonly [GroupId, Incarnation])[] {
    const meant: (readonly [GroupId, Incarnation])[] = [];
    for (const [group, book] of this.books) {
      const peer = book.get(id);
      if (peer !== undefined) meant.push([group, peer.incarnation]);
    }
    return meant;
  }

  /** This process's incarnation of a group; empty if it has none. */
  incarnationOf(group: GroupId): Incarnation {
    return this.receivers.get(group)?.incarnation ?? "";
  }

  /** Hands a message to its group. */
  deliver(envelope: Envelope): void {
    const receiver = this.receivers.get(envelope.group);
    if (receiver === undefined) {
      this.counters.messagesWithoutGroup++;
      return;
    }
    this.counters.messagesReceived++;
    this.guarded(() => receiver.onMessage(envelope));
  }

  /** Tells the groups that know a peer, or only one of them, that it can be talked to. */
  announceUp(id: NodeId, startNumber: StartNumber, only?: GroupId): void {
    this.eachKnowing(id, only, (receiver) => receiver.onPeerUp(id, startNumber));
  }

  /** Tells them that it cannot. */
  announceDown(id: NodeId, reason: string): void {
    this.eachKnowing(id, undefined, (receiver) => receiver.onPeerDown(id, reason));
  }

  /** M13: the receiver that a hello names by its incarnation, if it names any. */
  named(hello: Hello): TransportReceiver | undefined {
    for (const [group, incarnation] of hello.meant) {
      const receiver = this.receivers.get(group);
      if (receiver !== undefined && receiver.incarnation === incarnation) return receiver;
    }
    return undefined;
  }

  /** Who takes the bytes of a snapshot, if the replica it is meant for is here. */
  snapshotReceiver({ group, toIncarnation }: SnapshotStreamHeader): TransportReceiver | undefined {
    const receiver = this.receivers.get(group);
    return receiver?.incarnation === toIncarnation ? receiver : undefined;
  }

  private eachKnowing(id: NodeId, only: GroupId | undefined, tell: (receiver: TransportReceiver) => void): void {
    for (const [group, receiver] of this.receivers)
      if ((only === undefined || only === group) && this.knows(group, id)) this.guarded(() => tell(receiver));
  }

  private guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.logger.error("a group's receiver threw; the transport goes on", { error: String(error) });
    }
  }
}
