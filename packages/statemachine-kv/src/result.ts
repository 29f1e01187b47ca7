import type { Rejected } from "@hexraft/core/ports";
import type { KvCommand } from "./command.js";

/** Of a put. */
export interface KvPutResult {
  /** Kind. */
  readonly type: "put";
  /** Whether the condition, if there was one, was met. */
  readonly done: boolean;
  /** The value before, or `null`; there only if it was asked for. */
  readonly previous?: Uint8Array | null;
}

/** Of a multiPut. */
export interface KvMultiPutResult {
  /** Kind. */
  readonly type: "multiPut";
  /** Entries written. */
  readonly written: number;
}

/** Of a delete. */
export interface KvDeleteResult {
  /** Kind. */
  readonly type: "delete";
  /** Keys that were there. */
  readonly deleted: number;
}

/** Of a compareAndSet. */
export interface KvCompareAndSetResult {
  /** Kind. */
  readonly type: "compareAndSet";
  /** Whether the key held what was expected. */
  readonly done: boolean;
  /** What it held instead, if not done; `null` if it was not there, or if done. */
  readonly actual: Uint8Array | null;
}

/** Of an increment. */
export interface KvIncrementResult {
  /** Kind. */
  readonly type: "increment";
  /** The sum. */
  readonly value: bigint;
}

/** Of an expire. */
export interface KvExpireResult {
  /** Kind. */
  readonly type: "expire";
  /** Whether the key was there. */
  readonly done: boolean;
}

/** Of a persist. */
export interface KvPersistResult {
  /** Kind. */
  readonly type: "persist";
  /** Whether the key was there and had a deadline. */
  readonly done: boolean;
}

/** Of one change. */
export type KvSimpleResult =
  | KvPutResult
  | KvMultiPutResult
  | KvDeleteResult
  | KvCompareAndSetResult
  | KvIncrementResult
  | KvExpireResult
  | KvPersistResult;

/** Of a batch that was done. */
export interface KvBatchResult {
  /** Kind. */
  readonly type: "batch";
  /** One per command, in order. */
  readonly results: readonly KvSimpleResult[];
}

/**
 * Why a command was rejected (F01): `NotAnInteger`, `OutOfRange` (increment), `BatchRejected` (the reason names the
 * command), `BadCommand` (bytes that are no command were in the log).
 */
export type KvRejection = "NotAnInteger" | "OutOfRange" | "BatchRejected" | "BadCommand";

/** What a command results in. Its bytes belong to the caller. */
export type KvResult = KvSimpleResult | KvBatchResult | Rejected;

/** What this kind of command results in. */
export type KvResultOf<C extends KvCommand> = Extract<KvResult, Pick<C, "type">> | Rejected;
