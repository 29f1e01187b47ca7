import { MEMBERS_MAX } from "@hexraft/core";
import {
  type Configuration,
  configurationFault,
  type MembershipPolicy,
  memberOf,
  NO_CONFIGURATION,
} from "@hexraft/core/ports";
import { check, same } from "./check.js";
import type { Law } from "./law.js";
import { type LawSuite, lawSuite } from "./law-suite.js";
import {
  configurationOf,
  EVERY_CONFIGURATION,
  inWords,
  memberNamed,
  quorumsOf,
  unordered,
} from "./membership-examples.js";

/** What every MembershipPolicy must do. Policies are pure: each law asks one of `create`. */
export const membershipPolicyLaws = (create: () => MembershipPolicy): LawSuite =>
  lawSuite("MembershipPolicy laws", [...wayLaws(create), ...refusalLaws(create), ...purityLaws(create)]);

/** Most configurations on one way: beyond it the policy is taken for one that never arrives. */
const STAGES_MAX = 8;

/** Every configuration from `current` to the last one that is appended, both included; none if the change is refused. */
function wayOf(policy: MembershipPolicy, current: Configuration, target: Configuration): readonly Configuration[] {
  const first = policy.enter(current, target);
  if (first.kind === "refused") return [];
  const way = [current, first.configuration];
  for (let next = policy.leave(first.configuration); next !== undefined; next = policy.leave(next)) {
    way.push(next);
    check(way.length <= STAGES_MAX, `no end after ${STAGES_MAX} configurations on the way to ${inWords(target)}`);
  }
  return way;
}

/** Calls `look` for the way of every change among four nodes that the policy allows. */
function everyWay(
  policy: MembershipPolicy,
  look: (way: readonly Configuration[], current: Configuration, target: Configuration) => void,
): void {
  let allowed = 0;
  for (const current of EVERY_CONFIGURATION) {
    for (const target of EVERY_CONFIGURATION) {
      const way = wayOf(policy, current, target);
      if (way.length === 0) continue;
      allowed++;
      look(way, current, target);
    }
  }
  check(allowed > 0, "every change was refused");
}

const wayLaws = (create: () => MembershipPolicy): readonly Law[] => [
  {
    id: "M02 M12 of two configurations that follow each other every two quorums share a node",
    why: "two disjoint quorums elect two leaders in one term, and each commits",
    run: async () =>
      everyWay(create(), (way) => {
        for (const [at, after] of way.slice(1).entries()) {
          const before = way[at] as Configuration;
          const apart = quorumsOf(before).some((a) => quorumsOf(after).some((b) => (a & b) === 0));
          check(!apart, `disjoint quorums of ${inWords(before)} and ${inWords(after)}`);
        }
      }),
  },
  {
    id: "M06 what is entered is left, and ends at its target",
    why: "a group that stays joint needs both majorities for ever, and one that ends elsewhere obeys nobody's order",
    run: async () =>
      everyWay(create(), (way, _current, target) => {
        same(unordered(way.at(-1) as Configuration), unordered(target), `the end of the way to ${inWords(target)}`);
      }),
  },
  {
    id: "M08 every configuration on the way is a sound one",
    why: "what is appended is counted with at once; a voter whose address nobody knows cannot be asked",
    run: async () =>
      everyWay(create(), (way) => {
        for (const each of way) same(configurationFault(each), undefined, `fault of ${inWords(each)}`);
      }),
  },
  {
    id: "M02 who votes before and after votes all the way, and nobody else is given a vote",
    why: "a voter that is left out meanwhile takes its acknowledgements with it; a stranger's vote was never asked for",
    run: async () =>
      everyWay(create(), (way, current, target) => {
        for (const each of way) {
          const voting = new Set([...each.voters, ...each.votersOld]);
          const lost = current.voters.find((id) => target.voters.includes(id) && !voting.has(id));
          same(lost, undefined, `who lost its vote in ${inWords(each)}`);
          const gained = [...voting].find((id) => !current.voters.includes(id) && !target.voters.includes(id));
          same(gained, undefined, `who gained a vote in ${inWords(each)}`);
        }
      }),
  },
  {
    id: "M07 one voter or learner comes, goes, is promoted or demoted: each is allowed",
    why: "a dead machine must be replaceable, and a new one must be able to catch up before it counts",
    run: async () => {
      const policy = create();
      const three = ["n1", "n2", "n3"];
      const changes: readonly (readonly [string, Configuration, Configuration])[] = [
        ["a voter comes", configurationOf(three), configurationOf([...three, "n4"])],
        ["a voter goes", configurationOf(three), configurationOf(["n1", "n2"])],
        ["a learner comes", configurationOf(three), configurationOf(three, ["n4"])],
        ["a learner goes", configurationOf(three, ["n4"]), configurationOf(three)],
        ["a learner is promoted", configurationOf(three, ["n4"]), configurationOf([...three, "n4"])],
        ["a voter is demoted", configurationOf(three), configurationOf(["n1", "n2"], ["n3"])],
      ];
      for (const [what, current, target] of changes)
        check(wayOf(policy, current, target).length > 1, `${what}: refused`);
    },
  },
  {
    id: "M07 a new address arrives with the first configuration on the way, and touches no vote",
    why: "a leader that still dials the old address cannot commit the change that tells the new one",
    run: async () => {
      const current = configurationOf(["n1", "n2", "n3"]);
      const moved = memberNamed("n3", { address: "elsewhere:7000" });
      const target = { ...current, members: [...current.members.slice(0, 2), moved] };
      const [, first] = wayOf(create(), current, target);
      check(first !== undefined, "refused");
      same(memberOf(first, "n3")?.address, "elsewhere:7000", "address");
      same(first.voters.toSorted(), current.voters, "voters");
    },
  },
  {
    id: "M13 a member keeps its incarnation all the way",
    why: "votes and acknowledgements count for one incarnation only: under another the member would fall silent",
    run: async () =>
      everyWay(create(), (way, current, target) => {
        for (const { id, incarnation } of way.flatMap(({ members }) => members)) {
          const known = memberOf(target, id) ?? memberOf(current, id);
          same(incarnation, known?.incarnation, `incarnation of ${id}`);
        }
      }),
  },
  {
    id: "M06 a final configuration is not left again",
    why: "a leader that appends at every commit never comes to rest",
    run: async () => {
      const policy = create();
      for (const each of EVERY_CONFIGURATION) same(policy.leave(each), undefined, `after ${inWords(each)}`);
    },
  },
];

