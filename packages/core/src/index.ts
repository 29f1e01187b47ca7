/**
 * hexraft: compose a replicated service from adapters.
 *
 * @module core
 */
export type { BackupAbout } from "./components/backup-layout.js";
export { createNode } from "./composition/create-node.js";
export {
  createNodeManager,
  type GroupOptions,
  type ManagerOptions,
  type NodeManager,
} from "./composition/create-node-manager.js";
export {
  type Configuration,
  type ConfigurationEntry,
  MEMBERS_MAX,
  type Member,
  NO_CONFIGURATION,
  votersOnly,
} from "./model/configuration.js";
export { type ErrorCode, NotLeader, type Outcome, RaftError } from "./model/errors.js";
export type { LogId, LogIndex, Millis, Term } from "./model/log-id.js";
export type {
  ClusterId,
  DirectoryId,
  GroupId,
  Incarnation,
  LocalIdentity,
  NodeId,
  RecoveryNumber,
  ReplicaId,
  StartNumber,
} from "./model/node-id.js";
export { DEFAULT_OPTIONS, type NodeOptions, type ProtocolOptions } from "./model/options.js";
export type { Backup, BackupOptions } from "./node/backup.js";
export type { CallOptions } from "./node/call-options.js";
export type { Consistency, ReadToken } from "./node/consistency.js";
export type { Founder, MembersWanted } from "./node/founder.js";
export type { GroupSummary, ManagerDescription } from "./node/manager-description.js";
export type { ChangeOfIds, ChangeOfNodes, MemberChange } from "./node/member-change.js";
export type { ApplyOptions, ChangeOptions, Node, ReadOptions, StateHash } from "./node/node.js";
export type { Explanation, HistoryEntry, NodeDescription } from "./node/node-description.js";
export type { NodeEvent, NodeHalted, NodeStarted, NodeStopped } from "./node/node-events.js";
export type { Restored } from "./node/restoring.js";
export type { ResetPlan, Survivor } from "./node/unsafe-recovery.js";
export { Rejected } from "./ports/state-machine.js";
export type { AbortSignalLike } from "./ports/transport.js";
export type { ChangePlan, PlanNewcomer, PlanStage } from "./protocol/change-plan.js";
export type {
  ChangeDescription,
  NewcomerDescription,
  PeerDescription,
  RaftDescription,
} from "./protocol/description.js";
export type { Finding } from "./protocol/explain/finding.js";
export { type LedGroup, leadershipsToHandOver, type Move } from "./protocol/leader-balance.js";
export type {
  ConfigurationNotice,
  ErrorNotice,
  LeaderNotice,
  Notice,
  PeerNotice,
  Role,
  RoleNotice,
  SnapshotNotice,
} from "./protocol/notice.js";
