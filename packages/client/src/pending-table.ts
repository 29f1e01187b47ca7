/** What the table holds: something with a number. */
export interface Numbered {
  /** Given by {@link PendingTable.nextNumber}. */
  readonly number: number;
}

/** Slots to begin with, a power of two. */
const SLOTS = 64;

/**
 * What is under way, by its number: a ring of slots, at most half of them taken. A `Map` would leave a chain of its own
 * outgrown tables behind, each holding what was under way at its time, and once one of them is old the collector takes
 * all that follow for alive: at 256 callers it spent a sixth of the client's processor on that.
 *
 * Numbers are u32 and rise; one that is taken, or whose slot is, is passed over, so that an answer that comes too late
 * meets its number again only after the ring has gone around 2³² of them.
 */
export class PendingTable<T extends Numbered> {
  private slots: (T | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  private count = 0;
  private last = 0;

  /** How many are under way. */
  get size(): number {
    return this.count;
  }

  /** The next number whose slot is free; take it by {@link add}. */
  nextNumber(): number {
    do this.last = (this.last + 1) >>> 0;
    while (this.slots[this.last & (this.slots.length - 1)] !== undefined);
    return this.last;
  }

  /** Takes in one with a number just given. */
  add(entry: T): void {
    if (++this.count * 2 > this.slots.length) this.grow();
    this.slots[entry.number & (this.slots.length - 1)] = entry;
  }

  /** The one with that number, if it is under way. */
  get(number: number): T | undefined {
    const entry = this.slots[number & (this.slots.length - 1)];
    return entry?.number === number ? entry : undefined;
  }

  /** Whether that very one is under way. */
  has(entry: T): boolean {
    return this.get(entry.number) === entry;
  }

  /** Lets one go; false if it was not there. */
  delete(entry: T): boolean {
    if (!this.has(entry)) return false;
    this.slots[entry.number & (this.slots.length - 1)] = undefined;
    this.count--;
    return true;
  }

  /** All that are under way now, whatever becomes of them meanwhile; as a rule the oldest first. */
  all(): readonly T[] {
    const { slots, last } = this;
    const found: T[] = [];
    for (let i = 1; i <= slots.length; i++) {
      const entry = slots[(last + i) & (slots.length - 1)];
      if (entry !== undefined) found.push(entry);
    }
    return found;
  }

  private grow(): void {
    const entries = this.all();
    this.slots = Array.from({ length: this.slots.length * 2 }, () => undefined);
    // Numbers that fell in different slots fall in different ones of twice as many.
    for (const entry of entries) this.slots[entry.number & (this.slots.length - 1)] = entry;
  }
}
