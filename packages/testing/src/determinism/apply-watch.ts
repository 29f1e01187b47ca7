import type { CommandBatch } from "@hexraft/core/ports";
import { applying } from "./applying.js";
import { BegunWork } from "./begun-work.js";
import { type Nondeterminism, type NondeterminismKind, nondeterminism } from "./nondeterminism.js";
import { isConsoles, isHostsBusiness, ownLineOf, stackFrom } from "./stack.js";
import { WatchedCalls } from "./watched-calls.js";

/** Most uses that one call of `apply` is asked about; what comes behind them is most likely the same again. */
const FOUND_MAX = 1_000;

/** One call of `apply`, and what was done for it. */
export class ApplyWatch {
  private found: Nondeterminism[] = [];
  private isOver = false;

  constructor(private readonly batch: CommandBatch) {}

  /** Those that are applied at the moment, by whoever runs. */
  static get current(): ApplyWatch | undefined {
    const watch = current.getStore();
    return watch?.isOver === true ? undefined : watch;
  }

  /** Calls `apply`. */
  run<Result>(apply: () => Result): Result {
    return current.run(this, apply);
  }

  /** A function was called whose answers differ. */
  heard(kind: NondeterminismKind, call: string, stackOf: () => string): void {
    if (this.found.length >= FOUND_MAX) return;
    const stack = stackOf();
    if (!isHostsBusiness(stack)) this.found.push(nondeterminism(kind, call, this.batch, stack));
  }

  /** It settled: what still runs is told of, as the one that was begun first. */
  end(): void {
    this.isOver = true;
    const left = begunWork.takeOf(this).filter(({ stack }) => !isConsoles(stack));
    const first = left.find(({ stack }) => ownLineOf(stack) !== "") ?? left[0];
    if (first !== undefined) this.found.push(nondeterminism("outlived", first.what, this.batch, first.stack));
  }

  /** What was found since the last time. */
  take(): readonly Nondeterminism[] {
    const { found } = this;
    this.found = [];
    return found;
  }
}

const current = applying<ApplyWatch>();
const begunWork = new BegunWork<ApplyWatch>(() => ApplyWatch.current);
const watchedCalls = new WatchedCalls((kind, call, caller, proceed) => {
  const watch = ApplyWatch.current;
  if (watch === undefined) return proceed();
  watch.heard(kind, call, () => stackFrom(caller));
  // It is told of: what comes of it, now or later, is no news.
  return current.exit(proceed);
});

/** Listens to what calls of `apply` do. @returns to be called once, when that one has settled. */
export function watching(): () => void {
  const releases = [watchedCalls.hold(), begunWork.hold()];
  return () => {
    for (const release of releases) release();
  };
}

/** Replaces what is watched once for many calls of `apply`, which then cost less. @returns to be called once: puts it back. */
export const holdWatchedCalls = (): (() => void) => watchedCalls.hold();
