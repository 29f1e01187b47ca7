/**
 * Lists that are empty nearly always, of which a process may hold many for each of thousands of groups at rest (G02): while they
 * are empty they are one.
 */

/**
 * What all of them are while they are empty. Only their types keep it empty, which is why a short list is `readonly` wherever it is
 * kept: a frozen one would be of another kind than all others, and every loop over such a list twice as slow.
 */
export const NOTHING: readonly never[] = [];

/** The list with one item more: to be kept in the place of the one given, which may be {@link NOTHING} and is not used any more. */
export function added<Item>(list: readonly Item[], item: Item): readonly Item[] {
  // A literal has room for one, a first push makes room for seventeen.
  if (list.length === 0) return [item];
  (list as Item[]).push(item);
  return list;
}

/** The list without its first `count` items: to be kept in the place of the one given. */
export function behind<Item>(list: readonly Item[], count: number): readonly Item[] {
  if (count === 0) return list;
  return count < list.length ? list.slice(count) : NOTHING;
}
