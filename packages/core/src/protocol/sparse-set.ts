import { NOTHING } from "./short-list.js";

/** A Set that takes no memory while it is empty; see {@link SparseMap}. */
export class SparseSet<Item> {
  private items: Set<Item> | undefined;

  /** Items in it. */
  get size(): number {
    return this.items?.size ?? 0;
  }

  has(item: Item): boolean {
    return this.items?.has(item) === true;
  }

  add(item: Item): void {
    if (this.items === undefined) this.items = new Set([item]);
    else this.items.add(item);
  }

  /** @returns whether it was there. */
  delete(item: Item): boolean {
    const wasThere = this.items?.delete(item) === true;
    if (wasThere && this.items?.size === 0) this.items = undefined;
    return wasThere;
  }

  clear(): void {
    this.items = undefined;
  }

  [Symbol.iterator](): Iterator<Item> {
    return (this.items ?? NOTHING)[Symbol.iterator]();
  }
}
