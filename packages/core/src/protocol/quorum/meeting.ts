import type { Configuration } from "../../model/configuration.js";
import type { NodeId } from "../../model/node-id.js";
import type { MembershipPolicy, QuorumPolicy, Transition } from "../policies.js";
import { jointMajority } from "./joint.js";

/*
 * Whether a policy's quorums meet. Rule M12. A leader that was elected by nodes of whom none had acknowledged an entry does
 * not have it; and two that are elected by different nodes in one term both write. So each set that can elect must share a
 * voter with each that can elect, commit, confirm a read or keep a leader in office: under the same configuration, and
 * under the one that follows, as not everybody learns of it at once. Every set is tried, and the policy is asked as it will be.
 */

/** Most voters, of two neighbouring configurations together, for which a policy is tried: 2¹² sets, asked within one step. */
export const QUORUM_VOTERS_MAX = 12;

/** Which sets of voters decide; a set is the number whose bits are its voters. */
interface Decisions {
  readonly elects: readonly boolean[];
  /** Commits, confirms reads, keeps a leader in office: all go by `reached`. */
  readonly confirms: readonly boolean[];
}

/**
 * M12: why a policy must not decide under this configuration and the one that follows, or `undefined` if it may.
 *
 * @returns a sentence that names two sets of voters.
 */
export function quorumFault(
  policy: QuorumPolicy,
  configuration: Configuration,
  following: Configuration = configuration,
): string | undefined {
  if (policy === jointMajority) return undefined; // its proof is in the thesis, §4.3, and its tests try all sets
  const voters = [...new Set([configuration, following].flatMap((each) => [...each.voters, ...each.votersOld]))];
  if (voters.length > QUORUM_VOTERS_MAX)
    return `a quorum policy of your own is tried for up to ${QUORUM_VOTERS_MAX} voters, and here are ${voters.length}; change fewer at once`;
  const all = 2 ** voters.length - 1;
  const named = (set: number) => `[${voters.filter((_id, at) => contains(set, at)).join(", ")}]`;
  const both = [configuration, following].map((each) => decisionsOf(policy, each, voters));
  for (const { elects, confirms } of both) {
    if (elects[all] !== true || confirms[all] !== true) return `the quorum policy lets not even ${named(all)} decide`;
    const shrinking = shrinks(elects) ?? shrinks(confirms);
    if (shrinking !== undefined)
      return `the quorum policy lets ${named(shrinking[0])} decide, and not ${named(shrinking[1])}`;
  }
  // More voters never decide less: so two quorums are apart if and only if one and the complement of the other are.
  for (const { elects } of both)
    for (const other of both)
      for (let set = 0; set <= all; set++)
        if (elects[set] === true && (other.elects[all - set] === true || other.confirms[all - set] === true))
          return `the quorum policy lets ${named(set)} elect a leader while ${named(all - set)} decides otherwise: they share no voter`;
  return undefined;
}

/** M08, M12: the first configuration on the way to `target`, if there is a way, and quorums meet from one stage to the next. */
export function soundTransition(
  { membership, quorum }: { readonly membership: MembershipPolicy; readonly quorum: QuorumPolicy },
  current: Configuration,
  target: Configuration,
): Transition {
  const transition = membership.enter(current, target);
  if (transition.kind === "refused") return transition;
  const first = transition.configuration;
  const fault = quorumFault(quorum, current, first) ?? quorumFault(quorum, first, membership.leave(first));
  return fault === undefined ? transition : { kind: "refused", reason: fault };
}

function decisionsOf(policy: QuorumPolicy, configuration: Configuration, voters: readonly NodeId[]): Decisions {
  const placeOf = new Map(voters.map((id, at) => [id, at]));
  const sets = Array.from({ length: 2 ** voters.length }, (_, set) => (id: NodeId) => {
    const at = placeOf.get(id);
    return at !== undefined && contains(set, at);
  });
  return {
    elects: sets.map((has) => policy.voteResult(configuration, has) === "won"),
    confirms: sets.map((has) => policy.reached(configuration, (id) => (has(id) ? 1 : 0)) >= 1),
  };
}

/** A set that decides, and one with a voter more that does not. */
function shrinks(decides: readonly boolean[]): readonly [number, number] | undefined {
  for (let set = 0; set < decides.length; set++) {
    if (decides[set] !== true) continue;
    for (let more = 1; more < decides.length; more *= 2) if (decides[set | more] !== true) return [set, set | more];
  }
  return undefined;
}

const contains = (set: number, at: number): boolean => (set & (1 << at)) !== 0;
