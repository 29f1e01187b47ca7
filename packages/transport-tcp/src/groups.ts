import {
  type Envelope,
  type GroupId,
  type Incarnation,
  type Logger,
  type NodeId,
  type PeerAddress,
  PeerBooks,
  type RecoveryNumber,
  type SnapshotStreamHeader,
  type StartNumber,
  type TransportReceiver,
} from "@hexraft/core/ports";
import type { Counters } from "./host.js";
import type { Hello } from "./wire/handshake.js";

const NOBODY: ReadonlyMap<NodeId, StartNumber> = new Map();

/** A peer that a group knows it can talk to. */
interface Told {
  readonly id: NodeId;
  readonly startNumber: StartNumber;
}

const NONE_TOLD: readonly Told[] = [];

const isEqual = (a: Told, b: Told): boolean => a.id === b.id && a.startNumber === b.startNumber;

/**
 * The groups of this process: who receives for each, and whom each may talk to. One transport serves all of them (T08).
 * A receiver that throws is logged here and stops nothing else.
 */
export class Groups {
  private readonly receivers = new Map<GroupId, TransportReceiver>();
  private readonly books = new PeerBooks();
  private readonly told = new Map<GroupId, readonly Told[]>();
  /** What a group was told last: of thousands most are told the same, and keep the same list. */
  private latest = NONE_TOLD;

  constructor(
    private readonly logger: Logger,
    private readonly counters: Counters,
  ) {}

  /** Registers a group's receiver. */
  attach(group: GroupId, receiver: TransportReceiver): void {
    this.receivers.set(group, receiver);
    // Not deleted: a table in which as much is deleted as written is twice as large (G02).
    this.told.set(group, NONE_TOLD);
  }

  /** Forgets a group and its book. */
  detach(group: GroupId): void {
    this.receivers.delete(group);
    this.books.delete(group);
    this.told.delete(group);
  }

  /** Replaces a group's book. */
  setBook(group: GroupId, peers: readonly PeerAddress[]): void {
    this.books.set(group, peers);
  }

  /** Everybody in any book, once each: of two addresses of one node the one written last counts. */
  peers(): ReadonlyMap<NodeId, PeerAddress> {
    return this.books.all;
  }

  /** Whether some group knows no members yet, or there is none: then nobody can be told from a stranger (E19). */
  get isOpen(): boolean {
    for (const group of this.receivers.keys()) if ((this.books.of(group)?.length ?? 0) === 0) return true;
    return this.receivers.size === 0;
  }

  /** M13: which incarnation each group means by that node. */
  meant(id: NodeId): readonly (readonly [GroupId, Incarnation])[] {
    const meant: (readonly [GroupId, Incarnation])[] = [];
    for (const [group, book] of this.books.entries()) {
      const peer = book.find((known) => known.id === id);
      if (peer !== undefined) meant.push([group, peer.incarnation]);
    }
    return meant;
  }

  /** What this process's replica of a group joins as; empty if it has none, or one that was removed (M09). */
  incarnationOf(group: GroupId): Incarnation {
    const receiver = this.receivers.get(group);
    return receiver === undefined || receiver.wasRemoved === true ? "" : receiver.incarnation;
  }

  /** M13: what its log is of; `null`: it has none yet, `undefined`: nobody can tell. */
  recoveryOf(group: GroupId): RecoveryNumber | null | undefined {
    return this.receivers.get(group)?.recoveryNumber;
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

  /**
   * Tells each group what changed for it: peers that it can talk to from now on, and peers that it no longer can. A group
   * talks to the nodes of its book; one that knows no configuration yet, so that its book is empty, to whoever of its
   * cluster comes in (E19), or a new node could never be told its first entry.
   *
   * @param whoIsIn - everybody that came in; asked only if some group wants to know, as there may be thousands.
   * @param only - the group alone that something changed for, if it is known.
   */
  tell(
    linked: ReadonlyMap<NodeId, StartNumber>,
    whoIsIn: () => ReadonlyMap<NodeId, StartNumber>,
    reason: string,
    only?: GroupId,
  ): void {
    let known: ReadonlyMap<NodeId, StartNumber> | undefined;
    for (const group of only === undefined ? this.receivers.keys() : [only]) {
      const receiver = this.receivers.get(group);
      if (receiver === undefined) continue;
      const book = this.books.of(group);
      const hasBook = book !== undefined && book.length > 0;
      const guests = hasBook ? NOBODY : (known ??= whoIsIn());
      const told = this.told.get(group) ?? NONE_TOLD;
      const isThere = (id: NodeId) =>
        hasBook ? (book.some((peer) => peer.id === id) ? linked.get(id) : undefined) : guests.get(id);
      const stay = told.filter(({ id, startNumber }) => isThere(id) === startNumber);
      const come = (hasBook ? book.map((peer) => peer.id) : [...guests.keys()]).flatMap((id) => {
        const startNumber = isThere(id);
        return startNumber === undefined || stay.some((peer) => peer.id === id) ? [] : [{ id, startNumber }];
      });
      if (stay.length === told.length && come.length === 0) continue;
      this.told.set(group, this.shared(stay.concat(come)));
      for (const peer of told) if (!stay.includes(peer)) this.guarded(() => receiver.onPeerDown(peer.id, reason));
      for (const { id, startNumber } of come) this.guarded(() => receiver.onPeerUp(id, startNumber));
    }
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

  private shared(told: readonly Told[]): readonly Told[] {
    const { latest } = this;
    const isSame = told.length === latest.length && told.every((peer, at) => isEqual(peer, latest[at] as Told));
    if (!isSame) this.latest = told;
    return this.latest;
  }

  private guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.logger.error("a group's receiver threw; the transport goes on", { error: String(error) });
    }
  }
}
