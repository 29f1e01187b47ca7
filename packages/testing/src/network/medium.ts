import type { Envelope, NodeId } from "@hexraft/core/ports";
import type { SnapshotPipe } from "./snapshot-pipe.js";
import type { Wire } from "./wire.js";

/** What became of a message. */
export type MessageStage = "sent" | "delivered" | "lost";

/** What a node's place in a network in memory needs of that network. */
export interface Medium<Place> {
  /** Started places by address. */
  readonly listening: ReadonlyMap<string, Place>;
  /** Snapshot streams under way. */
  readonly pipes: Set<SnapshotPipe>;
  /** Whether anybody wants to be told of messages. */
  readonly isWatched: boolean;
  /** Takes a place in; its address must be free. */
  listen(place: Place): void;
  /** It is gone. */
  silence(place: Place): void;
  /** Connections may have come or gone. */
  changed(): void;
  /** Whether this direction carries anything. */
  isOpen(from: NodeId, to: NodeId): boolean;
  /** One direction. */
  wire(from: NodeId, to: NodeId): Wire;
  /** The place of a node, if it listens. */
  transportOf(id: NodeId): Place | undefined;
  /** What became of a message. */
  tell(envelope: Envelope, stage: MessageStage): void;
  /** What travels for that batch. */
  packed(batch: readonly Envelope[]): readonly Envelope[];
  /** How long the next batch is under way, ms. */
  latency(): number;
}
