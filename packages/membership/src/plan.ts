import type { Configuration, ConfigurationEntry } from "@hexraft/core/ports";
import { type ChangePlan, jointMajority, type PlanFacts, planChange, type QuorumPolicy } from "@hexraft/core/protocol";
import { jointPolicy } from "./joint-policy.js";

/**
 * M14: a dry run of a change: its stages, whose quorum decides at each, who must catch up first, and how many failures
 * the group survives on the way. Pure: it asks nobody and promises nothing. `node.plan(target)` is the same for a running
 * node, which knows how far the others are.
 *
 * @param current - the configuration in force, as `describe().configuration` says it.
 * @param facts - how far others hold the log, if that is known.
 * @param quorum - the group's quorum policy. Default: majorities.
 * @returns the plan; with `refused` set, the reason why there is no way.
 *
 * @example
 * ```ts
 * const { text, stages, configurationIndex } = plan(node.describe().configuration, target);
 * await node.changeConfiguration(target, { expectedIndex: configurationIndex });
 * ```
 */
export function plan(
  current: ConfigurationEntry,
  target: Configuration,
  facts?: PlanFacts,
  quorum: QuorumPolicy = jointMajority,
): ChangePlan {
  return planChange({ membership: jointPolicy, quorum }, current, target, facts);
}
