import type { ReadToken } from "@hexraft/core";

/**
 * Q08: of two tokens the one that covers both, if they are of one log: the higher one. Else the newer one: a log that was
 * begun anew (M11, F08) knows nothing of the other's indices.
 */
export function laterToken(seen: ReadToken, told: ReadToken): ReadToken {
  const [log, index] = partsOf(seen);
  const [toldLog, toldIndex] = partsOf(told);
  return log === toldLog && index > toldIndex ? seen : told;
}

function partsOf(token: ReadToken): readonly [log: string, index: number] {
  const cut = token.lastIndexOf("/");
  return [token.slice(0, cut), Number(token.slice(cut + 1))];
}
