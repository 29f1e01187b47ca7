import type { Failure } from "./failure.js";

const source = (name: string): string => `packages/core/src/protocol/${name}.ts`;
const tests = (...names: string[]): string[] => names.map((name) => `packages/core/test/protocol/${name}.test.ts`);

/** Votes, terms and leases of votes. */
export const electionFailures: readonly Failure[] = [
  {
    id: "F-E03",
    what: "a vote left the node before it was durable",
    violates: "ES",
    patches: [
      {
        file: source("outbox"),
        find: "    if (this.hardStatePending) this.writing().then.push(send);",
        replace: "    if (this.draft?.resetTo !== undefined) this.writing().then.push(send);",
      },
    ],
    tests: tests("elections"),
    chance: "worlds",
  },
  {
    id: "F-E05",
    what: "a vote that was delivered twice was counted twice",
    violates: "ES",
    patches: [
      {
        // A count instead of a set: each further grant stands for one more voter.
        file: source("election"),
        find: "  if (!s.ballots.has(voter)) s.ballots.set(voter, granted);",
        replace:
          "  const free = s.configurations.current.voters.find((id) => !s.ballots.has(id));\n  s.ballots.set(s.ballots.has(voter) ? (free ?? voter) : voter, granted);",
      },
    ],
    tests: tests("voting"),
    chance: "worlds",
  },
  {
    id: "F-E06",
    what: "a voter whose log was compacted whole compared with last term 0",
    violates: "LC",
    patches: [
      {
        file: source("voting"),
        find: "  return isUpToDate(last, s.log.last);",
        replace:
          "  const isEmpty = s.log.last.index === s.log.base.index;\n  return isUpToDate(last, isEmpty ? { index: s.log.last.index, term: 0 } : s.log.last);",
      },
    ],
    tests: tests("voting"),
    chance: "worlds",
  },
  {
    id: "F-E07",
    what: "logs were compared by index first, then by term",
    violates: "LC",
    patches: [
      {
        file: "packages/core/src/model/log-id.ts",
        find: "  if (candidate.term !== own.term) return candidate.term > own.term;",
        replace: "  if (candidate.index !== own.index) return candidate.index > own.index;",
      },
    ],
    tests: tests("voting"),
    chance: "worlds",
  },
  {
    id: "F-E13",
    what: "a refused pre-vote did not carry the refuser's higher term: a long log with a low term and a short one with a high term waited for each other",
    violates: "LIVE",
    patches: [
      {
        file: source("voting"),
        find: "    term: granted ? request.term : s.term,",
        replace: "    term: granted ? request.term : Math.min(request.term - 1, s.term),",
      },
      {
        file: source("judging"),
        find: '{ type: "PreVoteResponse", term: s.term, round: message.round, granted: false }',
        replace: '{ type: "PreVoteResponse", term: message.term - 1, round: message.round, granted: false }',
      },
    ],
    tests: tests("pre-vote", "terms", "judging"),
  },
  {
    id: "F-E14",
    what: "a pre-vote raised the receiver's term",
    violates: "LIVE",
    patches: [
      {
        file: source("judging"),
        find: 'const isPreVote = message.type === "PreVoteRequest" || (',
        replace: "const isPreVote = (",
      },
    ],
    tests: tests("terms", "pre-vote"),
  },
  {
    id: "F-E15",
    what: "a heartbeat of an older term restarted the election wait",
    violates: "LIVE",
    patches: [
      {
        file: source("judging"),
        find: "  if (message.term < s.term) return answerLowerTerm(s, envelope, message);",
        replace:
          '  if (message.type === "Heartbeat") noteLeaderContact(s);\n  if (message.term < s.term) return answerLowerTerm(s, envelope, message);',
      },
    ],
    tests: tests("elections"),
  },
  {
    id: "F-E16",
    what: "a leader ignored the higher term in an answer to an append",
    violates: "LIVE",
    patches: [
      {
        file: source("judging"),
        find: "  if (message.term > s.term && !isPreVote)",
        replace: '  if (message.term > s.term && !isPreVote && message.type !== "AppendEntriesResponse")',
      },
    ],
    tests: tests("terms"),
    chance: "worlds",
  },
  {
    id: "F-E17",
    what: "a node that hears its leader voted for a third one: removed or cut-off servers deposed healthy leaders",
    violates: "LIVE",
    patches: [
      {
        file: source("voting"),
        find: "  return request.term >= s.term && !request.transfer && hearsLeader(s);",
        replace: "  return request.term < 0 && hearsLeader(s);",
      },
      {
        file: source("voting"),
        find: "  const granted = !hearsLeader(s) && couldVoteIn(",
        replace: "  const granted = couldVoteIn(",
      },
    ],
    tests: tests("lease", "pre-vote"),
  },
];
