import type { SeededRandom } from "../time/seeded-random.js";

/*
 * Chance in shapes, made of what IEEE 754 defines to the last bit: + − × ÷, the square root, and comparisons. A logarithm or a
 * power is rounded as each engine likes, and a run that hung on one would be another run elsewhere (I19).
 */

/** What draws. */
export type Chance = Pick<SeededRandom, "next" | "integer">;

/**
 * Exponentially distributed with mean 1, by comparisons alone (von Neumann 1951): a falling run of numbers is of even length,
 * the one that ends it counted, with probability e^−x, x being its first.
 */
export function exponential(random: Chance): number {
  for (let whole = 0; ; whole++) {
    const first = random.next();
    let last = first;
    for (let length = 2; ; length++) {
      const next = random.next();
      if (next < last) last = next;
      else if (length % 2 === 0) return whole + first;
      else break;
    }
  }
}

/** Halvings of the exponent: what lies behind them changes a result by less than a hundred-thousandth. */
const HALVINGS = 20;

/** Between `low` and `high`, every factor alike: as often from 1 to 10 as from 10 to 100. */
export function scaled(random: Chance, low: number, high: number): number {
  let exponent = random.next();
  let root = high / low;
  let result = low;
  for (let i = 0; i < HALVINGS; i++) {
    root = Math.sqrt(root);
    exponent *= 2;
    if (exponent < 1) continue;
    exponent -= 1;
    result *= root;
  }
  return result;
}

/** One of them. */
export function pick<T>(random: Chance, from: readonly T[]): T {
  return from[random.integer(0, from.length - 1)] as T;
}

/** All of them, in any order. */
export function shuffled<T>(random: Chance, items: readonly T[]): T[] {
  const mixed = items.slice();
  for (let at = mixed.length - 1; at > 0; at--) {
    const other = random.integer(0, at);
    [mixed[at], mixed[other]] = [mixed[other] as T, mixed[at] as T];
  }
  return mixed;
}
