/** What each file imports, types included; both by their path below the root. */
export type Arrows = ReadonlyMap<string, readonly string[]>;

/**
 * Files that import each other, however far around: one circle of each such knot, along the shortest way back to its first file.
 * Of whoever stands in a knot, none can be read, tested or moved alone.
 */
export function circlesIn(arrows: Arrows): string[][] {
  const circles: string[][] = [];
  const told = new Set<string>();
  for (const file of [...arrows.keys()].toSorted()) {
    if (told.has(file)) continue;
    const circle = wayBack(file, arrows);
    if (circle.length === 0) continue;
    circles.push(circle);
    for (const each of reachedFrom(file, arrows)) if (reachedFrom(each, arrows).has(file)) told.add(each);
  }
  return circles;
}

function reachedFrom(file: string, arrows: Arrows): ReadonlySet<string> {
  const reached = new Set([file]);
  for (const at of reached) for (const target of arrows.get(at) ?? []) reached.add(target);
  return reached;
}

/** The shortest way from a file back to itself, the file at its beginning alone; empty if there is none. */
function wayBack(file: string, arrows: Arrows): string[] {
  const cameFrom = new Map<string, string>();
  const next = [file];
  for (const at of next) {
    for (const target of arrows.get(at) ?? []) {
      if (target === file) return wayTo(at, file, cameFrom);
      if (cameFrom.has(target)) continue;
      cameFrom.set(target, at);
      next.push(target);
    }
  }
  return [];
}

function wayTo(last: string, first: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const way = [last];
  for (let at = last; at !== first; way.unshift(at)) at = cameFrom.get(at) ?? first;
  return way;
}
