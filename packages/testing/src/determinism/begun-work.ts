import type { AsyncHook } from "node:async_hooks";
import { builtin } from "./builtin.js";
import { stackFrom } from "./stack.js";

/** What was begun and is not over. */
export interface Begun {
  /** `await`, or what the host calls it. */
  readonly what: string;
  /** Where it was begun. */
  readonly stack: string;
}

/** Most pieces of work that are kept in mind; of more than these nothing is told. */
const BEGUN_MAX = 10_000;

/** How what the host was asked to do is called, where somebody waits for it. */
const REQUEST = /(REQ(CALLBACK|PROMISE|WRAP)|CONNECTWRAP)$/;

/**
 * F07: continuations that wait, and what the host was asked to do, by whom it was begun; as long as somebody holds it. Only Node.js tells
 * of them. A promise that nobody waits for is no work.
 */
export class BegunWork<Beginner extends object> {
  private holders = 0;
  private readonly open = new Map<number, Begun & { readonly by: Beginner }>();
  private readonly hook: AsyncHook | undefined;

  /** @param beginner - whose code runs at the moment. */
  constructor(beginner: () => Beginner | undefined) {
    const hooks = builtin("node:async_hooks");
    const over = (id: number): void => void this.open.delete(id);
    const init = (id: number, type: string, trigger: number): void => {
      const by = beginner();
      if (by === undefined || this.open.size >= BEGUN_MAX) return;
      const isContinuation = type === "PROMISE" && trigger !== hooks?.executionAsyncId();
      if (!isContinuation && !REQUEST.test(type)) return;
      this.open.set(id, { by, what: isContinuation ? "await" : type, stack: stackFrom(init) });
    };
    this.hook = hooks?.createHook({
      init,
      after: over,
      destroy: over,
      promiseResolve: over,
    });
  }

  /** Listens, unless it does. @returns to be called once: with the last one it is over. */
  hold(): () => void {
    if (this.holders++ === 0) this.hook?.enable();
    return () => {
      if (--this.holders > 0) return;
      this.hook?.disable();
      this.open.clear();
    };
  }

  /** What that one began and is not over, oldest first; it is not asked about again. */
  takeOf(beginner: Beginner): readonly Begun[] {
    const left = [...this.open].filter(([, { by }]) => by === beginner);
    for (const [id] of left) this.open.delete(id);
    return left.map(([, begun]) => begun);
  }
}