const refusalLaws = (create: () => MembershipPolicy): readonly Law[] => {
  const current = configurationOf(["n1", "n2", "n3"], ["n4"]);
  const refuses = (
    id: string,
    why: string,
    cases: readonly (readonly [string, Configuration, Configuration])[],
  ): Law => ({
    id,
    why,
    run: async () => {
      for (const [what, from, to] of cases) {
        const transition = create().enter(from, to);
        check(transition.kind === "refused", `${what}: not refused`);
        check(transition.reason.trim().length > 0, `${what}: refused without a reason`);
      }
    },
  });
  return [
    refuses("M08 no voter left: refused, with a reason", "nobody could ever be elected again, not even to undo it", [
      ["only a learner is left", current, configurationOf([], ["n1"])],
      ["nobody is left", current, NO_CONFIGURATION],
    ]),
    refuses("M08 an id named twice is refused, with a reason", "one machine's acknowledgement would count twice", [
      ["two members of one name", current, { ...current, members: [...current.members, memberNamed("n1")] }],
      ["a voter listed twice", current, { ...current, voters: ["n1", "n2", "n3", "n3"] }],
    ]),
    refuses("M08 an unknown peer is refused, with a reason", "it counts in every majority and nobody can reach it", [
      ["as voter", current, { ...current, voters: ["n1", "n2", "n3", "n9"] }],
      ["as learner", current, { ...current, learners: ["n4", "n9"] }],
    ]),
    refuses("M08 a peer that is voter and learner is refused, with a reason", "nobody could say whether it counts", [
      ["n1 is both", current, { ...current, learners: ["n1", "n4"] }],
    ]),
    refuses("M08 more members than a configuration may name are refused, with a reason", "it could not be written", [
      [
        "too many",
        current,
        configurationOf(
          ["n1"],
          Array.from({ length: MEMBERS_MAX }, (_, i) => `m${i}`),
        ),
      ],
    ]),
    refuses(
      "M13 another incarnation under a member's name is refused, with a reason",
      "the new one's empty log would count as the old one's acknowledgements",
      [
        [
          "a voter reborn",
          current,
          {
            ...current,
            members: current.members.map((each) =>
              each.id === "n3" ? memberNamed("n3", { incarnation: "ffffffffffffffff" }) : each,
            ),
          },
        ],
      ],
    ),
    refuses("M01 before the first configuration nothing is changed", "a majority of nobody is no majority", [
      ["no configuration yet", NO_CONFIGURATION, current],
    ]),
    {
      id: "M03 while a change is under way another is refused, with a reason",
      why: "a third configuration need not share a quorum with the first",
      run: async () => {
        const policy = create();
        everyWay(policy, (way) => {
          for (const joint of way.filter((each) => each.votersOld.length > 0)) {
            for (const target of EVERY_CONFIGURATION)
              same(policy.enter(joint, target).kind, "refused", `from ${inWords(joint)} to ${inWords(target)}`);
          }
        });
      },
    },
    {
      id: "M03 a target that is itself joint is refused",
      why: "it names an old half that nobody agreed to",
      run: async () => {
        const target = { ...current, votersOld: ["n1"] };
        same(create().enter(current, target).kind, "refused", "a joint target");
      },
    },
  ];
};

const purityLaws = (create: () => MembershipPolicy): readonly Law[] => [
  {
    id: "M02 the same question has the same answer, from every instance and every time",
    why: "a new leader goes on with a change that another one began, and must go the same way",
    run: async () => {
      const [a, b] = [create(), create()];
      everyWay(a, (way, current, target) => {
        same(wayOf(b, current, target), way, "another instance");
        same(wayOf(a, copyOf(current), copyOf(target)), way, "equal configurations");
      });
    },
  },
  {
    id: "M06 the way out follows from the committed configuration alone",
    why: "whoever leads after a restart has read it from the log, and knows nothing else of the change",
    run: async () =>
      everyWay(create(), (way) => {
        for (const [at, each] of way.slice(1, -1).entries()) same(create().leave(copyOf(each)), way[at + 2], "leave");
      }),
  },
  {
    id: "M02 what the policy is given stays as it was",
    why: "configurations are shared with the log: one that changes in place was never appended",
    run: async () => {
      const policy = create();
      for (const current of EVERY_CONFIGURATION.map(copyOf).map(frozen))
        for (const target of EVERY_CONFIGURATION.map(copyOf).map(frozen))
          wayOf(policy, current, target).forEach(frozen);
    },
  },
];

const copyOf = (configuration: Configuration): Configuration => JSON.parse(JSON.stringify(configuration));

/** Frozen, so that a policy that changes it throws. */
function frozen(configuration: Configuration): Configuration {
  for (const part of [configuration, ...Object.values(configuration), ...configuration.members]) Object.freeze(part);
  return configuration;
}
