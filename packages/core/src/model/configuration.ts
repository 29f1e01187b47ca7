import type { LogId } from "./log-id.js";
import type { Incarnation, NodeId, ReplicaId } from "./node-id.js";

/** A member as every configuration that contains it names it (M13). */
export interface Member extends ReplicaId {
  /** Where its transport listens, e.g. `127.0.0.1:7001`: 1–255 printable ASCII characters. */
  readonly address: string;
  /** E20 election priority, 0 … 255; 0 campaigns only as a last resort. Default 1. */
  readonly priority: number;
}

/**
 * Who votes and who only listens (§6). In the joint phase `votersOld` is not empty and both majorities count (M02).
 * Plain data: the arithmetic is in `protocol/quorum`, the transitions in a MembershipPolicy.
 */
export interface Configuration {
  /** Everybody named below, each id once; at most {@link MEMBERS_MAX}. */
  readonly members: readonly Member[];
  /** The voters, in the joint phase those of C-new. Never empty. */
  readonly voters: readonly NodeId[];
  /** The voters of C-old while the configuration is joint, else empty. */
  readonly votersOld: readonly NodeId[];
  /** Receive the log and never count. */
  readonly learners: readonly NodeId[];
  /** Voters of C-old that become learners when the joint phase ends, else empty. */
  readonly learnersNext: readonly NodeId[];
  /** Voters that keep only the log's metadata (M12); a subset of the voters. */
  readonly witnesses: readonly NodeId[];
}

/** A configuration and the entry that brought it (index 0: none has come yet). */
export interface ConfigurationEntry {
  /** Where it stands in the log. */
  readonly id: LogId;
  /** What it says. */
  readonly configuration: Configuration;
}

/** Most members that a configuration may name. */
export const MEMBERS_MAX = 255;

/** The configuration of a node that knows none: nobody votes, so nobody can be elected. */
export const NO_CONFIGURATION: Configuration = {
  members: [],
  voters: [],
  votersOld: [],
  learners: [],
  learnersNext: [],
  witnesses: [],
};

/** Whether both majorities count (M02). */
export const isJoint = (configuration: Configuration): boolean => configuration.votersOld.length > 0;

/** Whether the node votes and counts under this configuration, in either half. */
export function isVoter(configuration: Configuration, id: NodeId): boolean {
  return configuration.voters.includes(id) || configuration.votersOld.includes(id);
}

/** The member with this id, if there is one. */
export function memberOf(configuration: Configuration, id: NodeId): Member | undefined {
  return configuration.members.find((member) => member.id === id);
}

/** Whether exactly this incarnation of the node is a voter. */
export function isVotingReplica(configuration: Configuration, replica: ReplicaId): boolean {
  return isVoter(configuration, replica.id) && memberOf(configuration, replica.id)?.incarnation === replica.incarnation;
}

/** A configuration of voters alone, in the order given. */
export function votersOnly(
  voters: readonly (Omit<Member, "priority"> & { readonly priority?: number })[],
): Configuration {
  return {
    ...NO_CONFIGURATION,
    members: voters.map(({ id, incarnation, address, priority }) => ({
      id,
      incarnation,
      address,
      priority: priority ?? 1,
    })),
    voters: voters.map((voter) => voter.id),
  };
}

/**
 * Why this is not a configuration, or `undefined` if it is one (M08).
 *
 * @returns a sentence that names the rule that is broken.
 */
export function configurationFault(configuration: Configuration): string | undefined {
  const { members, voters, votersOld, learners, learnersNext, witnesses } = configuration;
  if (members.length > MEMBERS_MAX) return `has ${members.length} members; at most ${MEMBERS_MAX} are allowed`;
  if (voters.length === 0) return "has no voter; at least one is needed";
  const known = new Map<NodeId, Incarnation>();
  for (const member of members) {
    if (known.has(member.id)) return `names ${member.id} twice`;
    known.set(member.id, member.incarnation);
  }
  const unknown = [...voters, ...votersOld, ...learners, ...learnersNext, ...witnesses].find((id) => !known.has(id));
  if (unknown !== undefined) return `refers to ${unknown}, which is not among its members`;
  const doubled = [voters, votersOld, learners, learnersNext, witnesses].find(
    (ids) => new Set(ids).size !== ids.length,
  );
  if (doubled !== undefined) return `lists a node twice in [${doubled.join(", ")}]`;
  const both = learners.find((id) => voters.includes(id) || votersOld.includes(id));
  if (both !== undefined) return `has ${both} both as voter and as learner`;
  if (learnersNext.some((id) => !votersOld.includes(id) || voters.includes(id)))
    return "demotes a node that is not a leaving voter";
  if (witnesses.some((id) => !isVoter(configuration, id))) return "has a witness that is not a voter";
  const used = new Set([...voters, ...votersOld, ...learners]);
  const idle = members.find((member) => !used.has(member.id));
  return idle === undefined ? undefined : `names ${idle.id} as a member with no part in it`;
}
