import { ANY_RESULT, type HistoryOperation, IMPOSSIBLE, type SequentialModel } from "../../src/linearizability.js";

/**
 * The definition itself, without any thought: tries every subset of the open operations and every permutation. For
 * histories of up to six operations.
 */
export function hasOrder<S, O, R>(
  model: SequentialModel<S, O, R>,
  history: readonly HistoryOperation<O, R>[],
): boolean {
  const known = history.filter(({ outcome }) => outcome === "ok");
  const open = history.filter(({ outcome }) => outcome === "unknown");
  return subsets(open).some((some) => permutations([...known, ...some]).some((order) => explains(model, order)));
}

function explains<S, O, R>(model: SequentialModel<S, O, R>, order: readonly HistoryOperation<O, R>[]): boolean {
  let state = model.initial();
  for (const [at, each] of order.entries()) {
    const tooLate = order.slice(at + 1).some((later) => later.outcome === "ok" && later.returnedAt < each.calledAt);
    if (tooLate) return false;
    const after = model.step(state, each.operation, each.outcome === "ok" ? each.result : ANY_RESULT);
    if (after === IMPOSSIBLE) return false;
    state = after;
  }
  return true;
}

function subsets<T>([first, ...rest]: readonly T[]): T[][] {
  if (first === undefined) return [[]];
  return subsets(rest).flatMap((some) => [some, [first, ...some]]);
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}
