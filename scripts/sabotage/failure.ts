import type { Patch } from "../lib/workbench.js";

/**
 * One known failure of a real system. Violates: ES election safety, LM log matching, LC leader completeness, SMS
 * state-machine safety, LIN linearizability, DUR durability, EO exactly-once, CFG configuration safety, LIVE liveness.
 */
interface Known {
  /** `F-R05`; ids stay for ever. */
  readonly id: string;
  /** What went wrong there, in a sentence. */
  readonly what: string;
  /** What it broke. */
  readonly violates: string;
}

/** The same mistake, made in this project's sources. */
export interface Sabotage extends Known {
  /** Applied together; mostly one. */
  readonly patches: readonly Patch[];
  /** Test files that should notice. */
  readonly tests: readonly string[];
  /** Whether chance should notice, too: random worlds of pure nodes, or whole nodes on the simulator. */
  readonly chance?: "worlds" | "simulator";
}

/** A failure of something that is not there yet. */
export interface NotApplicable extends Known {
  readonly notApplicable: string;
}

export type Failure = Sabotage | NotApplicable;
