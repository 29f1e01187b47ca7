import { canonicalText } from "./canonical-text.js";
import type { CompletedOperation, PossibleOperation } from "./history.js";
import type { SearchResult } from "./order-search.js";
import { ANY_RESULT, type SequentialModel } from "./sequential-model.js";

/** An order that explains everything up to the contradiction, and cannot be continued. */
export interface LongestPrefix<Operation, Result> {
  /** The operations, in that order. */
  readonly order: readonly PossibleOperation<Operation, Result>[];
  /** The model's text of the state it leads to. */
  readonly state: string;
}

/** Why a history is not linearizable. */
export interface Contradiction<Operation, Result> {
  /** The part of the state, as the model names it. */
  readonly part: string;
  /**
   * No order gets past its return: what was called up to there has none. What returned before it has. It need not be the
   * wrong answer itself: it contradicts what overlaps it, or what came before.
   */
  readonly culprit: CompletedOperation<Operation, Result>;
  /** What was under way together with it. */
  readonly concurrent: readonly PossibleOperation<Operation, Result>[];
  /** The longest orders up to there, with different states; at most four. */
  readonly prefixes: readonly LongestPrefix<Operation, Result>[];
  /** All of it, for people. */
  readonly text: string;
}

/** Operations of a prefix that the text shows; what comes before them is seldom the cause. */
const SHOWN_MAX = 12;

/** Makes of what the search left behind something to read. */
export function contradictionOf<State, Operation, Result>(
  model: SequentialModel<State, Operation, Result>,
  part: string,
  operations: readonly PossibleOperation<Operation, Result>[],
  { blocker, longest }: Extract<SearchResult, { kind: "none" }>,
): Contradiction<Operation, Result> {
  const culprit = operations[blocker] as CompletedOperation<Operation, Result>;
  const returnOf = (each: PossibleOperation<Operation, Result>): number =>
    each.outcome === "ok" ? each.returnedAt : Number.POSITIVE_INFINITY;
  const concurrent = operations.filter(
    (each) => each !== culprit && each.calledAt <= culprit.returnedAt && returnOf(each) >= culprit.calledAt,
  );
  const prefixes = longest.map(({ order, state }) => ({
    order: order.map((at) => operations[at] as PossibleOperation<Operation, Result>),
    state,
  }));
  const words = (each: PossibleOperation<Operation, Result>): string => inWords(model, each);
  const text = [
    `${part === "" ? "No" : `${part}: no`} order of the operations gets past ${words(culprit)}.`,
    "The longest orders up to there, and the states they lead to:",
    ...prefixes.map(({ order, state }) => {
      const hidden = Math.max(0, order.length - SHOWN_MAX);
      const shown = order.slice(hidden).map(words).join("; ");
      return `  ${hidden > 0 ? `… ${hidden} more … ` : ""}${shown === "" ? "(nothing)" : shown}  ⇒ ${state}`;
    }),
    ...(concurrent.length === 0
      ? []
      : ["Under way at the same time:", ...concurrent.map((each) => `  ${words(each)}`)]),
  ].join("\n");
  return { part, culprit, concurrent, prefixes, text };
}

function inWords<State, Operation, Result>(
  model: SequentialModel<State, Operation, Result>,
  operation: PossibleOperation<Operation, Result>,
): string {
  const isKnown = operation.outcome === "ok";
  const what =
    model.inWords?.(operation.operation, isKnown ? operation.result : ANY_RESULT) ??
    `${canonicalText(operation.operation)} → ${isKnown ? canonicalText(operation.result) : "?"}`;
  return `${operation.client}: ${what} [${operation.calledAt}, ${isKnown ? operation.returnedAt : "∞"}]`;
}
