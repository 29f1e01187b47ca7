import { type Configuration, configurationFault, isJoint, type Member, memberOf } from "@hexraft/core/ports";

/**
 * M08: why a group must not go from `current` to `target`, or `undefined` if it may.
 *
 * @returns a sentence that names the rule that is broken, and what to do instead.
 */
export function changeFault(current: Configuration, target: Configuration): string | undefined {
  if (isJoint(current)) return "a change is under way; wait until it is over";
  if (current.voters.length === 0) return "this group has no configuration yet; bootstrap it first";
  if (isJoint(target) || target.learnersNext.length > 0)
    return "the target is a joint configuration; name the voters and learners that there shall be in the end";
  const fault = configurationFault(target);
  if (fault !== undefined) return `the target ${fault}`;
  if (target.voters.every((id) => target.witnesses.includes(id)))
    return "the target has no voter but witnesses, which never lead (M12); name another one";
  for (const member of target.members) {
    const now = memberOf(current, member.id);
    if (now !== undefined && now.incarnation !== member.incarnation)
      return `${member.id} is a member as incarnation ${now.incarnation}; remove it before ${member.incarnation} joins under its name`;
  }
  // A witness has no payloads in its log: it cannot serve what a full member must.
  const revived = current.witnesses.find((id) => memberOf(target, id) !== undefined && !target.witnesses.includes(id));
  if (revived !== undefined)
    return `${revived} is a witness and cannot become a full member; remove it and add it anew`;
  return sameConfiguration(current, target) ? "nothing would change" : undefined;
}

/** Whether two lists name the same nodes, in whatever order. Neither names one twice. */
export function sameNodes(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((id) => b.includes(id));
}

function sameConfiguration(a: Configuration, b: Configuration): boolean {
  return (
    sameNodes(a.voters, b.voters) &&
    sameNodes(a.learners, b.learners) &&
    sameNodes(a.witnesses, b.witnesses) &&
    a.members.length === b.members.length &&
    a.members.every((member) => sameMember(member, memberOf(b, member.id)))
  );
}

const sameMember = (a: Member, b: Member | undefined): boolean =>
  b !== undefined && a.incarnation === b.incarnation && a.address === b.address && a.priority === b.priority;
