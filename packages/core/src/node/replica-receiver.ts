import type { Postman } from "../components/postman.js";
import type { SnapshotExecutor } from "../components/snapshot-executor.js";
import type { Envelope } from "../model/message.js";
import type { ClusterId, Incarnation, NodeId, RecoveryNumber, StartNumber } from "../model/node-id.js";
import type { SnapshotStreamHeader, TransportReceiver } from "../ports/transport.js";
import type { Raft } from "../protocol/raft.js";

/** What the transport calls of one replica: what comes in goes to whom it concerns. */
export class ReplicaReceiver implements TransportReceiver {
  constructor(
    readonly incarnation: Incarnation,
    private readonly raft: Raft,
    private readonly postman: Postman,
    private readonly spare: { readonly snapshots: SnapshotExecutor },
    private readonly node: Pick<TransportReceiver, "onClaim">,
  ) {}

  get wasRemoved(): boolean {
    return this.raft.wasRemoved;
  }

  get recoveryNumber(): RecoveryNumber | null {
    return this.raft.lastIndex > 0 ? this.raft.recoveryNumber : null;
  }

  onMessage(envelope: Envelope): void {
    this.postman.received(envelope);
  }

  onPeerUp(id: NodeId, startNumber: StartNumber): void {
    this.postman.peerUp(id, startNumber);
  }

  onPeerDown(id: NodeId): void {
    this.postman.peerDown(id);
  }

  onClaim(clusterId: ClusterId): Promise<void> {
    return this.node.onClaim(clusterId);
  }

  onSnapshot(header: SnapshotStreamHeader, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    return this.spare.snapshots.received(header, bytes);
  }
}
