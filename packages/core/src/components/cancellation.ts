import type { AbortSignalLike } from "../ports/transport.js";

/** Calls something off: the part of the web's AbortController that the core needs, on hosts that have none. */
export class Cancellation {
  private readonly listeners = new Set<() => void>();
  private readonly state: AbortSignalLike & { aborted: boolean };
  /** Rejects when it is called off; never resolves. */
  readonly cancelled: Promise<never>;

  constructor() {
    const { listeners } = this;
    this.state = {
      aborted: false,
      addEventListener: (_type, listener) => void listeners.add(listener),
      removeEventListener: (_type, listener) => void listeners.delete(listener),
    };
    this.cancelled = new Promise((_resolve, reject) => {
      listeners.add(() => reject(new Error("called off")));
    });
    // Nobody may be waiting for it.
    this.cancelled.catch(() => {});
  }

  /** For those who are to stop. */
  get signal(): AbortSignalLike {
    return this.state;
  }

  /** Calls it off. Idempotent. */
  cancel(): void {
    if (this.state.aborted) return;
    this.state.aborted = true;
    for (const listener of this.listeners) listener();
    this.listeners.clear();
  }
}
