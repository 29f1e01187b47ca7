import { LogBlock } from "../../src/model/log-block.js";

/** What nobody changes after it was made: whatever they belong to, copies share it. */
const SHARED: ReadonlySet<string> = new Set([
  "options",
  "identity",
  "quorum",
  "membership",
  "configuration",
  "ids",
  "observer",
]);

/**
 * A copy that shares nothing that could change: the protocol keeps private mutable state, and the explorer has to go on
 * from one state in many ways. Effects, events and messages (what has a `type`) and blocks are immutable by contract.
 */
export function fork<T extends object>(original: T): T {
  return copy(original, new Map()) as T;
}

function copy(value: unknown, copies: Map<object, object>): unknown {
  if (typeof value !== "object" || value === null || value instanceof LogBlock) return value;
  if ("type" in value && typeof value.type === "string") return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    copies.set(value, items);
    for (const item of value) items.push(copy(item, copies));
    return items;
  }
  if (value instanceof Map) {
    const entries = new Map<unknown, unknown>();
    copies.set(value, entries);
    for (const [key, item] of value) entries.set(key, copy(item, copies));
    return entries;
  }
  if (value instanceof Set) return new Set(value);
  const result = Object.create(Object.getPrototypeOf(value) as object | null) as Record<string, unknown>;
  copies.set(value, result);
  const source = value as Record<string, unknown>;
  for (const name of Object.keys(source)) result[name] = SHARED.has(name) ? source[name] : copy(source[name], copies);
  return result;
}
