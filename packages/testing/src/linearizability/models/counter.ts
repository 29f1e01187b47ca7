import { ANY_RESULT, IMPOSSIBLE, type SequentialModel } from "../sequential-model.js";

/** Reads the number. */
export interface CounterRead {
  /** Discriminator. */
  readonly type: "read";
}
/** Adds to it. */
export interface CounterAdd {
  /** Discriminator. */
  readonly type: "add";
  /** What is added. */
  readonly by: number;
}
/** What can be asked of a counter. */
export type CounterOperation = CounterRead | CounterAdd;

/**
 * A number that is read and added to; both answer the number as it is then. An acknowledged addition that happened twice,
 * or never, is seen by the next answer.
 */
export function counterModel(): SequentialModel<number, CounterOperation, number> {
  return {
    initial: () => 0,
    step(held, operation, result) {
      const after = operation.type === "add" ? held + operation.by : held;
      return result === ANY_RESULT || result === after ? after : IMPOSSIBLE;
    },
    isReadOnly: ({ type }) => type === "read",
    keyOf: String,
  };
}
