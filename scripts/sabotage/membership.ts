import type { Failure } from "./failure.js";

const source = (name: string): string => `packages/core/src/protocol/${name}.ts`;
const tests = (...names: string[]): string[] => names.map((name) => `packages/core/test/protocol/${name}.test.ts`);

/** Who votes, and when that changes. */
export const membershipFailures: readonly Failure[] = [
  {
    id: "F-M01",
    what: "a leader changed the members before it had committed an entry of its own term",
    violates: "CFG, SMS",
    patches: [
      {
        file: source("configuration-change"),
        find: "if (s.commit < office.firstEntry)\n",
        replace: "if (s.commit < 0)\n",
      },
    ],
    tests: tests("configuration-change"),
  },
  {
    id: "F-M02",
    what: "in the joint phase one majority of the union was counted instead of two majorities",
    violates: "ES",
    patches: [
      {
        file: source("quorum/joint"),
        find: "return Math.min(majorityReached(configuration.voters, valueOf), majorityReached(configuration.votersOld, valueOf));",
        replace:
          "return majorityReached([...new Set([...configuration.voters, ...configuration.votersOld])], valueOf);",
      },
    ],
    tests: tests("quorum", "commit"),
    chance: "worlds",
  },
  {
    id: "F-M04",
    what: "a joint configuration found in the log was left before it was committed",
    violates: "CFG",
    patches: [
      {
        file: source("configuration-change"),
        find: "own.id.index > s.commit || s.commit < office.firstEntry) return;",
        replace: "s.commit < office.firstEntry) return;",
      },
    ],
    tests: tests("configuration-change"),
    chance: "worlds",
  },
  {
    id: "F-M05",
    what: "a configuration took effect when it was committed, not when it was appended",
    violates: "CFG, LIVE",
    patches: [
      {
        file: source("election"),
        find: "s.quorum.voteResult(s.configurations.current, (id) =>",
        replace: "s.quorum.voteResult(s.configurations.at(s.commit).configuration, (id) =>",
      },
    ],
    tests: tests("voting", "elections", "campaigning"),
  },
  {
    id: "F-M06",
    what: "members that do not vote counted for the quorum",
    violates: "DUR, LIVE",
    patches: [
      {
        file: source("quorum/joint"),
        find: "return Math.min(majorityReached(configuration.voters, valueOf),",
        replace: "return Math.min(majorityReached(configuration.members.map(({ id }) => id), valueOf),",
      },
    ],
    tests: tests("quorum", "commit", "check-quorum", "reads"),
  },
  {
    id: "F-M07",
    what: "a promoted learner that did not know of it yet refused to vote, and no leader was found",
    violates: "LIVE",
    patches: [
      {
        file: source("voting"),
        find: "  const granted = voteIsFreeOrAskers && hasUpToDateLog(s, request.last);",
        replace: "  const granted = s.isVoter && voteIsFreeOrAskers && hasUpToDateLog(s, request.last);",
      },
    ],
    tests: tests("voting", "campaigning"),
  },
  {
    id: "F-M08",
    what: "a node that was no member any more went on campaigning",
    violates: "LIVE",
    patches: [
      {
        file: source("election"),
        find: "  return s.votesIn(own) || (!ownIsCommitted && s.votesIn(s.configurations.previous));",
        replace: "  return ownIsCommitted || s.votesIn(own) || s.votesIn(s.configurations.previous);",
      },
    ],
    tests: tests("campaigning"),
  },
  {
    id: "F-M09",
    what: "a leader that was removed stopped before the others knew its removal to be committed",
    violates: "LIVE",
    patches: [
      {
        file: source("configuration-change"),
        find: 'import { notLeader } from "./term.js";',
        replace: 'import { becomeFollower, notLeader } from "./term.js";',
      },
      {
        file: source("configuration-change"),
        find: "  else leaveInOrder(s, office);",
        replace: '  else if (s.isVoter) leaveInOrder(s, office);\n  else becomeFollower(s, null, "it was removed");',
      },
    ],
    tests: tests("leaving"),
  },
  {
    id: "F-M11",
    what: "a voter was added that had caught up with nothing, and the quorum was one of phantoms",
    violates: "LIVE",
    patches: [
      {
        file: source("configuration-change"),
        find: "  if (!haveCaughtUp(s, change)) return;\n",
        replace: "",
      },
    ],
    tests: tests("catching-up"),
  },
  {
    id: "F-M12",
    what: "a member that was removed and added again kept its old progress",
    violates: "DUR",
    patches: [
      {
        file: source("replicator-group"),
        find: "const isMember = wanted.get(peer.id) === peer.incarnation &&",
        replace: "const isMember = wanted.has(peer.id) &&",
      },
    ],
    tests: tests("configuration-change", "replicator"),
  },
  {
    id: "F-M14",
    what: "an old configuration came in with a snapshot under the snapshot's index, and passed for the newest",
    violates: "CFG",
    patches: [
      {
        file: "packages/core/src/components/snapshot-saver.ts",
        find: "const configuration = configurationAt(id.index);",
        replace: "const configuration = { ...configurationAt(id.index), id };",
      },
    ],
    tests: ["packages/core/test/components/snapshot-executor.test.ts"],
  },
  {
    id: "F-M16",
    what: "a leader took a second change of members while the first one was pending",
    violates: "CFG",
    patches: [
      {
        file: source("configuration-change"),
        find: "  if (s.isChanging)\n    return",
        replace: "  if (s.configurations.current.votersOld.length > 0)\n    return",
      },
    ],
    tests: tests("configuration-change"),
  },
  {
    id: "F-M17",
    what: "a truncated configuration entry went on counting",
    violates: "CFG",
    patches: [
      {
        file: source("configuration-manager"),
        find: "const kept = this.history.filter((entry) => entry.id.index < index);",
        replace: "const kept = this.history.filter((entry) => entry.id.index < index || index > 0);",
      },
    ],
    tests: tests("append-entries"),
  },
];
