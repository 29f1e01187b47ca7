/**
 * The simulator: whole clusters of production nodes on virtual time, from one seed, with faults of network, process, disk
 * and clock, and every invariant judged after every event.
 *
 * @module simulator
 */
export { History, type Operation } from "./simulator/clients/history.js";
export type { ClientAct, Model, ModelStep, Place, Workload } from "./simulator/clients/model.js";
export type { SessionNumbers, Sessions } from "./simulator/clients/sessions.js";
export { checkWitness, type WitnessCase } from "./simulator/clients/witness.js";
export { type Fault, type FaultAct, type FaultKind, faultText } from "./simulator/faults/fault.js";
export type { Order } from "./simulator/faults/operators.js";
export type { Plan, Profile } from "./simulator/faults/plan.js";
export { profiles } from "./simulator/faults/profiles.js";
export { planOf } from "./simulator/faults/swarm.js";
export type { TreeImage } from "./simulator/files/directory-tree.js";
export { GrowingBytes } from "./simulator/files/growing-bytes.js";
export { Inode, type Survival } from "./simulator/files/inode.js";
export { Crashed } from "./simulator/files/life.js";
export { SimulatedFileSystem } from "./simulator/files/simulated-file-system.js";
export type { AppliedEntry } from "./simulator/invariants/applies.js";
export { type Accuse, Violation } from "./simulator/invariants/violation.js";
export type { RunReport } from "./simulator/run-report.js";
export { SHRINK_RUNS_MAX, type Shrunk, shrink } from "./simulator/shrink.js";
export { type SimulateOptions, type SimulateReport, simulate } from "./simulator/simulate.js";
export { type RunOptions, Simulation } from "./simulator/simulation.js";
export { Stage } from "./simulator/stage.js";
export { type Cast, play } from "./simulator/story.js";
export { Counters } from "./simulator/trace/counters.js";
export { traceAsMermaid, traceAsNdjson, traceAsText } from "./simulator/trace/render.js";
export type { TracedMessage, TraceLine } from "./simulator/trace/trace.js";
export {
  readTranscript,
  STORY_LINES_MAX,
  TRANSCRIPT_HEADER,
  type Transcript,
  writeTranscript,
} from "./simulator/trace/transcript.js";
export { STAGE_MESSAGES_MAX, type StageFilter } from "./simulator/wiretap.js";
export { fileKit } from "./simulator/world/file-kit.js";
export { memoryKit } from "./simulator/world/memory-kit.js";
export type { DiskFault, DiskKit, Rot, SimulatedDisk } from "./simulator/world/simulated-disk.js";
export { SimulatedHost } from "./simulator/world/simulated-host.js";
export type { Fate } from "./simulator/world/simulated-network.js";
export { type Appointment, SimulatedTime } from "./simulator/world/simulated-time.js";
export type { Contradicted, Releases, World } from "./simulator/world/world.js";
