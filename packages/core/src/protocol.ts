/**
 * The pure protocol, for simulators and own runtimes: events in, effects out.
 *
 * @module protocol
 */
export type { Formats } from "./model/formats.js";
export type { LogHole } from "./model/log-hole.js";
export type * from "./model/message.js";
export {
  DEFAULT_OPTIONS,
  type NodeOptions,
  type ProtocolOptions,
  type ResolvedOptions,
  resolveOptions,
} from "./model/options.js";
export {
  type ChangePlan,
  type PlanFacts,
  type PlanNewcomer,
  type PlanStage,
  planChange,
  TRIALS_MAX,
} from "./protocol/change-plan.js";
export type {
  ChangeDescription,
  NewcomerDescription,
  PeerDescription,
  RaftDescription,
} from "./protocol/description.js";
export type * from "./protocol/effect.js";
export type * from "./protocol/event.js";
export type * from "./protocol/notice.js";
export type {
  AppendTransition,
  MembershipPolicy,
  QuorumPolicy,
  RefusedTransition,
  Transition,
} from "./protocol/policies.js";
export { jointMajority } from "./protocol/quorum/joint.js";
export type { VoteResult } from "./protocol/quorum/vote-result.js";
export { Raft } from "./protocol/raft.js";
export type { RaftStart } from "./protocol/state/raft-start.js";
export { staticMembership } from "./protocol/static-membership.js";
