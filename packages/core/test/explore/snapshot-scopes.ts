import { NOTHING, type Scope } from "./scope.js";

const THREE = ["a", "b", "c"];
const LIVELY = { preVote: false } as const;

/** Worlds with snapshots: on their way, saved, and rotten. */
export const SNAPSHOT_SCOPES: readonly Scope[] = [
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
    name: "broken-streams",
    about:
      "a snapshot on its way to c breaks off, b offers a newer one under the same number, and what c's disk says comes late (S04)",
    nodes: THREE,
    lab: { ...LIVELY, logs: { a: [1, 1, 1], b: [1, 1, 1], c: [] }, snapshots: { a: 3, b: 4 }, hasSlowSinks: true },
    prelude: (table) => void table.cut("a", "b").elect("a").heal(),
    disk: "prompt",
    clocks: "shared",
    losesHeartbeats: true,
    termMax: 3,
    budget: { ...NOTHING, timeouts: 2, breaks: 1 },
    depthMax: 12,
  },
  {
    name: "rotten-snapshots",
    about: "a leads b, c is behind; they save two snapshots, and the newest one rots (S03, S09)",
    nodes: THREE,
    lab: { ...LIVELY, logs: { a: [1], b: [1] }, compactionMarginEntries: 0 },
    prelude: (table) => void table.elect("a"),
    disk: "prompt",
    clocks: "shared",
    losesHeartbeats: true,
    termMax: 3,
    budget: { ...NOTHING, timeouts: 1, proposals: 1, snapshots: 2, rots: 1 },
    depthMax: 10,
  },
  {
    name: "late-words",
    about: "what a said first is still under way to b, whose log has forgotten what it is about (R01, R02)",
    nodes: THREE,
    lab: { ...LIVELY, compactionMarginEntries: 0 },
    prelude: (table) => {
      table.timeOut("a");
      table.persist("a");
      for (const type of ["VoteRequest", "VoteResponse"]) {
        table.deliver(({ message }) => message.type === type);
        for (const id of ["b", "c"]) table.persist(id);
      }
      const late = [...table.wire];
      for (const payload of ["x", "y"]) {
        table.settle().propose("a", payload);
        table.settle().step("b", { type: "SnapshotRequested" });
      }
      table.settle();
      table.wire.push(...late);
    },
    disk: "prompt",
    clocks: "shared",
    losesHeartbeats: true,
    termMax: 2,
    budget: { ...NOTHING, timeouts: 2, snapshots: 1 },
    depthMax: 10,
  },
];
