/** An invariant that did not hold: which one, what was seen, and when. */
export class Violation extends Error {
  /** `Violation`. */
  override readonly name = "Violation";
  /** The message is the invariant and what was seen. */
  constructor(
    /** `I1` … `I19`; `M12` where a witness does what none may, `F05` where releases meet what they cannot read, `F07` where a state machine does what none may. */
    readonly invariant: string,
    /** What was seen. */
    readonly what: string,
  ) {
    super(`${invariant} ${what}`);
  }
}

/** Collects violations: the first one ends the run. */
export type Accuse = (invariant: string, what: string) => void;
