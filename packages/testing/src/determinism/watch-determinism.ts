import { type CommandBatch, StateMachine } from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import { faulty } from "../faults/faulty.js";
import { ApplyWatch, watching } from "./apply-watch.js";
import type { Nondeterminism } from "./nondeterminism.js";

/** Who hears of what `apply` must not do. */
export interface WatchDeterminismOptions {
  /**
   * Hears of it, each place in the code once, when `apply` has returned and, of what was done later, when it has settled. It
   * may ask the clock itself. What it throws, `apply` throws.
   */
  readonly report: (found: Nondeterminism) => void;
  /** Most reports of one state machine; whole number ≥ 0. Default {@link NONDETERMINISM_REPORTS_MAX}. */
  readonly reportsMax?: number;
}

/** Most reports of one state machine, unless somebody says otherwise. */
export const NONDETERMINISM_REPORTS_MAX = 100;

/**
 * F07: the same state machine, watched while it applies, for development and tests. Reported is every use of the clock (`Date.now`,
 * `new Date()`, `performance.now`, `process.hrtime`), of chance (`Math.random`, `crypto`), of `fetch`, of timers and other work that
 * comes back later, and work that still runs when `apply` has settled. Each does what it always does; replaced are these functions
 * only while a watched `apply` runs, and put back at once, also when it throws.
 *
 * On Node.js it follows the state machine behind every `await`, and what others do meanwhile is not taken for its doing; elsewhere it watches until
 * `apply` returns. Not seen is a function that was kept before (`const { random } = Math`). What is not watched costs nothing; a
 * watched call of `apply` costs some 0.1 ms, and Date is another function meanwhile (`value.constructor === Date`).
 *
 * @example
 * ```ts
 * const told: string[] = [];
 * const machine = watchDeterminism(new Ledger(), { report: ({ text }) => told.push(text) });
 * // in apply of entries 5–7 Date.now was asked at Ledger.apply (/app/src/ledger.ts:31:23)
 * ```
 */
export function watchDeterminism<Machine extends StateMachine>(
  stateMachine: Machine,
  { report, reportsMax = NONDETERMINISM_REPORTS_MAX }: WatchDeterminismOptions,
): Machine {
  const told = new Set<string>();
  const tell = (found: readonly Nondeterminism[]): void => {
    for (const each of found) {
      const place = `${each.kind} ${each.call} ${each.at}`;
      if (told.has(place) || told.size >= reportsMax) continue;
      told.add(place);
      report(each);
    }
  };
  const watched = faulty<StateMachine>(stateMachine, {
    apply: ({ args: [batch], proceed }) => watchedApply(batch, () => proceed(), tell),
  });
  return watched as Machine;
}

/**
 * A module that watches whatever state machine the node's other modules bind: no line of theirs changes. See {@link watchDeterminism}.
 *
 * @example
 * ```ts
 * const inDevelopment = [determinismWatch({ report: ({ text }) => console.warn(text) })];
 * await createNode(options, [...adapters, ledger(), ...inDevelopment]);
 * ```
 */
export function determinismWatch(options: WatchDeterminismOptions): ContainerModule {
  return new ContainerModule(({ onActivation }) => {
    onActivation(StateMachine, (_context, machine) => watchDeterminism(machine, options));
  });
}

type Results = ReturnType<StateMachine["apply"]>;

function watchedApply(
  batch: CommandBatch,
  apply: () => Results,
  tell: (found: readonly Nondeterminism[]) => void,
): Results {
  const watch = new ApplyWatch(batch);
  const release = watching();
  const settled = (): void => {
    watch.end();
    release();
    tell(watch.take());
  };
  let results: Results;
  try {
    results = watch.run(apply);
  } catch (error) {
    settled();
    throw error;
  }
  if (!("then" in results)) {
    settled();
    return results;
  }
  return settling(results, () => tell(watch.take()), settled);
}

/** What was found before the first `await` is told at once: the rest may wait for ever, and that would be why. */
async function settling(
  results: Promise<readonly unknown[]>,
  tellNow: () => void,
  settled: () => void,
): Promise<readonly unknown[]> {
  try {
    tellNow();
    return await results;
  } finally {
    settled();
  }
}
