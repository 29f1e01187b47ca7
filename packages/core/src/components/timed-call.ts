import type { Millis } from "../model/log-id.js";
import type { AbortSignalLike } from "../ports/transport.js";
import type { ProposalGroup, SlotWatch } from "./proposal-group.js";

/** A proposal whose caller named a deadline or a signal of its own. Those that did not cost nothing here. */
export class TimedCall implements SlotWatch {
  private onAbort: (() => void) | undefined;

  constructor(
    readonly group: ProposalGroup,
    /** Its place in the group. */
    public slot: number,
    /** When it gives up; infinite if it named none. ms. */
    readonly deadlineMs: Millis,
    private readonly signal: AbortSignalLike | undefined,
    abort: (call: TimedCall) => void,
    private readonly forget: (call: TimedCall) => void,
  ) {
    if (signal === undefined) return;
    const onAbort = (): void => abort(this);
    signal.addEventListener("abort", onAbort, { once: true });
    this.onAbort = onAbort;
  }

  /** It was answered. */
  release(): void {
    if (this.onAbort !== undefined) this.signal?.removeEventListener("abort", this.onAbort);
    this.forget(this);
  }
}
