/**
 * The ids a title leads with: `E07 E15 a voter …` carries both, `E07/restarted …` carries the case and its rule.
 * Ids further back are mentions and prove nothing.
 */
export function leadingIds(title: string): string[] {
  const ids = new Set<string>();
  for (const word of title.trim().split(/\s+/)) {
    const [, id, name] = /^([A-Z]\d{2})(\/[a-z0-9-]+)?[,:]?$/i.exec(word) ?? [];
    if (id === undefined || id !== id.toUpperCase()) break;
    ids.add(id);
    if (name !== undefined) ids.add(`${id}${name}`);
  }
  return [...ids];
}
