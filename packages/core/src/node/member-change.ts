import { RaftError } from "../model/errors.js";
import type { NodeId } from "../model/node-id.js";
import type { Founder, MembersWanted } from "./founder.js";

/** M07: a change that brings members in, or says anew where they are. */
export interface ChangeOfNodes {
  /**
   * - `addPeers`: these vote, besides those that do; learners among them rise.
   * - `addWitnesses`: these vote, too, and hold no state (M12); each runs with the option `witness`.
   * - `changePeers`: these vote, and nobody else; the voters that are not named leave.
   * - `addLearners`: these learn, besides those that do.
   * - `resetLearners`: these learn, and nobody else; the learners that are not named leave.
   * - `changeAddresses`: these members listen there from now on (T04); nobody comes or goes.
   */
  readonly kind: "addPeers" | "addWitnesses" | "changePeers" | "addLearners" | "resetLearners" | "changeAddresses";
  /** Who, and where each listens. At least one, except for `resetLearners`. */
  readonly nodes: readonly Founder[];
}

/** M07: a change among members that are there. */
export interface ChangeOfIds {
  /** `promote`: these learners vote; `demote`: these voters only learn. */
  readonly kind: "removePeers" | "removeLearners" | "promote" | "demote";
  /** Who. At least one. */
  readonly ids: readonly NodeId[];
}

/**
 * M07: what shall be different from the configuration in force (sofa-jraft: the verbs of CliService). Any number of nodes
 * in one change.
 */
export type MemberChange = ChangeOfNodes | ChangeOfIds;

/** M07: the members after a change. @throws RaftError `ChangeRefused`, naming who is not what the change takes them for (M08). */
export function alterMembers(now: Required<MembersWanted>, change: MemberChange): MembersWanted {
  const { voters, learners } = now;
  const named = "nodes" in change ? change.nodes.map(({ id }) => id) : change.ids;
  if (named.length === 0 && change.kind !== "resetLearners") throw changeRefused("it names nobody");
  const but = (all: readonly Founder[]) => all.filter(({ id }) => !named.includes(id));
  const only = (all: readonly Founder[]) => all.filter(({ id }) => named.includes(id));
  const withVoters = (all: readonly Founder[], rest: readonly Founder[]): MembersWanted => ({
    voters: all,
    learners: rest,
    witnesses: now.witnesses.filter((witness) => all.some(({ id }) => id === witness)),
  });
  switch (change.kind) {
    case "addPeers":
      mustNotName(voters, named, "a voter");
      return withVoters([...voters, ...change.nodes], but(learners));
    case "addWitnesses": {
      mustNotName([...voters, ...learners], named, "a member");
      const grown = withVoters([...voters, ...change.nodes], learners);
      return { ...grown, witnesses: [...now.witnesses, ...named] };
    }
    case "changePeers":
      return withVoters(change.nodes, but(learners));
    case "removePeers":
      mustName(voters, named, "a voter");
      return withVoters(but(voters), learners);
    case "addLearners":
      mustNotName(voters, named, "a voter");
      mustNotName(learners, named, "a learner");
      return withVoters(voters, [...learners, ...change.nodes]);
    case "resetLearners":
      return withVoters(voters, change.nodes);
    case "removeLearners":
      mustName(learners, named, "a learner");
      return withVoters(voters, but(learners));
    case "promote":
      mustName(learners, named, "a learner");
      return withVoters([...voters, ...only(learners)], but(learners));
    case "demote":
      mustName(voters, named, "a voter");
      return withVoters(but(voters), [...learners, ...only(voters)]);
    case "changeAddresses": {
      mustName([...voters, ...learners], named, "a member");
      const moved = (node: Founder) => ({ ...node, ...change.nodes.find(({ id }) => id === node.id) });
      return withVoters(voters.map(moved), learners.map(moved));
    }
    default:
      return change satisfies never;
  }
}

/** M08: why the members are not changed. */
export const changeRefused = (reason: string): RaftError =>
  new RaftError("ChangeRefused", "refused", `The members cannot be changed like this: ${reason}.`);

function mustName(listed: readonly Founder[], ids: readonly NodeId[], what: string): void {
  const stranger = ids.find((id) => !listed.some((each) => each.id === id));
  if (stranger === undefined) return;
  const there = listed.map(({ id }) => id).join(", ");
  throw changeRefused(`${stranger} is not ${what}; there ${there === "" ? "is none" : `are ${there}`}`);
}

function mustNotName(listed: readonly Founder[], ids: readonly NodeId[], what: string): void {
  const known = ids.find((id) => listed.some((each) => each.id === id));
  if (known !== undefined) throw changeRefused(`${known} is ${what} already`);
}
