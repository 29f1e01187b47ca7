/** An invariant that did not hold: which one, what was seen, and when. */
export class Violation extends Error {
  override readonly name = "Violation";
  constructor(
    /** `I1` … `I19`. */
    readonly invariant: string,
    /** What was seen. */
    readonly what: string,
  ) {
    super(`${invariant} ${what}`);
  }
}

/** Collects violations: the first one ends the run. */
export type Accuse = (invariant: string, what: string) => void;
