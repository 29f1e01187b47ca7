export {
  FAULT_PREFIX,
  type JournalCall,
  type JournalLine,
  JournalMachine,
  journalCodec,
  journalStateMachine,
  REJECTED_PREFIX,
} from "./cluster/journal-machine.js";
export { TestCluster } from "./cluster/test-cluster.js";
export type { Outcome, TestClusterOptions } from "./cluster/test-cluster-options.js";
export { type JournalNode, type ObservedEvent, TestMember } from "./cluster/test-member.js";
export type { MessageFilter, MessageOf, SeenMessage } from "./cluster/wire-record.js";
export type { Nondeterminism, NondeterminismKind } from "./determinism/nondeterminism.js";
export {
  determinismWatch,
  NONDETERMINISM_REPORTS_MAX,
  type WatchDeterminismOptions,
  watchDeterminism,
} from "./determinism/watch-determinism.js";
export {
  type DiskBallot,
  type DiskEntry,
  type DiskIdentity,
  type Founding,
  MemoryDisk,
  type MemoryDiskOptions,
} from "./disk/memory-disk.js";
export { MemoryGroupDisk, memoryGroupStorage } from "./disk/memory-group-storage.js";
export { MemoryLogStorage } from "./disk/memory-log-storage.js";
export { MemorySnapshotStorage } from "./disk/memory-snapshot-storage.js";
export { memoryStorage } from "./disk/memory-storage.js";
export {
  byChance,
  damaged,
  doubled,
  drifting,
  failing,
  failingAfterwards,
  from,
  held,
  lost,
  nth,
  throwing,
  type When,
} from "./faults/faults.js";
export { type Fault, type FaultPlan, type FaultyCall, faulty, withFaults } from "./faults/faulty.js";
export type { MessageStage } from "./network/medium.js";
export {
  MemoryNetwork,
  type MemoryNetworkOptions,
  type MessageListener,
} from "./network/memory-network.js";
export { MemoryTransport } from "./network/memory-transport.js";
export type { Carrier, Latency, MessagePredicate } from "./network/wire.js";
export { crc32 } from "./time/crc32.js";
export { SeededRandom } from "./time/seeded-random.js";
export { VirtualHost, virtualRuntime } from "./time/virtual-host.js";
export { VirtualTime } from "./time/virtual-time.js";
