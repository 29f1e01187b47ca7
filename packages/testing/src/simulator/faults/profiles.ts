import { type FaultKind, LOSSES } from "./fault.js";
import type { Profile } from "./plan.js";

const NETWORK: readonly FaultKind[] = [
  "cut",
  "half-open",
  "isolate",
  "split",
  "bridge",
  "ring",
  "noise",
  "slow-link",
  "reset",
];
const PROCESS: readonly FaultKind[] = [
  "crash",
  "crash-in-io",
  "crash-all",
  "pause",
  "clock-rate",
  "clock-freeze",
  "wall-jump",
  "graceful-restart",
];
const DISK: readonly FaultKind[] = ["slow-disk", "disk-fault"];
const OPERATOR: readonly FaultKind[] = ["snapshot", "transfer"];

/** What all profiles begin with. */
const everything: Profile = {
  name: "everything",
  nodes: [3, 5],
  clients: 5,
  callsPerSecond: 20,
  durationMs: 60_000,
  electionTimeoutMs: [500, 1_000],
  kinds: [...NETWORK, ...PROCESS, ...DISK, ...LOSSES, ...OPERATOR, "change"],
  everyMs: 6_000,
  mustShow: [
    "elections",
    "crashInsideIo",
    "shadowCrashes",
    "truncations",
    "snapshotInstalls",
    "snapshotsSaved",
    "configurationChanges",
    "calls.ok",
    "calls.refused",
    "calls.unknown",
    "storageFailures",
    "operator.rejoin.ok",
    ...["bit-rot", "zeroed-block", "misdirected-write", "lost-write"].map((how) => `rot.${how}`),
    ...[...NETWORK, ...PROCESS, ...DISK, ...LOSSES, ...OPERATOR, "change"].map((kind) => `fault.${kind}`),
    ...["lost", "doubled", "overtaken", "late"].map((fate) => `message.${fate}`),
  ],
};

const swarm: Profile = {
  ...everything,
  name: "swarm",
  witnessEvery: 4,
  sessionsEvery: 4,
  upgradesEvery: 4,
  mustShow: [
    ...(everything.mustShow ?? []),
    ...["opened", "repeated", "expired"].map((what) => `sessions.${what}`),
    ...["ballots", "snapshotsSaved", "snapshotInstalls"].map((what) => `witness.${what}`),
    ...["restarts", "opened"].map((what) => `upgrades.${what}`),
  ],
};

/** Profiles to draw plans from. */
export const profiles: Readonly<Record<"swarm" | "user" | "load" | "calm" | "rot" | "reads" | "membership", Profile>> =
  {
    /** Everything that can go wrong. */
    swarm,
    /** Short and fierce, for a state machine of one's own. */
    user: {
      ...everything,
      name: "user",
      nodes: [3],
      durationMs: 15_000,
      electionTimeoutMs: [300],
      everyMs: 2_000,
      kinds: [...NETWORK, "crash", "crash-in-io", "crash-all", "pause", ...OPERATOR],
      mustShow: [],
    },
    /** Five nodes under load, everything switched on: what speed is measured with. */
    load: { ...everything, name: "load", nodes: [5], electionTimeoutMs: [1_000], mustShow: [] },
    /** Disks rot everywhere, with no quorum spared: nothing wrong may be said, and nothing more is asked for. */
    rot: {
      ...everything,
      name: "rot",
      kinds: [...NETWORK, ...PROCESS, "slow-disk", "rot", ...OPERATOR],
      everyMs: 8_000,
      always: { kinds: ["rot"], everyMs: 8_000 },
      safetyOnly: true,
      mustShow: [
        "elections",
        "calls.ok",
        "fault.rot",
        "damaged",
        ...["found", "repaired", "forgotten"].map((stage) => `damage.${stage}`),
      ],
    },
    /** Reads under leases, of bounded age and by tokens, on clocks that differ by no more than nodes were told. */
    reads: {
      ...everything,
      name: "reads",
      clients: 8,
      callsPerSecond: 60,
      durationMs: 30_000,
      kinds: [...NETWORK, ...PROCESS, "slow-disk", ...OPERATOR, "change"],
      clockRates: [0.976, 1.024],
      readsVary: true,
      mustShow: [
        "elections",
        "calls.ok",
        ...["clock-rate", "clock-freeze", "pause", "transfer"].map((kind) => `fault.${kind}`),
        ...["linearizable", "lease", "local", "maxStalenessMs", "atLeast"].map((consistency) => `reads.${consistency}`),
      ],
    },
    /** Operators who change the members and hand over leadership all the time, several at once, while whoever they mean crashes and is cut off. */
    membership: {
      ...everything,
      name: "membership",
      nodes: [3, 5, 7],
      durationMs: 30_000,
      electionTimeoutMs: [300, 500],
      witnessEvery: 4,
      kinds: [...NETWORK, ...PROCESS, ...DISK, "wipe", ...OPERATOR, "change", "orphaned-change"],
      always: { kinds: ["change", "transfer"], everyMs: 1_500 },
      mustShow: [
        "elections",
        "calls.ok",
        "crashInsideIo",
        "snapshotInstalls",
        "configurationChanges",
        ...["joint", "withLearners", "withoutItsLeader", "undone"].map((what) => `configuration.${what}`),
        ...["change.ok", "change.refused", "transfer.ok", "transfer.refused", "rejoin.ok"].map(
          (what) => `operator.${what}`,
        ),
        ...["change", "orphaned-change", "transfer", "crash", "isolate", "wipe"].map((kind) => `fault.${kind}`),
      ],
    },
    /** Nothing goes wrong. */
    calm: { ...everything, name: "calm", kinds: [], mustShow: ["elections", "calls.ok"] },
  };
