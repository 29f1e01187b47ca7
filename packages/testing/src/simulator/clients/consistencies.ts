import type { Consistency, LogIndex } from "@hexraft/core";
import type { SeededRandom } from "../../time/seeded-random.js";
import type { AppliedEntry } from "../invariants/applies.js";
import type { Accuse } from "../invariants/violation.js";
import type { Operation } from "./history.js";
import type { ClientAct } from "./model.js";

/** Clocks of nodes measure staleness, and those of a run go at most so much too fast. */
const CLOCKS_AGREE_WITHIN = 1.1;

/** Whether the client was promised all that was acknowledged before it asked. */
export const isStrict = ({ kind, ...act }: ClientAct): boolean =>
  kind === "apply" || !("consistency" in act) || (typeof act.consistency !== "object" && act.consistency !== "local");

/** Draws how new the answer of a read must be; `token` is what its client was shown last. */
export function drawConsistency(
  random: SeededRandom,
  electionTimeoutMs: number,
  token: string | undefined,
): Consistency {
  const dice = random.next();
  if (dice < 0.25) return "linearizable";
  if (dice < 0.55) return "lease";
  if (dice < 0.65) return "local";
  if (dice < 0.8 || token === undefined) return { maxStalenessMs: electionTimeoutMs * 2 * random.next() };
  return { atLeast: token };
}

/** The consistency in one word. */
export const nameOf = (consistency: Consistency = "linearizable"): string =>
  typeof consistency === "string" ? consistency : (Object.keys(consistency)[0] ?? "");

/** The index that a token names. */
export const indexOfToken = (token: string): LogIndex => Number(token.slice(token.lastIndexOf("/") + 1));

/**
 * Q08: what was acknowledged so long before a read began is in its answer; what its token named is, too; and the token that a
 * node gave after an answer covers what it answered.
 */
export function checkLooseReads(
  operations: readonly Operation[],
  applied: readonly (AppliedEntry | undefined)[],
  accuse: Accuse,
): void {
  const done = operations.filter(({ outcome, index }) => outcome === "ok" && index !== undefined);
  const lastCommandAt = (index: LogIndex): LogIndex => {
    let at = Math.min(index, applied.length - 1);
    while (at > 0 && applied[at] === undefined) at--;
    return Math.max(at, 0);
  };
  for (const { id, act, index = 0, tokenIndex, invokedMs } of done) {
    const shown = `call ${id} was answered at ${index}`;
    if (tokenIndex !== undefined && index > tokenIndex)
      return accuse("I15", `${shown}, and the token that was given afterwards names ${tokenIndex}`);
    if (act.kind !== "read" || typeof act.consistency !== "object") continue;
    if ("atLeast" in act.consistency) {
      const wanted = lastCommandAt(indexOfToken(String(act.consistency.atLeast)));
      if (index < wanted) return accuse("I15", `${shown}, and was to show ${wanted}`);
      continue;
    }
    const { maxStalenessMs } = act.consistency;
    const before = invokedMs - maxStalenessMs * CLOCKS_AGREE_WITHIN;
    const missed = done.find(
      (other) => (other.returnedMs ?? Number.POSITIVE_INFINITY) < before && (other.index ?? 0) > index,
    );
    if (missed !== undefined)
      return accuse(
        "I15",
        `${shown}, not older than ${Math.round(maxStalenessMs)} ms, and call ${missed.id} had been answered at ` +
          `${missed.index} ${Math.round(invokedMs - (missed.returnedMs ?? 0))} ms before it began`,
      );
  }
}
