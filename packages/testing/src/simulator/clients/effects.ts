import type { AppliedEntry } from "../invariants/applies.js";
import type { Accuse } from "../invariants/violation.js";
import type { Operation } from "./history.js";

/**
 * I14, C02: a command takes effect at most once, however often it was passed on; once it was acknowledged, exactly once; once
 * it was refused, never. Writes down where each did.
 */
export function checkEffects(
  operations: readonly Operation[],
  applied: readonly (AppliedEntry | undefined)[],
  accuse: Accuse,
): void {
  for (const operation of operations) {
    const { taken, outcome, id, client } = operation;
    if (taken === undefined) continue;
    const effective = taken.filter(({ index, term }) => applied[index]?.term === term);
    const where = effective.map(({ index }) => index).join(" and ");
    const who = `call ${id} of client ${client}`;
    if (effective.length > 1) return accuse("I14", `${who} took effect at ${where}`);
    if (outcome === "refused" && effective.length > 0)
      return accuse("I14", `${who} was refused, and took effect at ${where}`);
    if (outcome === "ok" && effective.length === 0)
      return accuse("I14", `${who} was acknowledged, and what it was taken as, ${places(taken)}, was never applied`);
    const [only] = effective;
    if (only !== undefined) operation.index = only.index;
  }
}

const places = (taken: NonNullable<Operation["taken"]>): string =>
  taken.map(({ index, term }) => `${index}/${term}`).join(", ");
