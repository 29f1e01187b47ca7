import type { Configuration, Member } from "../model/configuration.js";
import { RaftError } from "../model/errors.js";
import { blocksOf, type Envelope } from "../model/message.js";
import type { LocalIdentity, NodeId, RecoveryNumber, StartNumber } from "../model/node-id.js";
import { sharedNames } from "../model/shared-names.js";
import type { Checksum } from "../ports/checksum.js";
import type { PeerAddress, Transport } from "../ports/transport.js";
import type { Send } from "../protocol/effect.js";
import { NOTHING } from "../protocol/short-list.js";
import { verifyBlock } from "./block-codec.js";
import type { EventSink } from "./event-sink.js";

/**
 * The group's mail: stamps every message with who says it to whom (M13, T02), keeps the book of peers (T04), counts what
 * the transport dropped (T05), and hands on what comes in. Losing a message is never an error: Raft recovers (R19).
 */
export class Postman {
  private book: readonly PeerAddress[] = NOTHING;
  private up: readonly NodeId[] = NOTHING;
  private unflushed = false;
  private closed = false;
  private sent = 0;
  private dropped = 0;
  private damaged = 0;

  constructor(
    private readonly transport: Transport,
    private readonly checksum: Checksum,
    private readonly identity: LocalIdentity,
    private readonly events: EventSink,
    /** M11: a newcomer learns the group's recovery number from the first message that it gets. */
    private readonly group: { readonly recoveryNumber: RecoveryNumber } = identity,
  ) {}

  /** Says a message; it leaves with {@link flush}. */
  send({ to, toIncarnation, message }: Send): void {
    if (this.closed) return;
    const { groupId, id, incarnation, startNumber } = this.identity;
    const taken = this.transport.send({
      group: groupId,
      from: id,
      fromIncarnation: incarnation,
      startNumber,
      recoveryNumber: this.group.recoveryNumber,
      to,
      toIncarnation,
      message,
    });
    if (taken) this.sent++;
    else this.dropped++;
    this.unflushed = true;
  }

  /** End of the turn: what was said leaves. */
  flush(): void {
    if (!this.unflushed) return;
    this.unflushed = false;
    this.transport.flush();
  }

  /** The members changed, or who else may be talked to: the transport's peers follow (T04). */
  updatePeers(configuration: Configuration, others: readonly Member[] = []): void {
    const book = new Map<NodeId, PeerAddress>();
    for (const member of [...configuration.members, ...others])
      if (member.id !== this.identity.id) book.set(member.id, member);
    // No longer than it needs to be: a process may hold thousands (G02).
    this.book = [...book.values()].slice();
    this.transport.setPeers(this.identity.groupId, this.book);
  }

  /** Where a member is, if it is one. */
  addressOf(id: NodeId): PeerAddress | undefined {
    return this.book.find((peer) => peer.id === id);
  }

  /**
   * A message came. Bytes that were damaged on the way are dropped here, once, before any of them is believed; the body's
   * checksum that was made by the leader is what the disk will hold, so that it is checked end to end.
   */
  received(envelope: Envelope): void {
    if (this.closed) return;
    if (!this.intact(blocksOf(envelope.message))) {
      this.damaged++;
      return;
    }
    this.events.post({ type: "MessageReceived", envelope });
  }

  /** Messages can be exchanged with a peer. */
  peerUp(id: NodeId, startNumber: StartNumber): void {
    if (this.closed) return;
    this.up = sharedNames(this.up.filter((known) => known !== id).concat(id));
    this.events.post({ type: "PeerUp", id, startNumber });
  }

  /** They no longer can. */
  peerDown(id: NodeId): void {
    if (this.closed) return;
    this.up = sharedNames(this.up.filter((known) => known !== id));
    this.events.post({ type: "PeerDown", id });
  }

  /** Nothing is said or heard any more. */
  close(): void {
    this.closed = true;
  }

  /** O01. */
  describe(): Readonly<Record<string, unknown>> {
    const { sent, dropped, damaged } = this;
    return { sent, dropped, damaged, peersUp: this.up };
  }

  private intact(blocks: readonly Parameters<typeof verifyBlock>[0][]): boolean {
    try {
      for (const block of blocks) verifyBlock(block, this.checksum);
      return true;
    } catch (error) {
      if (error instanceof RaftError) return false;
      throw error;
    }
  }
}
