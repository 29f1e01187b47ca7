import type { Table, TableOptions } from "./table.js";

/** How much of the world is explored: everything that can happen within these bounds, in every order. */
export interface Scope {
  readonly name: string;
  /** What it is there to find, in a sentence. */
  readonly about: string;
  readonly nodes: readonly string[];
  readonly lab: TableOptions;
  /** What happened before: everything is explored from there on. */
  readonly prelude?: (table: Table) => void;
  /** prompt: a write is durable within the event that wanted it. slow: it takes an event of its own, one at a time. */
  readonly disk: "prompt" | "slow";
  /**
   * Time passes only when a wait runs out, and then by three election timeouts. shared: for all nodes, so that no lease
   * holds (E07). own: for that node alone; the others still hear their leader, and may refuse to listen.
   */
  readonly clocks: "shared" | "own";
  /** Heartbeats and their answers are all lost. A lawful network, and a far smaller world. */
  readonly losesHeartbeats: boolean;
  /** No node lets its wait run out in a term as high as this. */
  readonly termMax: number;
  /** How often it may happen, in all. */
  readonly budget: Budget;
  /** Events in a row. */
  readonly depthMax: number;
}

/** What may still happen. */
export interface Budget {
  /** A wait runs out, or a leader hears no quorum. */
  readonly timeouts: number;
  /** Commands of clients. */
  readonly proposals: number;
  /** A process dies and comes back with what its disk holds. */
  readonly crashes: number;
  /** A message stays in the network when it is delivered. */
  readonly duplicates: number;
  /** A leader's heartbeat timer fires in time. */
  readonly heartbeats: number;
  /** Somebody reads, on any node. */
  readonly reads: number;
  /** A node saves a snapshot, and its log forgets what the one before holds. */
  readonly snapshots: number;
  /** An operator wants another leader. */
  readonly transfers: number;
}

/** Nothing happens by itself. */
export const NOTHING: Budget = {
  timeouts: 0,
  proposals: 0,
  crashes: 0,
  duplicates: 0,
  heartbeats: 0,
  reads: 0,
  snapshots: 0,
  transfers: 0,
};
const THREE = ["a", "b", "c"];
const LIVELY = { preVote: false } as const;

