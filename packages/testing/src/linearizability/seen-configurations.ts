const BITS = 16;
const ONLY_NONE: readonly bigint[] = [0n];

/**
 * Lowe's memory: which sets of operations done led to which state already. Exact, no hashes: the answered ones are written
 * as the part of their bitmap between the first one not done and the last one done, which is short, since only operations
 * that overlap can differ in their order.
 *
 * Of the operations without an answer fewer are better: whatever can still be done after some, can be done after less of
 * them. So a set is known if one with the same answered operations, the same state and no other open ones is.
 */
export class SeenConfigurations {
  private readonly openSets = new Map<string, readonly bigint[]>();
  private readonly bitOf: Int32Array;
  private readonly isOpen: Uint8Array;
  private readonly words: Uint16Array;
  private open = 0n;
  private count = 0;

  constructor(completed: readonly number[], open: readonly number[]) {
    this.bitOf = new Int32Array(completed.length + open.length);
    this.isOpen = new Uint8Array(completed.length + open.length);
    completed.forEach((operation, at) => (this.bitOf[operation] = at));
    open.forEach((operation, at) => {
      this.bitOf[operation] = at;
      this.isOpen[operation] = 1;
    });
    this.words = new Uint16Array(Math.ceil(completed.length / BITS));
  }

  /** Sets kept. */
  get size(): number {
    return this.count;
  }

  /** Remembers what is marked and `operation`, with the state that leads to. @returns false if it was known. */
  add(operation: number, state: string): boolean {
    this.toggle(operation);
    const { open } = this;
    const key = this.answeredInWords() + state;
    this.toggle(operation);
    const known = this.openSets.get(key) ?? [];
    if (known.some((set) => (set & open) === set)) return false;
    this.openSets.set(key, open === 0n ? ONLY_NONE : [...known.filter((set) => (set & open) !== open), open]);
    this.count++;
    return true;
  }

  /** Marks an operation as done, or takes that back. */
  toggle(operation: number): void {
    const bit = this.bitOf[operation] as number;
    if (this.isOpen[operation] === 1) this.open ^= 1n << BigInt(bit);
    else this.words[Math.floor(bit / BITS)] = (this.words[Math.floor(bit / BITS)] as number) ^ (1 << (bit % BITS));
  }

  private answeredInWords(): string {
    let first = 0;
    let end = this.words.length;
    while (first < end && this.words[first] === 0xffff) first++;
    while (end > first && this.words[end - 1] === 0) end--;
    return `${first}/${end}/${String.fromCharCode(...this.words.subarray(first, end))}`;
  }
}
