import type { Renaming } from "./canonical.js";

/**
 * Two 32-bit hashes of a text, per renaming of the nodes. What lies on a table is a set, so the fingerprint of the whole is
 * the sum of those of its parts: no sorting, and the least one over all renamings names the state up to symmetry.
 */
export interface Fingerprint {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
}

export function fingerprintOf(texts: readonly string[]): Fingerprint {
  const high = new Uint32Array(texts.length);
  const low = new Uint32Array(texts.length);
  texts.forEach((text, at) => {
    [high[at], low[at]] = hash(text);
  });
  return { high, low };
}

/** The same for all renamings. */
export function plainFingerprint(text: string, renamings: number): Fingerprint {
  const [high, low] = hash(text);
  return { high: new Uint32Array(renamings).fill(high), low: new Uint32Array(renamings).fill(low) };
}

/** What may change names: alike only if a renaming could make them equal. */
interface Named {
  readonly colour: number;
}

/**
 * One number for the set of these parts, whatever the nodes are called: 1 … 2⁵³−1. Of all renamings only those count that
 * put the nodes in the order of their colours: of two nodes that differ, the names decide nothing.
 */
export function nameOf(parts: readonly Fingerprint[], nodes: readonly Named[], renamings: readonly Renaming[]): number {
  let least = Number.POSITIVE_INFINITY;
  renamings.forEach(({ order }, at) => {
    if (!isSorted(nodes, order)) return;
    let high = 0;
    let low = 0;
    for (const part of parts) {
      high = (high + (part.high[at] as number)) | 0;
      low = (low + (part.low[at] as number)) | 0;
    }
    const name = ((high >>> 11) * 0x1_0000_0000 + (low >>> 0)) % Number.MAX_SAFE_INTEGER;
    if (name < least) least = name;
  });
  return least + 1;
}

function isSorted(nodes: readonly Named[], order: readonly number[]): boolean {
  for (let at = 1; at < order.length; at++)
    if ((nodes[order[at - 1] as number] as Named).colour > (nodes[order[at] as number] as Named).colour) return false;
  return true;
}

/** A number for a node that no renaming changes. */
export const colourOf = (text: string): number => hash(text)[0];

/** Two multiplicative hashes with a strong end, as in cyrb53. */
function hash(text: string): [number, number] {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 0x9e3779b1);
    b = Math.imul(b ^ code, 0x5f356495);
    a ^= a >>> 15;
    b ^= b >>> 13;
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  return [a >>> 0, b >>> 0];
}
