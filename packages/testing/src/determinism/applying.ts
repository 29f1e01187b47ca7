import { builtin } from "./builtin.js";

/** Who is applying, as far as the host can tell: behind every `await`, too, where it follows calls through them. */
export interface Applying<T extends object> {
  /** Calls `work` for `who`. */
  run<Result>(who: T, work: () => Result): Result;
  /** Calls `work` for nobody. */
  exit<Result>(work: () => Result): Result;
  /** For whom the code runs that asks. */
  getStore(): T | undefined;
}

/** Follows calls through promises and callbacks on Node.js; elsewhere as long as `work` has not returned. */
export function applying<T extends object>(): Applying<T> {
  const hooks = builtin("node:async_hooks");
  return hooks === undefined ? new UntilItReturns<T>() : new hooks.AsyncLocalStorage<T>();
}

class UntilItReturns<T extends object> implements Applying<T> {
  private who: T | undefined;

  run<Result>(who: T, work: () => Result): Result {
    return this.as(who, work);
  }

  exit<Result>(work: () => Result): Result {
    return this.as(undefined, work);
  }

  getStore(): T | undefined {
    return this.who;
  }

  private as<Result>(who: T | undefined, work: () => Result): Result {
    const before = this.who;
    this.who = who;
    try {
      return work();
    } finally {
      this.who = before;
    }
  }
}
