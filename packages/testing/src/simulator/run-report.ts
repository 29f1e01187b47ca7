import type { Violation } from "./invariants/violation.js";
import type { TraceLine } from "./trace/trace.js";

/** What a run showed. */
export interface RunReport {
  /** The plan's. */
  readonly seed: number;
  /** The first invariant that did not hold. */
  readonly violation: Violation | undefined;
  /** Virtual time at its end, ms. */
  readonly virtualMs: number;
  /** Things that happened. */
  readonly events: number;
  /** Equal for equal plans (I19). */
  readonly traceHash: string;
  /** How often each thing happened. */
  readonly counts: Readonly<Record<string, number>>;
  /** Whether the search for an order gave up. */
  readonly undecided: boolean;
  /** The trace, if it was kept. */
  readonly lines: readonly TraceLine[];
}
