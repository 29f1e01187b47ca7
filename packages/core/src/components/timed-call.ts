import type { Millis } from "../model/log-id.js";
import type { AbortSignalLike } from "../ports/transport.js";
import type { ProposalGroup, SlotWatch } from "./proposal-group.js";

/** A proposal whose caller named a deadline or a signal of its own. Those that did not cost nothing here. */
export class TimedCall implements SlotWatch {
  private readonly onAbort: () => void;

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
    this.onAbort = () => abort(this);
    signal?.addEventListener("abort", this.onAbort, { once: true });
  }

  /** It was answered. */
  release(): void {
    this.signal?.removeEventListener("abort", this.onAbort);
    this.forget(this);
  }
}
