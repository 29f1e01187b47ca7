import { type Configuration, configurationFault, isJoint, type MembershipPolicy } from "@hexraft/core/ports";
import { changeFault, sameNodes } from "./change-fault.js";

/**
 * Joint consensus (M02, §6): from C-old through C-old,new to C-new. In between, elections, commits, reads and leases need a
 * majority of the old voters *and* one of the new, so that at no instant two disjoint sets of nodes can decide; any number
 * of voters may change at once. When the voters stay the same, no majority changes and one plain entry is enough.
 */
export const jointPolicy: MembershipPolicy = {
  enter(current, target) {
    const fault = changeFault(current, target);
    if (fault !== undefined) return { kind: "refused", reason: fault };
    if (sameNodes(current.voters, target.voters)) return { kind: "append", configuration: target };
    const configuration = jointOf(current, target);
    const jointFault = configurationFault(configuration);
    if (jointFault !== undefined)
      return { kind: "refused", reason: `the joint configuration ${jointFault}; make the change in several steps` };
    return { kind: "append", configuration };
  },

  leave(committed) {
    if (!isJoint(committed)) return undefined;
    const { voters, learners, learnersNext, witnesses } = committed;
    const staying = new Set([...voters, ...learners, ...learnersNext]);
    return {
      members: committed.members.filter(({ id }) => staying.has(id)),
      voters,
      votersOld: [],
      learners: [...learners, ...learnersNext],
      learnersNext: [],
      witnesses: witnesses.filter((id) => voters.includes(id)),
    };
  },
};

/** C-old,new. Addresses, priorities and learners are the target's at once: they touch no majority. */
function jointOf(current: Configuration, target: Configuration): Configuration {
  const isNamed = (id: string) => target.members.some((member) => member.id === id);
  const isOldVoter = (id: string) => current.voters.includes(id);
  return {
    members: [...target.members, ...current.members.filter(({ id }) => isOldVoter(id) && !isNamed(id))],
    voters: target.voters,
    votersOld: current.voters,
    // A demoted voter still counts in the old half; it is a learner only when that half is gone.
    learners: target.learners.filter((id) => !isOldVoter(id)),
    learnersNext: target.learners.filter(isOldVoter),
    witnesses: [...new Set([...current.witnesses, ...target.witnesses])],
  };
}
