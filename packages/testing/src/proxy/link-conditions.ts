/** How bytes fare on the way from one name to another. */
export interface LinkConditions {
  /**
   * - *open*: they pass.
   * - *stalled*: they stay where they are and nobody is told, as when a cable is pulled; once it is open again they go on, as
   *   TCP's do.
   * - *refused*: connections of these two are reset, and new ones at once again.
   */
  readonly passage: "open" | "stalled" | "refused";
  /** What they are late by, ms, 0 or more; their order stays. */
  readonly delayMs: number;
  /** What they are late by beyond that at most, drawn anew for each piece, ms, 0 or more. */
  readonly jitterMs: number;
  /** How many pass per second, above 0; `Infinity`: as many as come. */
  readonly bytesPerSecond: number;
  /** How likely each piece that comes, of some 64 KiB at most, is lost together with its connection: 0 … 1. */
  readonly resetChance: number;
}

/** A link that has nothing wrong with it. */
export const CLEAR: LinkConditions = {
  passage: "open",
  delayMs: 0,
  jitterMs: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  resetChance: 0,
};

/** Fills in what was not said. @throws RangeError for a value that makes no sense. */
export function resolveConditions(given: Partial<LinkConditions>): LinkConditions {
  const conditions = { ...CLEAR, ...given };
  const { delayMs, jitterMs, bytesPerSecond, resetChance } = conditions;
  const must = (holds: boolean, rule: string) => {
    if (!holds) throw new RangeError(`${rule}, and it was told ${JSON.stringify(given)}.`);
  };
  must(delayMs >= 0 && jitterMs >= 0, "A link's delayMs and jitterMs are 0 or more");
  must(bytesPerSecond > 0, "A link's bytesPerSecond is above 0");
  must(resetChance >= 0 && resetChance <= 1, "A link's resetChance is from 0 to 1");
  return conditions;
}
