/** What `step` returns if that answer cannot be given in that state. */
export const IMPOSSIBLE: unique symbol = Symbol("hexraft.linearizability.impossible");

/** What `step` gets as result of an operation whose answer nobody saw: any answer fits. */
export const ANY_RESULT: unique symbol = Symbol("hexraft.linearizability.anyResult");

/**
 * A state machine as its users understand it: one operation at a time, no failures. Fill it in for your own. It must be
 * pure: the checker steps from the same state many times.
 *
 * @example
 * ```ts
 * const queue: SequentialModel<readonly string[], { push: string } | "pop", string | null> = {
 *   initial: () => [],
 *   step(items, operation, result) {
 *     if (operation !== "pop") return [...items, operation.push];
 *     const [first = null, ...rest] = items;
 *     return result === ANY_RESULT || result === first ? rest : IMPOSSIBLE;
 *   },
 *   keyOf: (items) => JSON.stringify(items),
 * };
 * ```
 */
export interface SequentialModel<State, Operation, Result> {
  /** The state before the first operation. */
  initial(): State;
  /**
   * The state after `operation`, or {@link IMPOSSIBLE} if it cannot answer `result` in this state. With
   * {@link ANY_RESULT}, the state after it whatever it answers; an operation that changes nothing returns `state`.
   */
  step(state: State, operation: Operation, result: Result | typeof ANY_RESULT): State | typeof IMPOSSIBLE;
  /** A text for the state: two states are the same if and only if their texts are equal. Kept for each state that is met. */
  keyOf(state: State): string;
  /**
   * The part of the state that an operation touches, e.g. its key; operations of different parts must not touch each other.
   * Each part is then checked by itself, from `initial` on, which is what makes long histories decidable. Left out: one part.
   */
  partOf?(operation: Operation): string;
  /**
   * Whether an operation that answered this changes no state whatever: reads, comparisons that were not met. Such a one is
   * put where it first fits, which keeps the search short. Left out: none is.
   */
  isReadOnly?(operation: Operation, result: Result): boolean;
  /** An operation for people, with its answer if there was one. Left out: as JSON. */
  inWords?(operation: Operation, result: Result | typeof ANY_RESULT): string;
}
