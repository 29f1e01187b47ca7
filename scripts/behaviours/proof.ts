import type { Patch } from "../lib/workbench.js";

/**
 * How to take a rule out: one small edit per rule, and the tests that must turn red.
 * `pnpm behaviours --proved` applies each edit to a copy and looks.
 */
export interface Proof extends Patch {
  /** `E08`, or a case such as `E07/restarted`. A test that leads with it must fail. */
  readonly rule: string;
  /** Test files to run; without it, all tests of the file's package. */
  readonly tests?: readonly string[];
}
