import type { LogBlock } from "./log-block.js";
import type { PreVoteRequest, PreVoteResponse, TimeoutNow, VoteRequest, VoteResponse } from "./messages/election.js";
import type { Propose, ProposeResponse, ReadIndex, ReadIndexResponse } from "./messages/forwarding.js";
import type { Removed } from "./messages/removal.js";
import type { RepairRequest, RepairResponse } from "./messages/repair.js";
import type { AppendEntries, AppendEntriesResponse, Heartbeat, HeartbeatResponse } from "./messages/replication.js";
import type { JoinedHeartbeats, ProcessBeat, RestAnswer, RestOffer } from "./messages/rest.js";
import type { InstallSnapshot, InstallSnapshotResponse } from "./messages/snapshot.js";
import type { GroupId, Incarnation, NodeId, RecoveryNumber, StartNumber } from "./node-id.js";

export type * from "./messages/election.js";
export type * from "./messages/forwarding.js";
export type * from "./messages/removal.js";
export type * from "./messages/repair.js";
export type * from "./messages/replication.js";
export type * from "./messages/rest.js";
export type * from "./messages/snapshot.js";

/** Everything that one replica says to another. */
export type Message =
  | PreVoteRequest
  | PreVoteResponse
  | VoteRequest
  | VoteResponse
  | AppendEntries
  | AppendEntriesResponse
  | Heartbeat
  | HeartbeatResponse
  | InstallSnapshot
  | InstallSnapshotResponse
  | TimeoutNow
  | Propose
  | ProposeResponse
  | ReadIndex
  | ReadIndexResponse
  | Removed
  | RepairRequest
  | RepairResponse
  | RestOffer
  | RestAnswer
  | ProcessBeat
  | JoinedHeartbeats;

/** The name of a message. */
export type MessageType = Message["type"];

/** The blocks that travel with a message. */
export const blocksOf = (message: Message): readonly LogBlock[] =>
  message.type === "AppendEntries" || message.type === "RepairResponse" ? message.blocks : [];

/** A message with who says it to whom (M13, T02). What is meant for another replica is dropped (E26). */
export interface Envelope {
  /** The group it belongs to. */
  readonly group: GroupId;
  /** Sender. */
  readonly from: NodeId;
  /** The sender's incarnation. */
  readonly fromIncarnation: Incarnation;
  /** The sender's run. */
  readonly startNumber: StartNumber;
  /** The sender's recovery number (M11). */
  readonly recoveryNumber: RecoveryNumber;
  /** Receiver. */
  readonly to: NodeId;
  /** The receiver's incarnation, as the sender knows it. */
  readonly toIncarnation: Incarnation;
  /** What is said. */
  readonly message: Message;
}
