import { sameValue } from "../canonical-text.js";
import { ANY_RESULT, IMPOSSIBLE, type SequentialModel } from "../sequential-model.js";

/** What can be asked of one key, in the words of the key-value state machine; values as text, and without times to live. */
export type KvOperation =
  | { readonly type: "get"; readonly key: string }
  | {
      readonly type: "put";
      readonly key: string;
      readonly value: string;
      readonly condition?: "absent" | "present";
      readonly returnPrevious?: true;
    }
  | { readonly type: "delete"; readonly key: string }
  | {
      readonly type: "compareAndSet";
      readonly key: string;
      readonly expected: string | null;
      readonly value: string | null;
    }
  | { readonly type: "increment"; readonly key: string; readonly by: bigint };

/** What it answers. `rejected`: the code of a command that could not be done (F01). */
export type KvOperationResult =
  | { readonly type: "get"; readonly value: string | null }
  | { readonly type: "put"; readonly done: boolean; readonly previous?: string | null }
  | { readonly type: "delete"; readonly deleted: number }
  | { readonly type: "compareAndSet"; readonly done: boolean; readonly actual: string | null }
  | { readonly type: "increment"; readonly value: bigint }
  | { readonly type: "rejected"; readonly code: "NotAnInteger" | "OutOfRange" };

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
