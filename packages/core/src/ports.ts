/**
 * Ports, for authors of adapters: one interface and one DI token of the same name per port.
 *
 * @module ports
 */
export { type BackupAbout, backupBytesOf } from "./components/backup-layout.js";
export { type OpenedBackup, openBackup } from "./components/backup-stream.js";
export { announcedBlock, blockBytes, openBlock, verifyBlock } from "./components/block-codec.js";
export { ByteSource } from "./components/byte-source.js";
export { PeerBooks } from "./components/peer-books.js";
export {
  type Configuration,
  type ConfigurationEntry,
  configurationFault,
  isJoint,
  type Member,
  memberOf,
  NO_CONFIGURATION,
  votersOnly,
} from "./model/configuration.js";
export {
  decodeConfiguration,
  decodeConfigurationEntry,
  encodeConfiguration,
  encodeConfigurationEntry,
  isAddress,
} from "./model/configuration-layout.js";
export { type ErrorCode, type Outcome, RaftError } from "./model/errors.js";
export { badMessage, EXTRA_FIELDS_MAX, FieldReader } from "./model/field-reader.js";
export { FRESH_HARD_STATE, type HardState } from "./model/hard-state.js";
export { REASON_CHARACTERS_MAX } from "./model/layouts/forwarding-layouts.js";
export { BLOCK_COUNT_LIMIT, BLOCK_HEADER_BYTES, ENTRY_HEADER_BYTES, EntryType, LogBlock } from "./model/log-block.js";
export { holeError, holeText, type LogHole } from "./model/log-hole.js";
export {
  LOG_START,
  type LogId,
  type LogIndex,
  type Millis,
  TERM_MAX,
  type Term,
  type TermRun,
} from "./model/log-id.js";
export type * from "./model/message.js";
export { blocksOf } from "./model/message.js";
export {
  bodyOf,
  type EnvelopeHead,
  fromArray,
  fromBody,
  MESSAGE_CODES,
  toArray,
  versionOf,
} from "./model/message-layout.js";
export {
  type ClusterId,
  type DirectoryId,
  type GroupId,
  type Incarnation,
  isClusterId,
  isIncarnation,
  isName,
  type LocalIdentity,
  type NodeId,
  type RecoveryNumber,
  type ReplicaId,
  type StartNumber,
} from "./model/node-id.js";
export type { SnapshotMeta } from "./model/snapshot-meta.js";
export { Checksum, crc32Of } from "./ports/checksum.js";
export { Clock } from "./ports/clock.js";
export { Codec } from "./ports/codec.js";
export { type DirectoryLock, type FileHandle, FileSystem, parentOf } from "./ports/file-system.js";
export { type Gathered, GatheredBatch } from "./ports/gathered-batch.js";
export { GroupStorage, type GroupStores, type OpenedGroups, type OpenGroups } from "./ports/group-storage.js";
export { LogStorage, type LogWatcher, type LogWrite, type OpenedLog, type OpenLog } from "./ports/log-storage.js";
export { Logger } from "./ports/logger.js";
export { MembershipPolicy } from "./ports/membership-policy.js";
export { QuorumPolicy } from "./ports/quorum-policy.js";
export { RandomSource } from "./ports/random-source.js";
export { Scheduler } from "./ports/scheduler.js";
export { type SnapshotSink, SnapshotStorage } from "./ports/snapshot-storage.js";
export { CommandBatch, type OpenedState, Rejected, StateMachine } from "./ports/state-machine.js";
export { type RaftView, StepObserver } from "./ports/step-observer.js";
export { token } from "./ports/token.js";
export {
  type AbortSignalLike,
  type PeerAddress,
  type PeerIdentity,
  SENT_BYTES_HELD_MAX,
  type SnapshotStreamHeader,
  Transport,
  type TransportIdentity,
  type TransportReceiver,
} from "./ports/transport.js";
export { Turn } from "./ports/turn.js";
export type { AppendTransition, RefusedTransition, Transition } from "./protocol/policies.js";
export type { VoteResult } from "./protocol/quorum/vote-result.js";
