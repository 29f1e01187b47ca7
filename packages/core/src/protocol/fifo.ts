import { added, NOTHING } from "./short-list.js";

/** A first-in-first-out list on an array with a moving head: no allocation per item, and its ends can be looked at. */
export class Fifo<T> {
  /** Written to only while there is something in it: it may be {@link NOTHING}. */
  private items: (T | undefined)[] = NOTHING as never[];
  private head = 0;

  /** Items in it. */
  get length(): number {
    return this.items.length - this.head;
  }

  /** The item at `position`, counted from the oldest one. */
  at(position: number): T | undefined {
    return this.items[this.head + position];
  }

  /** The oldest item. */
  get first(): T | undefined {
    return this.items[this.head];
  }

  /** The newest item. */
  get last(): T | undefined {
    return this.length === 0 ? undefined : this.items[this.items.length - 1];
  }

  /** Adds at the end. */
  push(item: T): void {
    this.items = added(this.items, item) as (T | undefined)[];
  }

  /** Takes the oldest. */
  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.items[this.head];
    this.items[this.head++] = undefined;
    if (this.head === this.items.length) this.clear();
    else if (this.head >= 1_024 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }

  /** Takes the newest. */
  pop(): T | undefined {
    return this.length === 0 ? undefined : this.items.pop();
  }

  /** Throws all away. */
  clear(): void {
    this.items = NOTHING as never[];
    this.head = 0;
  }

  /** Visits from the oldest to the newest. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = this.head; i < this.items.length; i++) yield this.items[i] as T;
  }
}
