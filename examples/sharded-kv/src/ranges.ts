/** A part of the keys: from `from` on, up to the next range's. Each is a group of its own. */
export interface Range {
  readonly group: string;
  readonly from: string;
}

/** Ascending; the first one begins with the empty key. */
export const RANGES: readonly Range[] = [
  { group: "a-f", from: "" },
  { group: "g-m", from: "g" },
  { group: "n-s", from: "n" },
  { group: "t-z", from: "t" },
];

/** The group that holds a key. */
export function groupOf(key: string): string {
  const range = RANGES.findLast(({ from }) => from <= key);
  if (range === undefined) throw new Error("the first range must begin with the empty key");
  return range.group;
}
