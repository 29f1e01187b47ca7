/**
 * A short hash of any value: equal values give equal ones, wherever they were made. Numbers, strings, bytes, arrays, maps
 * and plain objects count by what they hold, the rest by its name.
 */
export function fingerprint(value: unknown): number {
  return mix(0x811c9dc5, value) >>> 0;
}

/** A hash of bytes, going on from `previous` (FNV-1a). */
export function hashBytes(bytes: Uint8Array, previous = 0x811c9dc5): number {
  let hash = previous;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return hash >>> 0;
}

/** A hash of text, going on from `previous`. */
export function hashText(text: string, previous = 0x811c9dc5): number {
  let hash = previous;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function mix(hash: number, value: unknown): number {
  switch (typeof value) {
    case "string":
      return hashText(value, hash ^ 1);
    case "number":
    case "bigint":
    case "boolean":
    case "undefined":
      return hashText(String(value), hash ^ 2);
    case "object":
      return value === null ? hashText("null", hash) : mixObject(hash, value);
    default:
      return hashText(typeof value, hash ^ 3);
  }
}

function mixObject(hash: number, value: object): number {
  if (value instanceof Uint8Array) return hashBytes(value, hash ^ 4);
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => mix(sum, item), hash ^ 5);
  if (value instanceof Map || value instanceof Set) return mixObject(hash ^ 6, [...value]);
  let sum = hash ^ 7;
  for (const name of ascending(Object.keys(value))) sum = mix(hashText(name, sum), value[name as keyof typeof value]);
  return sum;
}

/** Sorts in place: names of a record are few, and mostly in order. */
function ascending(names: string[]): readonly string[] {
  for (let end = 1; end < names.length; end++) {
    const name = names[end] as string;
    let at = end;
    for (; at > 0 && (names[at - 1] as string) > name; at--) names[at] = names[at - 1] as string;
    names[at] = name;
  }
  return names;
}
