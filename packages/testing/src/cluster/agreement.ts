import type { TestMember } from "./test-member.js";

/*
 * What several nodes that run have in common, each by its own description.
 */

/** Who leads: of several that believe so, the one of the highest term. */
export function leaderOf(up: readonly TestMember[]): TestMember | undefined {
  let found: { readonly member: TestMember; readonly term: number } | undefined;
  for (const member of up) {
    const { role, term } = member.describe();
    if (role === "leader" && term > (found?.term ?? -1)) found = { member, term };
  }
  return found?.member;
}

/** Whether all of them know one leader, of one term. */
export function followOneLeader(up: readonly TestMember[]): boolean {
  const leader = leaderOf(up);
  if (leader === undefined) return false;
  const { term } = leader.describe();
  return up.every((member) => {
    const view = member.describe();
    return view.term === term && view.leader === leader.id;
  });
}

/** Whether all of them hold what the leader holds, committed and applied to its end. */
export function holdTheSame(up: readonly TestMember[]): boolean {
  const leader = leaderOf(up);
  if (leader === undefined) return false;
  const { last, commitIndex } = leader.describe();
  if (commitIndex !== last.index) return false;
  return up.every((member) => {
    const view = member.describe();
    return view.last.index === last.index && view.last.term === last.term && view.appliedIndex === last.index;
  });
}
