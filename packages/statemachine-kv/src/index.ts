/**
 * A replicated key-value state machine, and the commands and queries it understands.
 *
 * @module
 */
export type {
  KvAnswer,
  KvAnswerOf,
  KvEntry,
  KvExistsAnswer,
  KvGetAnswer,
  KvGetManyAnswer,
  KvRangeAnswer,
  KvScanAnswer,
  KvSizeAnswer,
  KvStatsAnswer,
  KvTtlAnswer,
} from "./answer.js";
export type { BytesLike } from "./bytes.js";
export {
  batch,
  compareAndSet,
  del,
  expire,
  INTEGER_MAX,
  INTEGER_MIN,
  increment,
  type KvBatch,
  type KvCommand,
  type KvCompareAndSet,
  type KvDelete,
  type KvExpire,
  type KvIncrement,
  type KvMultiPut,
  type KvPair,
  type KvPersist,
  type KvPut,
  type KvSimpleCommand,
  type Lifetime,
  type LifetimeOptions,
  multiPut,
  type PutOptions,
  persist,
  put,
  TTL_MS_MAX,
} from "./command.js";
export { KvCodec } from "./kv-codec.js";
export { DEFAULT_KV_LIMITS, type KvLimits } from "./kv-limits.js";
export { kvStateMachine } from "./kv-module.js";
export { KvStateMachine } from "./kv-state-machine.js";
export { LaidOutCommand } from "./laid-out-command.js";
export {
  ANSWER_BYTES_MAX,
  exists,
  get,
  getMany,
  type KvExists,
  type KvGet,
  type KvGetMany,
  type KvQuery,
  type KvRange,
  type KvScan,
  type KvSize,
  type KvStats,
  type KvTtl,
  PAGE_DEFAULT,
  PAGE_MAX,
  type RangeOptions,
  range,
  SCAN_START,
  scan,
  size,
  stats,
  ttl,
} from "./query.js";
export type {
  KvBatchResult,
  KvCompareAndSetResult,
  KvDeleteResult,
  KvExpireResult,
  KvIncrementResult,
  KvMultiPutResult,
  KvPersistResult,
  KvPutResult,
  KvRejection,
  KvResult,
  KvResultOf,
  KvSimpleResult,
} from "./result.js";
