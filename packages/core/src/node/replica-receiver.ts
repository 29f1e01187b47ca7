import type { Postman } from "../components/postman.js";
import type { SnapshotExecutor } from "../components/snapshot-executor.js";
import type { Envelope } from "../model/message.js";
import type { ClusterId, Incarnation, LocalIdentity, NodeId, RecoveryNumber, StartNumber } from "../model/node-id.js";
import type { SnapshotStreamHeader, TransportReceiver } from "../ports/transport.js";
import type { Raft } from "../protocol/raft.js";

/** The replica, as far as what comes in concerns it. */
interface ReceivingReplica {
  readonly identity: Pick<LocalIdentity, "incarnation">;
  readonly raft: Raft;
  readonly postman: Postman;
  readonly spare: { readonly snapshots: SnapshotExecutor };
}

/** What the transport calls of one replica: what comes in goes to whom it concerns. */
export class ReplicaReceiver implements TransportReceiver {
  constructor(
    private readonly replica: ReceivingReplica,
    private readonly node: Pick<TransportReceiver, "onClaim">,
  ) {}

  get incarnation(): Incarnation {
    return this.replica.identity.incarnation;
  }

  get wasRemoved(): boolean {
    return this.replica.raft.wasRemoved;
  }

  get recoveryNumber(): RecoveryNumber | null {
    const { raft } = this.replica;
    return raft.lastIndex > 0 ? raft.recoveryNumber : null;
  }

  onMessage(envelope: Envelope): void {
    this.replica.postman.received(envelope);
  }

  onPeerUp(id: NodeId, startNumber: StartNumber): void {
    this.replica.postman.peerUp(id, startNumber);
  }

  onPeerDown(id: NodeId): void {
    this.replica.postman.peerDown(id);
  }

  onClaim(clusterId: ClusterId): Promise<void> {
    return this.node.onClaim(clusterId);
  }

  onSnapshot(header: SnapshotStreamHeader, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    return this.replica.spare.snapshots.received(header, bytes);
  }
}
