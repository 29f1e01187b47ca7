import { type Configuration, isJoint, type Member, NO_CONFIGURATION } from "@hexraft/core/ports";

const IDS = ["n1", "n2", "n3", "n4"] as const;

/** A member of the laws' group. */
export const memberNamed = (id: string, over: Partial<Member> = {}): Member => ({
  id,
  incarnation: id.slice(1).padStart(16, "0"),
  address: `${id}:7000`,
  priority: 1,
  ...over,
});

/** A configuration of these voters and learners. */
export const configurationOf = (voters: readonly string[], learners: readonly string[] = []): Configuration => ({
  ...NO_CONFIGURATION,
  members: [...voters, ...learners].map((id) => memberNamed(id)),
  voters,
  learners,
});

/** Every configuration of up to four nodes, each absent, voter or learner. */
export const EVERY_CONFIGURATION: readonly Configuration[] = Array.from({ length: 3 ** IDS.length }, (_, code) => {
  const inRole = (role: number) => IDS.filter((_id, at) => Math.floor(code / 3 ** at) % 3 === role);
  return configurationOf(inRole(1), inRole(2));
}).filter(({ voters }) => voters.length > 0);

/** Every set of nodes that can decide under the configuration: a majority of its voters and, in the joint phase, of the old ones. */
export function quorumsOf(configuration: Configuration): readonly number[] {
  const halves = isJoint(configuration) ? [configuration.voters, configuration.votersOld] : [configuration.voters];
  const isQuorum = (set: number) =>
    halves.every((half) => half.filter((id) => (set & bitOf(id)) !== 0).length * 2 > half.length);
  return Array.from({ length: 2 ** IDS.length }, (_, set) => set).filter(isQuorum);
}

/** The same whatever the order of the lists. */
export const unordered = (configuration: Configuration): Configuration => ({
  members: configuration.members.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  voters: configuration.voters.toSorted(),
  votersOld: configuration.votersOld.toSorted(),
  learners: configuration.learners.toSorted(),
  learnersNext: configuration.learnersNext.toSorted(),
  witnesses: configuration.witnesses.toSorted(),
});

/** Who is what, for messages. */
export const inWords = ({ voters, votersOld, learners }: Configuration): string =>
  `voters [${voters.join(" ")}] old [${votersOld.join(" ")}] learners [${learners.join(" ")}]`;

const bitOf = (id: string): number => 1 << IDS.findIndex((each) => each === id);
