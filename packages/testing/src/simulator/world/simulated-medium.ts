import type { Envelope, NodeId } from "@hexraft/core/ports";
import type { SnapshotPipe } from "../../network/snapshot-pipe.js";

/** What one life's place in a simulated network needs of that network. */
export interface SimulatedMedium<Place> {
  /** Started places. */
  readonly nodes: Map<NodeId, Place>;
  /** Snapshot streams under way. */
  readonly pipes: Set<SnapshotPipe>;
  /** Connections may have come or gone. */
  review(): void;
  /** Whether this direction carries anything. */
  isOpen(from: NodeId, to: NodeId): boolean;
  /** Something happens after a message's time. */
  soon(act: () => void): void;
  /** Carries what a turn said to one peer. */
  carry(from: Place, to: NodeId, said: readonly Envelope[]): void;
}
