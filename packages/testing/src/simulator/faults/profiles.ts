import type { FaultKind } from "./fault.js";
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

const swarm: Profile = {
  name: "swarm",
  nodes: [3, 5],
  clients: 5,
  callsPerSecond: 20,
  durationMs: 60_000,
  electionTimeoutMs: [500, 1_000],
  kinds: [...NETWORK, ...PROCESS, ...DISK, ...OPERATOR, "change"],
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
    ...[...NETWORK, ...PROCESS, ...DISK, ...OPERATOR, "change"].map((kind) => `fault.${kind}`),
    ...["lost", "doubled", "overtaken", "late"].map((fate) => `message.${fate}`),
  ],
};

/** Profiles to draw plans from. */
export const profiles: Readonly<Record<"swarm" | "user" | "load" | "calm", Profile>> = {
  /** Everything that can go wrong. */
  swarm,
  /** Short and fierce, for a state machine of one's own. */
  user: {
    ...swarm,
    name: "user",
    nodes: [3],
    durationMs: 15_000,
    electionTimeoutMs: [300],
    everyMs: 2_000,
    kinds: [...NETWORK, "crash", "crash-in-io", "crash-all", "pause", ...OPERATOR],
    mustShow: [],
  },
  /** Five nodes under load, everything switched on: what speed is measured with. */
  load: { ...swarm, name: "load", nodes: [5], electionTimeoutMs: [1_000], mustShow: [] },
  /** Nothing goes wrong. */
  calm: { ...swarm, name: "calm", kinds: [], mustShow: ["elections", "calls.ok"] },
};
