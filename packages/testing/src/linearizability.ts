/**
 * Whether what clients saw was one machine: a linearizability checker, models to check against, and a recorder.
 *
 * @module linearizability
 */
export { canonicalText } from "./linearizability/canonical-text.js";
export {
  type CheckLimits,
  checkLinearizable,
  type LinearizabilityReport,
} from "./linearizability/check-linearizable.js";
export type { Contradiction, LongestPrefix } from "./linearizability/contradiction.js";
export type {
  CompletedOperation,
  HistoryOperation,
  OpenOperation,
  PossibleOperation,
  RefusedOperation,
} from "./linearizability/history.js";
export { HistoryRecorder, type RecordedCall } from "./linearizability/history-recorder.js";
export {
  type CounterAdd,
  type CounterOperation,
  type CounterRead,
  counterModel,
} from "./linearizability/models/counter.js";
export {
  type KvCompareAndSetOperation,
  type KvCompareAndSetOutcome,
  type KvDeleteOperation,
  type KvDeleteOutcome,
  type KvGetOperation,
  type KvGetOutcome,
  type KvIncrementOperation,
  type KvIncrementOutcome,
  type KvOperation,
  type KvOperationResult,
  type KvPutOperation,
  type KvPutOutcome,
  type KvRejectedOutcome,
  kvModel,
} from "./linearizability/models/kv.js";
export {
  type CasOperation,
  type CasRegisterOperation,
  type CasRegisterResult,
  casRegisterModel,
  type ReadOperation,
  type RegisterOperation,
  type RegisterResult,
  registerModel,
  type WriteOperation,
} from "./linearizability/models/register.js";
export { ANY_RESULT, IMPOSSIBLE, type SequentialModel } from "./linearizability/sequential-model.js";