/** What `pnpm explore` explores. */
export const SCOPES: readonly Scope[] = [
  {
    name: "elections",
    about: "two terms without pre-vote, each write an event of its own, a crash between any two",
    nodes: THREE,
    lab: LIVELY,
    disk: "slow",
    clocks: "shared",
    losesHeartbeats: true,
    termMax: 2,
    budget: { ...NOTHING, timeouts: 2, crashes: 1 },
    depthMax: 15,
  },
  {
    name: "pre-votes",
    about: "rounds of pre-votes before each of two terms, while others still hear their leader (E06, E07)",
    nodes: THREE,
    lab: { preVote: true },
    disk: "prompt",
    clocks: "own",
    losesHeartbeats: true,
    termMax: 2,
    budget: { ...NOTHING, timeouts: 3, crashes: 1 },
    depthMax: 13,
  },
  {
    name: "replication",
    about: "two commands, two terms: acknowledgements lost, doubled, late and out of order",
    nodes: THREE,
    lab: LIVELY,
    disk: "prompt",
    clocks: "shared",
    losesHeartbeats: true,
    termMax: 2,
    budget: { ...NOTHING, timeouts: 2, proposals: 2, duplicates: 1 },
    depthMax: 12,
  },
  {
    name: "slow-disks",
    about: "a command, two terms, writes that end late: what is said before they do",
    nodes: THREE,
    lab: LIVELY,
    disk: "slow",
    clocks: "shared",
    losesHeartbeats: true,
    termMax: 2,
    budget: { ...NOTHING, timeouts: 2, proposals: 1 },
    depthMax: 18,
  },
  {
    name: "crashes",
    about: "a command, two terms, one node comes back with what its disk holds",
    nodes: THREE,
    lab: LIVELY,
    disk: "prompt",
    clocks: "shared",
    losesHeartbeats: true,
    termMax: 2,
    budget: { ...NOTHING, timeouts: 2, proposals: 1, crashes: 1 },
    depthMax: 12,
  },
  {
    name: "heartbeats",
    about: "commits told by heartbeats, a leader that finds nobody, late and lost rounds",
    nodes: THREE,
    lab: LIVELY,
    disk: "prompt",
    clocks: "own",
    losesHeartbeats: false,
    termMax: 2,
    budget: { ...NOTHING, timeouts: 3, proposals: 1, heartbeats: 1 },
    depthMax: 14,
  },
  {
    // §5.4.2, from the paper's third column on.
    name: "figure-8",
    about: "a holds an entry of term 1, c one of term 2: who commits what in terms 3 and 4 (R05)",
    nodes: THREE,
    lab: { ...LIVELY, logs: { a: [1], c: [2] }, hardStates: { a: { term: 2 }, b: { term: 2 } }, batchEntriesMax: 1 },
    disk: "prompt",
    clocks: "shared",
    losesHeartbeats: true,
    termMax: 4,
    budget: { ...NOTHING, timeouts: 2 },
    depthMax: 16,
  },
  {
    name: "leftovers",
    about: "a and c hold an entry of term 2, b two of term 1 in its place: the longer log is the older one (E08, R02)",
    nodes: THREE,
    lab: { ...LIVELY, logs: { a: [2], b: [1, 1], c: [2] }, hardStates: { b: { term: 2 } } },
    disk: "prompt",
    clocks: "shared",
    losesHeartbeats: true,
    termMax: 4,
    budget: { ...NOTHING, timeouts: 2, proposals: 1 },
    depthMax: 14,
  },
  {
    name: "told-commits",
    about: "the same logs, and heartbeats that tell b of commits it has not got (R17, R19)",
    nodes: THREE,
    lab: { ...LIVELY, logs: { a: [2], b: [1, 1], c: [2] }, hardStates: { b: { term: 2 } } },
    disk: "prompt",
    clocks: "shared",
    losesHeartbeats: false,
    termMax: 3,
    budget: { ...NOTHING, timeouts: 1, heartbeats: 2 },
    depthMax: 12,
  },
  {
    name: "reads",
    about:
      "a read on any node while two leaders follow each other: it shows what was committed before it was asked (Q01–Q04)",
    nodes: THREE,
    lab: LIVELY,
    disk: "prompt",
    clocks: "shared",
    losesHeartbeats: false,
    termMax: 2,
    budget: { ...NOTHING, timeouts: 2, reads: 1 },
    depthMax: 12,
  },
  {
    name: "snapshots",
    about:
      "a leads with a compacted log, c is behind and a snapshot is on its way to it; b has the whole log, and has not heard of a (S05)",
    nodes: THREE,
    lab: { ...LIVELY, logs: { a: [1, 1], b: [1, 1], c: [1] }, snapshots: { a: 3 } },
    prelude: (table) => {
      table.timeOut("a");
      table.persist("a");
      table.deliver(({ message }) => message.type === "VoteRequest");
      table.cut("a", "b").settle();
    },
    disk: "prompt",
    clocks: "shared",
    losesHeartbeats: true,
    termMax: 4,
    budget: { ...NOTHING, timeouts: 2, proposals: 1 },
    depthMax: 13,
  },
  {
    name: "installs",
    about: "a snapshot on its way to c, whose log contradicts it; slow writes, and a crash between any two (S05, S06)",
    nodes: THREE,
    lab: {
      ...LIVELY,
      logs: { a: [1, 1], b: [1, 1], c: [1, 2] },
      hardStates: { a: { term: 2 }, b: { term: 2 } },
      snapshots: { a: 3 },
    },
    prelude: (table) => void table.cut("a", "c").elect("a").heal().beat("a"),
    disk: "slow",
    clocks: "shared",
    losesHeartbeats: true,
    termMax: 4,
    budget: { ...NOTHING, timeouts: 1, crashes: 1 },
    depthMax: 18,
  },
  {
    name: "compactions",
    about:
      "nothing is left of a's log but its base, b holds an older snapshot, c is behind; they save new ones (E08, S03)",
    nodes: THREE,
    lab: { ...LIVELY, logs: { a: [1, 1], b: [1, 1], c: [1] }, snapshots: { a: 3, b: 2 } },
    disk: "prompt",
    clocks: "shared",
    losesHeartbeats: true,
    termMax: 3,
    budget: { ...NOTHING, timeouts: 2, proposals: 1, snapshots: 2, crashes: 1 },
    depthMax: 10,
  },
  {
    name: "transfers",
    about: "a leads and hands over, or gives that up, while others stand and what it says comes late (E21, E07)",
    nodes: THREE,
    lab: { preVote: true },
    prelude: (table) => void table.elect("a"),
    disk: "prompt",
    clocks: "own",
    losesHeartbeats: true,
    termMax: 3,
    budget: { ...NOTHING, timeouts: 2, proposals: 1, transfers: 1 },
    depthMax: 11,
  },
  {
    // A majority of three is one's own vote and another: only among five can one vote be counted twice.
    name: "five-voters",
    about: "two candidates of one term among five voters, one ballot comes twice (E10)",
    nodes: ["a", "b", "c", "d", "e"],
    lab: LIVELY,
    disk: "prompt",
    clocks: "shared",
    losesHeartbeats: true,
    termMax: 1,
    budget: { ...NOTHING, timeouts: 2, duplicates: 1 },
    depthMax: 11,
  },
];
