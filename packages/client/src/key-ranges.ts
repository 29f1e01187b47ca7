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
  const ranges = splitBy(splitAt.map(bytesOf));
  if (typeof ranges === "string") throw bad(splitAt, ranges);
  return ranges;
}

/**
 * The same out of the names of the groups, for whoever was not told where the keys are split: `hexraft admin groups` lists them, and
 * `ClusterAdmin.getGroups`.
 *
 * @param groups - all of a service, in any order.
 * @throws RaftError `BadOption` if they are not what one split makes: one is missing, there twice, or called after no range.
 *
 * @example
 * ```ts
 * rangesOfGroups(["n..", "..g", "g..n"]).map(({ group }) => group); // ["..g", "g..n", "n.."]
 * ```
 */
export function rangesOfGroups(groups: readonly string[]): readonly KeyRange[] {
  const firsts = groups.map((group) => keyOf(group.slice(0, Math.max(0, group.indexOf("..")))));
  const ranges = splitBy(firsts.toSorted((one, other) => Buffer.compare(one, other)).slice(1));
  if (typeof ranges !== "string" && ranges.every(({ group }) => groups.includes(group))) return ranges;
  const rule = "must name all ranges that some keys are split into, each once";
  throw new RaftError("BadOption", "refused", `groups is ${groups.join(", ").slice(0, 200)}, but it ${rule}`, {
    field: "groups",
    value: groups,
    rule,
  });
}

/** The ranges; or the rule that these keys break. */
function splitBy(keys: readonly Uint8Array[]): readonly KeyRange[] | string {
  if (keys.length < 1 || keys.length >= RANGES_MAX) return `must name 1 to ${RANGES_MAX - 1} keys`;
  const ranges: KeyRange[] = [];
  let from: Uint8Array = new Uint8Array(0);
  for (const to of [...keys, null]) {
    if (to !== null && Buffer.compare(from, to) >= 0)
      return "must name keys in ascending order, by their bytes, none twice and none empty";
    const group = `${nameOf(from)}..${to === null ? "" : nameOf(to)}`;
    const fits: boolean = isName(group);
    if (!fits) return `must name shorter keys: a group would be called ${group}`;
    ranges.push({ group, from, to });
    from = to ?? from;
  }
  return ranges;
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

/** What such a name says; of any other text something, which has another name. */
function keyOf(name: string): Uint8Array {
  const parts = name.match(/\.[0-9a-f]{2}|[A-Za-z0-9_-]/g) ?? [];
  return Uint8Array.from(parts, (part) =>
    part.length === 1 ? part.charCodeAt(0) : Number.parseInt(part.slice(1), 16),
  );
}

function bad(splitAt: readonly BytesLike[], rule: string): RaftError {
  const shown = JSON.stringify(splitAt.map((key) => (typeof key === "string" ? key : Array.from(key))));
  return new RaftError("BadOption", "refused", `option splitAt is ${shown.slice(0, 200)}, but it ${rule}`, {
    field: "splitAt",
    value: splitAt,
    rule,
  });
}
