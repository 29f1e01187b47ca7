import type { Configuration, ConfigurationEntry } from "../model/configuration.js";
import { isVoter } from "../model/configuration.js";
import type { LogIndex } from "../model/log-id.js";
import type { NodeId } from "../model/node-id.js";
import type { MembershipPolicy, QuorumPolicy } from "./policies.js";
import { soundTransition } from "./quorum/meeting.js";

/*
 * What a change of members would do, asked before it is made. Rule M14. A pure walk along the policy's way: nothing is
 * sent, written or promised; by the time it is carried out somebody may have been faster, so the plan carries the index
 * of the configuration that it is for.
 */

/** One stretch of the way. */
export interface PlanStage {
  /** `catching-up`: nothing is appended yet; `joint`: both halves must agree (M02); `final`: the target is in force. */
  readonly kind: "catching-up" | "joint" | "final";
  /** What is in force meanwhile. */
  readonly configuration: Configuration;
  /** The sets of voters that decide, each by its own quorum: one, or in the joint phase two. */
  readonly halves: readonly (readonly NodeId[])[];
  /** So many voters may fail, whichever they are, and the group goes on. Searched up to {@link TRIALS_MAX} sets, so it may be more. */
  readonly survives: number;
  /** Voters of whom each one's failure alone stops the group. */
  readonly critical: readonly NodeId[];
}

/** A voter that the target adds. */
export interface PlanNewcomer {
  /** Who. */
  readonly id: NodeId;
  /** Entries that it lacks now; `null` where the node asked does not know. */
  readonly missing: number | null;
}

/** M14: the way to a target, as {@link planChange} found it. */
export interface ChangePlan {
  /** The configuration that it begins from: pass it on, and the change is refused if another came in between. */
  readonly configurationIndex: LogIndex;
  /** The members wanted. */
  readonly target: Configuration;
  /** Why it cannot be done (M08, M12), or empty; then there are no stages. */
  readonly refused: string;
  /** In their order. */
  readonly stages: readonly PlanStage[];
  /** Who must catch up before anything is appended (M04). */
  readonly newcomers: readonly PlanNewcomer[];
  /** The same, with what availability costs, for reading. */
  readonly text: string;
}

/** What the node asked knows of the others. */
export interface PlanFacts {
  /** End of its log. */
  readonly lastIndex: LogIndex;
  /** How far it knows each peer to be; only a leader knows. */
  readonly matchOf: (id: NodeId) => LogIndex | undefined;
}

/** Most sets of failing voters that are tried for {@link PlanStage.survives}. */
export const TRIALS_MAX = 20_000;

/** Nothing is known of anybody: a plan made away from the cluster. */
const NO_FACTS: PlanFacts = { lastIndex: 0, matchOf: () => undefined };

/** M14: the stages of the way from `current` to `target` under these policies. Nothing is changed by asking. */
export function planChange(
  policies: { readonly membership: MembershipPolicy; readonly quorum: QuorumPolicy },
  current: ConfigurationEntry,
  target: Configuration,
  facts: PlanFacts = NO_FACTS,
): ChangePlan {
  const { membership, quorum } = policies;
  const begun = { configurationIndex: current.id.index, target };
  const transition = soundTransition(policies, current.configuration, target);
  if (transition.kind === "refused") {
    const text = `refused: ${transition.reason}`;
    return { ...begun, refused: transition.reason, stages: [], newcomers: [], text };
  }
  const first = transition.configuration;
  const newcomers = first.voters
    .filter((id) => !isVoter(current.configuration, id))
    .map((id): PlanNewcomer => {
      const match = facts.matchOf(id);
      return { id, missing: match === undefined ? null : Math.max(0, facts.lastIndex - match) };
    });
  const stages: PlanStage[] = newcomers.length > 0 ? [stageOf("catching-up", current.configuration, quorum)] : [];
  for (let next: Configuration | undefined = first; next !== undefined; next = membership.leave(next))
    stages.push(stageOf(membership.leave(next) === undefined ? "final" : "joint", next, quorum));
  return { ...begun, refused: "", stages, newcomers, text: inWords(current, stages, newcomers) };
}

function stageOf(kind: PlanStage["kind"], configuration: Configuration, quorum: QuorumPolicy): PlanStage {
  const halves = [configuration.votersOld, configuration.voters].filter((half) => half.length > 0);
  const all = [...new Set(halves.flat())];
  const stops = (failed: ReadonlySet<NodeId>) => quorum.voteResult(configuration, (id) => !failed.has(id)) !== "won";
  const critical = all.filter((id) => stops(new Set([id])));
  return { kind, configuration, halves, survives: survivable(all, stops), critical };
}

/** The largest number of failures that stops nothing, whichever voters they hit. */
function survivable(all: readonly NodeId[], stops: (failed: ReadonlySet<NodeId>) => boolean): number {
  let trials = 0;
  for (let count = 1; count <= all.length; count++) {
    for (const failed of setsOf(all, count)) {
      if (++trials > TRIALS_MAX || stops(new Set(failed))) return count - 1;
    }
  }
  return all.length;
}

function* setsOf(all: readonly NodeId[], count: number, from = 0): Generator<NodeId[]> {
  if (count === 0) yield [];
  else
    for (let at = from; at <= all.length - count; at++)
      for (const rest of setsOf(all, count - 1, at + 1)) yield [all[at] as NodeId, ...rest];
}

function inWords(
  current: ConfigurationEntry,
  stages: readonly PlanStage[],
  newcomers: readonly PlanNewcomer[],
): string {
  const lines = [`from configuration ${current.id.index}, voters ${list(current.configuration.voters)}`];
  stages.forEach((stage, at) => {
    const { kind, halves, survives, critical } = stage;
    const agree = halves.map((half) => `a quorum of ${list(half)}`).join(" and ");
    const cost = survives > 0 ? `survives the failure of any ${survives}` : `stops if one of ${list(critical)} fails`;
    lines.push(`${at + 1}. ${kind}: ${agree} must agree; ${cost}`);
    if (kind !== "catching-up") return;
    for (const { id, missing } of newcomers)
      lines.push(`   ${id} catches up first${missing === null ? "" : `; it lacks ${missing} entries`}`);
  });
  return lines.join("\n");
}

const list = (ids: readonly NodeId[]): string => `[${ids.join(", ")}]`;
