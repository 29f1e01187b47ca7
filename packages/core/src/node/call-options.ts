import type { Millis } from "../model/log-id.js";
import type { AbortSignalLike } from "../ports/transport.js";

/** How long a call may take, and how it can be called off. */
export interface CallOptions {
  /**
   * Gives up after this long: a proposal with outcome *unknown* if it was already appended, else *refused*. ms, above 0.
   * Default: ten election timeouts, so that no promise hangs for ever. A change of members has no deadline.
   */
  readonly deadlineMs?: Millis;
  /** Gives up when aborted, likewise. */
  readonly signal?: AbortSignalLike;
}
