import { type Contradiction, contradictionOf } from "./contradiction.js";
import type { HistoryOperation, PossibleOperation } from "./history.js";
import { OrderSearch } from "./order-search.js";
import type { SequentialModel } from "./sequential-model.js";

/** When a check gives up. What it then says is *undecided*. */
export interface CheckLimits {
  /** Wall-clock time for the whole history, ms. Default: none, so that the verdict is the same on every machine. */
  readonly timeoutMs?: number;
  /** Times that the model may be asked, per part. Default 5,000,000. */
  readonly stepsMax?: number;
  /** Sets of operations done that are remembered, per part; each takes some 100 bytes and the state's text. Default 2,000,000. */
  readonly configurationsMax?: number;
}

/** What a check found. */
export interface LinearizabilityReport<Operation, Result> {
  /**
   * - *linearizable*: there is an order in which each operation takes effect at one instant between call and return.
   * - *not-linearizable*: there is none; `contradiction` says where it breaks.
   * - *undecided*: a limit was reached first, `reason` says which; no part that was decided is wrong.
   */
  readonly verdict: "linearizable" | "not-linearizable" | "undecided";
  /** Of an undecided check. */
  readonly reason?: string;
  /** Of a history that is not linearizable. */
  readonly contradiction?: Contradiction<Operation, Result>;
  /** For each part that was decided as linearizable, an order that explains it; open operations that are not in it need not have happened. */
  readonly orders: ReadonlyMap<string, readonly PossibleOperation<Operation, Result>[]>;
  /** Times that the model was asked. */
  readonly steps: number;
  /** Configurations that were remembered, of all parts together. */
  readonly configurations: number;
}

const STEPS_MAX = 5_000_000;
const CONFIGURATIONS_MAX = 2_000_000;

/**
 * Whether what clients saw can be explained by operations that took effect one at a time, each between its call and its
 * return: Wing and Gong's search with Lowe's memory, part by part (P-compositionality), as in Porcupine. It looks at the
 * clients' history alone, so that a log which lies cannot fool it.
 *
 * @param model - what the service is meant to be.
 * @param history - in any order; refused operations are left out, unknown ones stay open for ever.
 * @param limits - when to give up.
 * @throws RangeError if an operation returned before it was called, or a time is no number.
 *
 * @example
 * ```ts
 * const report = checkLinearizable(registerModel(), recorder.history());
 * if (report.verdict === "not-linearizable") throw new Error(report.contradiction?.text);
 * ```
 */
export function checkLinearizable<State, Operation, Result>(
  model: SequentialModel<State, Operation, Result>,
  history: readonly HistoryOperation<Operation, Result>[],
  limits: CheckLimits = {},
): LinearizabilityReport<Operation, Result> {
  const { timeoutMs = Number.POSITIVE_INFINITY, stepsMax = STEPS_MAX, configurationsMax = CONFIGURATIONS_MAX } = limits;
  const deadline = performance.now() + timeoutMs;
  const isOverdue = timeoutMs === Number.POSITIVE_INFINITY ? () => false : () => performance.now() > deadline;
  const orders = new Map<string, readonly PossibleOperation<Operation, Result>[]>();
  let steps = 0;
  let configurations = 0;
  let reason: string | undefined;
  for (const [part, operations] of partsOf(model, history)) {
    const search = new OrderSearch(model, operations, { stepsMax, configurationsMax, isOverdue });
    const result = search.run();
    steps += search.steps;
    configurations += search.configurations;
    if (result.kind === "none") {
      const contradiction = contradictionOf(model, part, operations, result);
      return { verdict: "not-linearizable", contradiction, orders, steps, configurations };
    }
    // Another part may still be plainly wrong.
    if (result.kind === "undecided") reason ??= `part ${JSON.stringify(part)}: ${result.reason}`;
    else
      orders.set(
        part,
        result.order.map((at) => operations[at] as PossibleOperation<Operation, Result>),
      );
  }
  if (reason !== undefined) return { verdict: "undecided", reason, orders, steps, configurations };
  return { verdict: "linearizable", orders, steps, configurations };
}

function partsOf<State, Operation, Result>(
  model: SequentialModel<State, Operation, Result>,
  history: readonly HistoryOperation<Operation, Result>[],
): Map<string, PossibleOperation<Operation, Result>[]> {
  const parts = new Map<string, PossibleOperation<Operation, Result>[]>();
  for (const operation of history) {
    if (operation.outcome === "refused") continue;
    const returnedAt = operation.outcome === "ok" ? operation.returnedAt : operation.calledAt;
    if (!(operation.calledAt <= returnedAt))
      throw new RangeError(
        `An operation of client ${operation.client} was called at ${operation.calledAt} and returned at ${returnedAt}; record both on one clock.`,
      );
    const part = model.partOf?.(operation.operation) ?? "";
    const known = parts.get(part);
    if (known === undefined) parts.set(part, [operation]);
    else known.push(operation);
  }
  for (const operations of parts.values()) operations.sort((a, b) => a.calledAt - b.calledAt);
  return parts;
}
