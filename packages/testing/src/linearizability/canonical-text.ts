/**
 * A text for plain data: equal texts mean equal values, whatever the order in which properties were set. Knows what JSON
 * does not: bytes, bigints, `undefined`, NaN, −0, maps and sets.
 */
export function canonicalText(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "bigint":
      return `${value}n`;
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "object":
      return value === null ? "null" : textOfObject(value);
    default:
      return String(value);
  }
}

function textOfObject(value: object): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join()}]`;
  if (value instanceof Uint8Array) return `bytes(${Array.from(value, (byte) => byte.toString(16)).join(" ")})`;
  if (value instanceof Set) return `set(${Array.from(value, canonicalText).toSorted().join()})`;
  if (value instanceof Map) {
    const entries = Array.from(value, ([key, item]) => `${canonicalText(key)}=>${canonicalText(item)}`);
    return `map(${entries.toSorted().join()})`;
  }
  const properties = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${properties.map(([name, item]) => `${JSON.stringify(name)}:${canonicalText(item)}`).join()}}`;
}

/** Whether both are the same as plain data: told apart property by property, as a search asks it a thousand times a second. */
export const sameValue = (a: unknown, b: unknown): boolean =>
  a === b || (typeof a === "object" && typeof b === "object" && a !== null && b !== null && sameObject(a, b));

function sameObject(a: object, b: object): boolean {
  if (!isPlain(a) || !isPlain(b)) return canonicalText(a) === canonicalText(b);
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  for (const name of names) if (!Object.hasOwn(b, name) || !sameProperty(a[name], b[name])) return false;
  return true;
}

/** As canonical texts have it: NaN is NaN, and −0 is not 0. */
const sameProperty = (a: unknown, b: unknown): boolean =>
  typeof a === "object" && typeof b === "object" ? sameValue(a, b) : Object.is(a, b);

const isPlain = (value: object): value is Record<string, unknown> => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};
