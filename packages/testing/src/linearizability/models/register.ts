import { canonicalText, sameValue } from "../canonical-text.js";
import { ANY_RESULT, IMPOSSIBLE, type SequentialModel } from "../sequential-model.js";

/** What can be asked of a register. */
export type RegisterOperation<Value> = ReadOperation | WriteOperation<Value>;
/** Reads it. */
export interface ReadOperation {
  /** Discriminator. */
  readonly type: "read";
}
/** Sets it. */
export interface WriteOperation<Value> {
  /** Discriminator. */
  readonly type: "write";
  /** What it holds afterwards. */
  readonly value: Value;
}
/** Sets it, if it holds what is expected. */
export interface CasOperation<Value> {
  /** Discriminator. */
  readonly type: "cas";
  /** What it must hold; `null`: nothing. */
  readonly expected: Value | null;
  /** What it holds afterwards. */
  readonly value: Value;
}
/** A read's value, or `null` from a write. */
export type RegisterResult<Value> = Value | null;

/** What can be asked of a register that compares and sets. */
export type CasRegisterOperation<Value> = RegisterOperation<Value> | CasOperation<Value>;
/** A read's value, whether a comparison was met, or `null` from a write. */
export type CasRegisterResult<Value> = Value | boolean | null;

/**
 * One cell that is read and written. Values are plain data.
 *
 * @param initial - what it holds at first; `null`: nothing.
 */
export function registerModel<Value>(
  initial: Value | null = null,
): SequentialModel<Value | null, RegisterOperation<Value>, RegisterResult<Value>> {
  return {
    initial: () => initial,
    step(held, operation, result) {
      if (operation.type === "write") return operation.value;
      return result === ANY_RESULT || sameValue(result, held) ? held : IMPOSSIBLE;
    },
    isReadOnly: ({ type }) => type === "read",
    keyOf: canonicalText,
  };
}

/**
 * A register that can also be set only if it holds what is expected; the comparison's outcome is its answer.
 *
 * @param initial - what it holds at first; `null`: nothing.
 */
export function casRegisterModel<Value>(
  initial: Value | null = null,
): SequentialModel<Value | null, CasRegisterOperation<Value>, CasRegisterResult<Value>> {
  return {
    initial: () => initial,
    step(held, operation, result) {
      if (operation.type === "write") return operation.value;
      if (operation.type === "read") return result === ANY_RESULT || sameValue(result, held) ? held : IMPOSSIBLE;
      const done = sameValue(held, operation.expected);
      if (result !== ANY_RESULT && result !== done) return IMPOSSIBLE;
      return done ? operation.value : held;
    },
    isReadOnly: ({ type }, result) => type === "read" || (type === "cas" && result === false),
    keyOf: canonicalText,
  };
}
