import type { AppliedEntry } from "../invariants/applies.js";
import type { Accuse } from "../invariants/violation.js";
import type { Operation } from "./history.js";
import type { ClientAct } from "./model.js";

/**
 * I14, C02: a command takes effect at most once, however often it was passed on; once it was acknowledged, exactly once; once
 * it was refused, never. Writes down where each did.
 *
 * @returns how many acts stand in the log more than once: their clients said them again, and in a session that is one command (C03).
 */
export function checkEffects(
  operations: readonly Operation[],
  applied: readonly (AppliedEntry | undefined)[],
  accuse: Accuse,
): number {
  const once = new Set<ClientAct>();
  const repeated = new Set<ClientAct>();
  for (const operation of operations) {
    const { taken, outcome, id, client, act } = operation;
    if (taken === undefined) continue;
    const effective = taken.filter(({ index, term }) => applied[index]?.term === term);
    const where = effective.map(({ index }) => index).join(" and ");
    const who = `call ${id} of client ${client}`;
    if (effective.length > 1) accuse("I14", `${who} took effect at ${where}`);
    if (outcome === "refused" && effective.length > 0) accuse("I14", `${who} was refused, and took effect at ${where}`);
    if (outcome === "ok" && effective.length === 0)
      accuse("I14", `${who} was acknowledged, and what it was taken as, ${places(taken)}, was never applied`);
    const [only] = effective;
    if (only === undefined) continue;
    operation.index = only.index;
    (once.has(act) ? repeated : once).add(act);
  }
  return repeated.size;
}

const places = (taken: NonNullable<Operation["taken"]>): string =>
  taken.map(({ index, term }) => `${index}/${term}`).join(", ");
