/** What the heap orders: by due time, and among equals by order of scheduling. */
export interface Due {
  /** Virtual time at which it runs, ms. */
  readonly dueAt: number;
  /** Grows with each scheduling. */
  readonly sequence: number;
}

/** A binary heap: O(log n) to schedule, where RxJS's own virtual scheduler sorts all actions each time. */
export class ActionHeap<T extends Due> {
  private readonly items: T[] = [];

  /** How many wait. */
  get size(): number {
    return this.items.length;
  }

  /** The next one, left in place. */
  peek(): T | undefined {
    return this.items[0];
  }

  /** Adds one. */
  push(item: T): void {
    const { items } = this;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(item, items[parent] as T)) break;
      items[at] = items[parent] as T;
      at = parent;
    }
    items[at] = item;
  }

  /** Takes the next one out. */
  pop(): T | undefined {
    const { items } = this;
    const top = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && before(items[child + 1] as T, items[child] as T)) child++;
      if (!before(items[child] as T, last)) break;
      items[at] = items[child] as T;
      at = child;
    }
    items[at] = last;
    return top;
  }

  /** Takes out all that `isVoid` says are to go; the order of the others stays. */
  drop(isVoid: (item: T) => boolean): void {
    const kept = this.items.filter((item) => !isVoid(item));
    this.items.length = 0;
    for (const item of kept) this.push(item);
  }
}

const before = (a: Due, b: Due): boolean => a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.sequence < b.sequence);
