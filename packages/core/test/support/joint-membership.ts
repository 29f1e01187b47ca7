import { type Configuration, isJoint, votersOnly } from "../../src/model/configuration.js";
import type { MembershipPolicy } from "../../src/protocol/policies.js";
import { memberOf } from "./lab.js";

/** C-old, then C-old,new, then C-new for any target: what @hexraft/membership does, without its refusals. */
export const jointMembership: MembershipPolicy = {
  enter(current, target) {
    if (target.voters.length === 0) return { kind: "refused", reason: "no voter would be left" };
    if (current.voters.toSorted().join() === target.voters.toSorted().join())
      return { kind: "append", configuration: target };
    const isOld = (id: string) => current.voters.includes(id);
    const leavers = current.members.filter(({ id }) => isOld(id) && !target.members.some((member) => member.id === id));
    return {
      kind: "append",
      configuration: {
        ...target,
        members: [...target.members, ...leavers],
        votersOld: current.voters,
        learners: target.learners.filter((id) => !isOld(id)),
        learnersNext: target.learners.filter(isOld),
      },
    };
  },
  leave(committed) {
    if (!isJoint(committed)) return undefined;
    const { voters, learners, learnersNext } = committed;
    const staying = new Set([...voters, ...learners, ...learnersNext]);
    return {
      ...committed,
      members: committed.members.filter(({ id }) => staying.has(id)),
      votersOld: [],
      learners: [...learners, ...learnersNext],
      learnersNext: [],
    };
  },
};

/** One node a letter. */
export const letters = (ids: string): string[] => ids.split("");

/** These vote, those learn. */
export const target = (voters: string, learners = ""): Configuration => ({
  ...votersOnly(letters(voters).map(memberOf)),
  members: letters(voters + learners).map(memberOf),
  learners: letters(learners),
});

/** A configuration in a few letters: `abc>ade` is joint, `>ade` is not, `~f` learns. */
export const inLetters = ({ voters, votersOld, learners }: Configuration): string =>
  `${votersOld.toSorted().join("")}>${voters.toSorted().join("")}${learners.length > 0 ? `~${learners.toSorted().join("")}` : ""}`;
