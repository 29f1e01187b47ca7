import type { GroupId, Incarnation, NodeId, PeerAddress } from "@hexraft/core/ports";

/** Whom the groups of one process may talk to, and where (T04). */
export class AddressBooks {
  private readonly books = new Map<GroupId, ReadonlyMap<NodeId, PeerAddress>>();

  /** Replaces a group's book. */
  set(group: GroupId, peers: readonly PeerAddress[]): void {
    this.books.set(group, new Map(peers.map((peer) => [peer.id, peer])));
  }

  /** Where a node listens, if any group knows it. */
  addressOf(id: NodeId): string | undefined {
    for (const book of this.books.values()) {
      const entry = book.get(id);
      if (entry !== undefined) return entry.address;
    }
    return undefined;
  }

  /** M13: which incarnation a group means by that node. */
  meant(group: GroupId, id: NodeId): Incarnation | undefined {
    return this.books.get(group)?.get(id)?.incarnation;
  }

  /** Whether the group knows nobody yet, and so lets its whole cluster in. */
  isEmpty(group: GroupId): boolean {
    return (this.books.get(group)?.size ?? 0) === 0;
  }
}
