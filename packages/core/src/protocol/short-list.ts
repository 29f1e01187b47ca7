/**
 * Lists that are empty nearly always, of which a process may hold many for each of thousands of groups at rest (G02): while they
 * are empty they are one.
 */

/** What all of them are while they are empty: whoever wrote to it would write to those of all groups, and throws instead. */
export const NOTHING = Object.freeze<never[]>([]) as never[];

/** The list with one item more: to be kept in the place of the one given, which may be {@link NOTHING}. */
export function added<Item>(list: Item[], item: Item): Item[] {
  // A literal has room for one, a first push makes room for seventeen.
  if (list.length === 0) return [item];
  list.push(item);
  return list;
}
