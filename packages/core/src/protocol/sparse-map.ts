import { NOTHING } from "./short-list.js";

/**
 * A Map that takes no memory while it is empty. A node has a dozen tables that hold something for an instant now and then; an empty
 * Map takes 200 bytes, and a process may hold thousands of nodes at rest (G02).
 */
export class SparseMap<Key, Value> {
  private entries: Map<Key, Value> | undefined;

  /** Keys in it. */
  get size(): number {
    return this.entries?.size ?? 0;
  }

  get(key: Key): Value | undefined {
    return this.entries?.get(key);
  }

  has(key: Key): boolean {
    return this.entries?.has(key) === true;
  }

  set(key: Key, value: Value): void {
    if (this.entries === undefined) this.entries = new Map([[key, value]]);
    else this.entries.set(key, value);
  }

  /** @returns whether it was there. */
  delete(key: Key): boolean {
    const wasThere = this.entries?.delete(key) === true;
    if (wasThere && this.entries?.size === 0) this.entries = undefined;
    return wasThere;
  }

  clear(): void {
    this.entries = undefined;
  }

  keys(): Iterable<Key> {
    return this.entries?.keys() ?? [];
  }

  values(): Iterable<Value> {
    return this.entries?.values() ?? [];
  }

  [Symbol.iterator](): Iterator<[Key, Value]> {
    return (this.entries ?? NOTHING)[Symbol.iterator]() as Iterator<[Key, Value]>;
  }
}
