import type { Envelope } from "../model/message.js";
import type {
  ClusterId,
  DirectoryId,
  GroupId,
  Incarnation,
  NodeId,
  RecoveryNumber,
  ReplicaId,
  StartNumber,
} from "../model/node-id.js";
import { token } from "./token.js";

/**
 * Carries messages between nodes, for all groups of the process. Messages may be lost, doubled and reordered; while a
 * connection lasts they arrive in order (T10). Nothing that comes from the wire may throw into the node.
 * Proved by the Transport laws of `@hexraft/testing/conformance`.
 */
export interface Transport {
  /**
   * Listens, and begins to know peers.
   *
   * @throws RaftError `AddressInUse`, naming the address.
   */
  start(local: TransportIdentity): Promise<void>;
  /** Where it can be reached, once started; empty before. */
  readonly address: string;
  /** Registers the group's receiver; replaces one registered before. */
  attach(group: GroupId, receiver: TransportReceiver): void;
  /** The group's messages are dropped from now on. */
  detach(group: GroupId): void;
  /** T02: from now on this node belongs to that cluster; its handshakes say so. */
  claim(clusterId: ClusterId): void;
  /**
   * Who may be talked to, and where (T04). Replaces the group's earlier book; a peer in no book is disconnected. A group
   * whose book is still empty (a replica that knows no configuration yet) lets every peer of its cluster in, and answers
   * over the peer's own connection: a stranger votes too (E19), and must, or a cluster could not be founded.
   */
  setPeers(group: GroupId, peers: readonly PeerAddress[]): void;
  /**
   * Takes a message for delivery, without waiting; `false` if it was dropped because the peer is unknown or its queue is
   * full (T05). Frames of one turn leave together: the transport may hold them until `flush`.
   */
  send(envelope: Envelope): boolean;
  /** End of the node's turn: what was taken leaves now. */
  flush(): void;
  /** M13: asks whoever listens at `address` who it is; needs no membership. Rejects after `timeoutMs`. */
  identify(address: string, group: GroupId, timeoutMs: number): Promise<PeerIdentity>;
  /**
   * Sends the bytes of a snapshot beside the messages (T06), on its own connection. Resolves when the receiver took the
   * last byte; rejects if it broke, or when `signal` is aborted. Of what it took it may hold the last
   * {@link SENT_BYTES_HELD_MAX} when it asks for more; what stood before them is overwritten.
   */
  sendSnapshot(
    header: SnapshotStreamHeader,
    to: PeerAddress,
    bytes: AsyncIterable<Uint8Array>,
    signal: AbortSignalLike,
  ): Promise<void>;
  /** Closes every connection and the listener. Idempotent. */
  stop(): Promise<void>;
  /** Facts for an operator (O01): connections, queues, drops. */
  describe(): Readonly<Record<string, unknown>>;
}
/** DI token of the port. */
export const Transport = token<Transport>("Transport");

/** S04: of a snapshot's bytes a transport holds no more than the last so many of what it took: 2 MiB. */
export const SENT_BYTES_HELD_MAX = 2 * 1024 * 1024;

/** Who this process is, for handshakes (T02). */
export interface TransportIdentity {
  /** The node. */
  readonly nodeId: NodeId;
  /** Empty while it waits to be claimed. */
  readonly clusterId: ClusterId;
  /** Identity of the directory. */
  readonly directoryId: DirectoryId;
  /** Its run. */
  readonly startNumber: StartNumber;
  /** Largest frame, bytes: longer ones close the connection (T01). */
  readonly frameBytesMax: number;
}

/** Where a peer listens, and which incarnation of it is meant: a waiting replica is claimed by a handshake that names it (M13). */
export interface PeerAddress extends ReplicaId {
  /** `host:port`. */
  readonly address: string;
}

/** An answer to `identify`. */
export interface PeerIdentity {
  /** The node. */
  readonly nodeId: NodeId;
  /** Empty if it waits to be claimed. */
  readonly clusterId: ClusterId;
  /** Identity of the directory. */
  readonly directoryId: DirectoryId;
  /** Its run. */
  readonly startNumber: StartNumber;
  /** The incarnation of the group asked for; empty if it has no such group, or was removed from it. */
  readonly incarnation: Incarnation;
  /** M13: the recovery number that its log of that group is of, `null` if it has none yet; absent: it did not say (T09). */
  readonly recoveryNumber?: RecoveryNumber | null;
}

/** What the transport calls. The calls return at once, except where they promise. */
export interface TransportReceiver {
  /** This group's incarnation, for `identify` and handshakes. */
  readonly incarnation: Incarnation;
  /** M09: it was removed, and joins nothing under this incarnation any more: `identify` answers as if it were not here. Default false. */
  readonly wasRemoved?: boolean;
  /** M13: the recovery number that this replica's log is of, `null` if it has none yet; for `identify`. Default: not said. */
  readonly recoveryNumber?: RecoveryNumber | null;
  /** A well-formed message for this group came; its blocks' headers are checked, their checksums are not. */
  onMessage(envelope: Envelope): void;
  /** Messages can be exchanged with the peer from now on; a higher start number means that it was restarted. */
  onPeerUp(id: NodeId, startNumber: StartNumber): void;
  /** The connection ended; messages under way may be lost. */
  onPeerDown(id: NodeId, reason: string): void;
  /** M13: a handshake of a cluster named this waiting replica's incarnation. Resolves when that is durable; only then is it answered. */
  onClaim(clusterId: ClusterId): Promise<void>;
  /** The bytes of a snapshot come in; resolves when all were taken, rejects to cut the stream. */
  onSnapshot(header: SnapshotStreamHeader, bytes: AsyncIterable<Uint8Array>): Promise<void>;
}

/** Names one snapshot stream; everything with a term was said by messages before (S04). */
export interface SnapshotStreamHeader {
  /** The group. */
  readonly group: GroupId;
  /** Who sends it. */
  readonly from: NodeId;
  /** The sender's incarnation. */
  readonly fromIncarnation: Incarnation;
  /** The peer's incarnation, as its configuration names it. */
  readonly toIncarnation: Incarnation;
  /** The transfer that InstallSnapshot named. */
  readonly transfer: number;
  /** Where the bytes begin. */
  readonly offset: number;
}

/** The part of the web's AbortSignal that the core uses: pass an `AbortSignal`. */
export interface AbortSignalLike {
  /** Whether it was aborted. */
  readonly aborted: boolean;
  /** Calls `listener` when it is aborted. */
  addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
  /** Does not call it any more. */
  removeEventListener(type: "abort", listener: () => void): void;
}
