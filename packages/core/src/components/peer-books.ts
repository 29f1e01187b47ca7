import type { GroupId, NodeId } from "../model/node-id.js";
import type { PeerAddress } from "../ports/transport.js";

/**
 * T04, T08: whom each of many groups may talk to, and all of them together. A change costs what the book of that group holds,
 * however many groups there are: a thousand are founded in a thousand steps.
 */
export class PeerBooks {
  private readonly books = new Map<GroupId, readonly PeerAddress[]>();
  private readonly everybody = new Map<NodeId, PeerAddress>();
  /** Books that name a node. */
  private readonly mentions = new Map<NodeId, number>();

  /** Everybody in any book, once each: of two addresses of one node the one written last counts. */
  get all(): ReadonlyMap<NodeId, PeerAddress> {
    return this.everybody;
  }

  /** The book of a group, if it was ever given one. */
  of(group: GroupId): readonly PeerAddress[] | undefined {
    return this.books.get(group);
  }

  /** The books, group by group. */
  entries(): Iterable<readonly [GroupId, readonly PeerAddress[]]> {
    return this.books;
  }

  /** Replaces the book of a group. @returns whether {@link PeerBooks.all} names others than before, or other addresses. */
  set(group: GroupId, book: readonly PeerAddress[]): boolean {
    let isNews = false;
    for (const peer of book) {
      isNews = this.everybody.get(peer.id)?.address !== peer.address || isNews;
      this.everybody.set(peer.id, peer);
      this.mentions.set(peer.id, (this.mentions.get(peer.id) ?? 0) + 1);
    }
    const before = this.books.get(group) ?? [];
    this.books.set(group, book);
    return this.strike(before) || isNews;
  }

  /** Forgets the book of a group. @returns whether {@link PeerBooks.all} names fewer than before. */
  delete(group: GroupId): boolean {
    const before = this.books.get(group) ?? [];
    this.books.delete(group);
    return this.strike(before);
  }

  private strike(book: readonly PeerAddress[]): boolean {
    let isNews = false;
    for (const { id } of book) {
      const left = (this.mentions.get(id) ?? 0) - 1;
      if (left > 0) this.mentions.set(id, left);
      else {
        this.mentions.delete(id);
        this.everybody.delete(id);
        isNews = true;
      }
    }
    return isNews;
  }
}
