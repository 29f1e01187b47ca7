import { isName, RaftError } from "@hexraft/core/ports";
import type { BytesLike } from "@hexraft/statemachine-kv";

/** A part of the keys that is a group of its own. */
export interface KeyRange {
  /** The group. Its name is its bounds, so that two that are split differently never take each other's keys. */
  readonly group: string;
  /** First key, inclusive; empty: from the first there can be. */
  readonly from: Uint8Array;
  /** First key of the next range; `null`: up to the last there can be. */
  readonly to: Uint8Array | null;
}

/** Most groups that keys are split over: each is a Raft group on every node. */
export const RANGES_MAX = 256;

/**
 * The groups of a service whose keys are split at these (`hexraft serve --split-at`): one more than there are keys. The name of a group
 * is `<from>..<to>`; bytes other than `A–Z a–z 0–9 _ -` stand in it as `.` and two hexadecimal digits.
 *
 * @param splitAt - ascending, none twice; at least one, at most {@link RANGES_MAX} − 1.
 * @throws RaftError `BadOption`.
 *
 * @example
 * ```ts
 * keyRanges(["g", "n"]).map(({ group }) => group); // ["..g", "g..n", "n.."]
 * ```
 */
export function keyRanges(splitAt: readonly BytesLike[]): readonly KeyRange[] {
  const keys = splitAt.map(bytesOf);
  if (keys.length < 1 || keys.length >= RANGES_MAX) throw bad(splitAt, `must name 1 to ${RANGES_MAX - 1} keys`);
  const bounds: readonly (Uint8Array | null)[] = [new Uint8Array(0), ...keys, null];
  return bounds.slice(0, -1).map((from, at) => {
    const to = bounds[at + 1] ?? null;
    if (from === null || (to !== null && Buffer.compare(from, to) >= 0))
      throw bad(splitAt, "must name keys in ascending order, by their bytes, none twice and none empty");
    const group = `${nameOf(from)}..${to === null ? "" : nameOf(to)}`;
    const fits: boolean = isName(group);
    if (!fits) throw bad(splitAt, `must name shorter keys: a group would be called ${group}`);
    return { group, from, to };
  });
}

/** The range that holds a key. @param ranges - as {@link keyRanges} gives them. */
export function rangeOf<R extends Pick<KeyRange, "from">>(ranges: readonly R[], key: BytesLike): R {
  const bytes = bytesOf(key);
  return ranges.findLast(({ from }) => Buffer.compare(from, bytes) <= 0) as R;
}

const bytesOf = (key: BytesLike): Uint8Array => (typeof key === "string" ? new TextEncoder().encode(key) : key);

function nameOf(key: Uint8Array): string {
  const parts = Array.from(key, (byte) => {
    const letter = String.fromCharCode(byte);
    return /[A-Za-z0-9_-]/.test(letter) ? letter : `.${byte.toString(16).padStart(2, "0")}`;
  });
  return parts.join("");
}

function bad(splitAt: readonly BytesLike[], rule: string): RaftError {
  const shown = JSON.stringify(splitAt.map((key) => (typeof key === "string" ? key : Array.from(key))));
  return new RaftError("BadOption", "refused", `option splitAt is ${shown.slice(0, 200)}, but it ${rule}`, {
    field: "splitAt",
    value: splitAt,
    rule,
  });
}
