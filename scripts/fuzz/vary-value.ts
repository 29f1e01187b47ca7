import type { Pick } from "./target.js";

const NUMBERS = [
  0,
  -0,
  1,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  255,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 52,
  2 ** 52 + 1,
  Number.MAX_SAFE_INTEGER,
  2 ** 53,
  2 ** 63,
  -(2 ** 53),
] as const;
const TEXTS = [
  "",
  "n1",
  "../../etc/passwd",
  "__proto__",
  "constructor",
  "ü😀",
  "n".repeat(65),
  "0".repeat(16),
] as const;

/** What stands in the place of a value: mostly of its own kind. */
function other(value: unknown, pick: Pick): unknown {
  const kind = pick.below(8) === 0 ? pick.of(["number", "string", "object", "boolean", "null"]) : typeof value;
  if (kind === "number") {
    const near = typeof value === "number" ? value + pick.of([-1, 1, 2, -2, 1_000]) : 0;
    return pick.below(2) === 0 ? near : pick.of(NUMBERS);
  }
  if (kind === "string") return pick.of(TEXTS);
  if (kind === "boolean") return pick.below(2) === 0;
  if (kind === "null") return null;
  return pick.below(2) === 0 ? [] : new Uint8Array(pick.below(64)).fill(pick.below(256));
}

/** A positional array with one element, somewhere inside, that is another, is missing, or is there twice. */
export function variedArray(array: readonly unknown[], pick: Pick): unknown[] {
  const copy = [...array];
  const inner = copy.findLastIndex((value) => Array.isArray(value));
  // Half of the time inside: that is where most of what is said stands.
  const at = inner >= 0 && pick.below(2) === 0 ? inner : pick.below(copy.length + 1);
  const value = copy[at];
  if (Array.isArray(value) && pick.below(4) > 0) copy[at] = variedArray(value, pick);
  else
    switch (pick.below(6)) {
      case 0:
        copy.splice(at, 1);
        break;
      case 1:
        copy.splice(at, 0, value ?? 0);
        break;
      case 2:
        copy.push(...copy.slice(0, pick.below(12)));
        break;
      default:
        copy[at] = other(value, pick);
    }
  return copy;
}
