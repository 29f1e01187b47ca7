import { sameValue } from "../canonical-text.js";
import { ANY_RESULT, IMPOSSIBLE, type SequentialModel } from "../sequential-model.js";

/** Reads a key. */
export interface KvGetOperation {
  /** Discriminator. */
  readonly type: "get";
  /** The key. */
  readonly key: string;
}
/** Sets a key. */
export interface KvPutOperation {
  /** Discriminator. */
  readonly type: "put";
  /** The key. */
  readonly key: string;
  /** What it holds afterwards. */
  readonly value: string;
  /** Only if the key is so. */
  readonly condition?: "absent" | "present";
  /** Answers what the key held before. */
  readonly returnPrevious?: true;
}
/** Removes a key. */
export interface KvDeleteOperation {
  /** Discriminator. */
  readonly type: "delete";
  /** The key. */
  readonly key: string;
}
/** Sets or removes a key, if it holds what is expected. */
export interface KvCompareAndSetOperation {
  /** Discriminator. */
  readonly type: "compareAndSet";
  /** The key. */
  readonly key: string;
  /** What it must hold; `null`: it must be absent. */
  readonly expected: string | null;
  /** What it holds afterwards; `null`: it is removed. */
  readonly value: string | null;
}
/** Adds to the integer that a key holds. */
export interface KvIncrementOperation {
  /** Discriminator. */
  readonly type: "increment";
  /** The key. */
  readonly key: string;
  /** What is added. */
  readonly by: bigint;
}
/** What can be asked of one key, in the words of the key-value state machine; values as text, and without times to live. */
export type KvOperation =
  | KvGetOperation
  | KvPutOperation
  | KvDeleteOperation
  | KvCompareAndSetOperation
  | KvIncrementOperation;

/** What a read found. */
export interface KvGetOutcome {
  /** Discriminator. */
  readonly type: "get";
  /** `null`: the key is absent. */
  readonly value: string | null;
}
/** Whether a put met its condition. */
export interface KvPutOutcome {
  /** Discriminator. */
  readonly type: "put";
  /** Whether it was done. */
  readonly done: boolean;
  /** What the key held before, if that was asked. */
  readonly previous?: string | null;
}
/** What a delete removed. */
export interface KvDeleteOutcome {
  /** Discriminator. */
  readonly type: "delete";
  /** 0 or 1. */
  readonly deleted: number;
}
/** Whether a comparison was met. */
export interface KvCompareAndSetOutcome {
  /** Discriminator. */
  readonly type: "compareAndSet";
  /** Whether it was. */
  readonly done: boolean;
  /** What the key holds instead, if not. */
  readonly actual: string | null;
}
/** The sum. */
export interface KvIncrementOutcome {
  /** Discriminator. */
  readonly type: "increment";
  /** The sum. */
  readonly value: bigint;
}
/** A command that could not be done (F01). */
export interface KvRejectedOutcome {
  /** Discriminator. */
  readonly type: "rejected";
  /** Why. */
  readonly code: "NotAnInteger" | "OutOfRange";
}
/** What it answers. */
export type KvOperationResult =
  | KvGetOutcome
  | KvPutOutcome
  | KvDeleteOutcome
  | KvCompareAndSetOutcome
  | KvIncrementOutcome
  | KvRejectedOutcome;

interface Answered {
  readonly held: string | null;
  readonly result: KvOperationResult;
}

/** A map from keys to values, each key a part of its own: put, get, delete, compareAndSet, increment. */
export function kvModel(): SequentialModel<string | null, KvOperation, KvOperationResult> {
  return {
    initial: () => null,
    step(held, operation, result) {
      const answered = answer(held, operation);
      return result === ANY_RESULT || sameValue(result, answered.result) ? answered.held : IMPOSSIBLE;
    },
    keyOf: (held) => (held === null ? "-" : `=${held}`),
    isReadOnly: ({ type }, result) =>
      type === "get" || result.type === "rejected" || ("done" in result && !result.done),
    partOf: ({ key }) => key,
  };
}

function answer(held: string | null, operation: KvOperation): Answered {
  switch (operation.type) {
    case "get":
      return { held, result: { type: "get", value: held } };
    case "put": {
      const { condition, value, returnPrevious } = operation;
      const done = condition === undefined || (condition === "present") === (held !== null);
      const result = { type: "put", done, ...(returnPrevious === true && { previous: held }) } as const;
      return { held: done ? value : held, result };
    }
    case "delete":
      return { held: null, result: { type: "delete", deleted: held === null ? 0 : 1 } };
    case "compareAndSet":
      if (held !== operation.expected) return { held, result: { type: "compareAndSet", done: false, actual: held } };
      return { held: operation.value, result: { type: "compareAndSet", done: true, actual: null } };
    case "increment":
      return incremented(held, operation.by);
    default:
      return operation satisfies never;
  }
}

const INTEGER = /^(0|-?[1-9]\d{0,18})$/;
const INTEGER_MIN = -(2n ** 63n);
const INTEGER_MAX = 2n ** 63n - 1n;
const isInRange = (value: bigint): boolean => value >= INTEGER_MIN && value <= INTEGER_MAX;

/** A missing key counts as 0; what is no signed 64-bit integer, or would leave that range, is rejected and stays. */
function incremented(held: string | null, by: bigint): Answered {
  const old = held === null ? 0n : INTEGER.test(held) ? BigInt(held) : undefined;
  if (old === undefined || !isInRange(old)) return { held, result: { type: "rejected", code: "NotAnInteger" } };
  const value = old + by;
  if (!isInRange(value)) return { held, result: { type: "rejected", code: "OutOfRange" } };
  return { held: String(value), result: { type: "increment", value } };
}
