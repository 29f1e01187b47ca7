const BITS = 16;

/**
 * Lowe's memory: which sets of operations done led to which state already. Exact, no hashes: a set is written as the part
 * of its bitmap between the first operation not done and the last one done, which is short, since only operations that
 * overlap can differ in their order.
 */
export class SeenConfigurations {
  private readonly keys = new Set<string>();
  private readonly bitOf: Int32Array;
  /** Completed operations first, in the order of their calls; then, from `openWord` on, those without an answer. */
  private readonly words: Uint16Array;
  private readonly openWord: number;

  constructor(completed: readonly number[], open: readonly number[], count: number) {
    this.openWord = Math.ceil(completed.length / BITS);
    this.bitOf = new Int32Array(count);
    completed.forEach((operation, at) => (this.bitOf[operation] = at));
    open.forEach((operation, at) => (this.bitOf[operation] = this.openWord * BITS + at));
    this.words = new Uint16Array(this.openWord + Math.ceil(open.length / BITS));
  }

  /** Sets kept. */
  get size(): number {
    return this.keys.size;
  }

  /** Remembers what is marked and `operation`, with the state that leads to. @returns false if it was known. */
  add(operation: number, state: string): boolean {
    this.mark(operation);
    const key = this.setInWords() + state;
    this.unmark(operation);
    const before = this.keys.size;
    return this.keys.add(key).size > before;
  }

  mark(operation: number): void {
    const bit = this.bitOf[operation] as number;
    const word = Math.floor(bit / BITS);
    this.words[word] = (this.words[word] as number) | (1 << (bit % BITS));
  }

  unmark(operation: number): void {
    const bit = this.bitOf[operation] as number;
    const word = Math.floor(bit / BITS);
    this.words[word] = (this.words[word] as number) & ~(1 << (bit % BITS));
  }

  private setInWords(): string {
    let first = 0;
    while (first < this.openWord && this.words[first] === 0xffff) first++;
    let end = this.openWord;
    while (end > first && this.words[end - 1] === 0) end--;
    return `${first}/${end}/${String.fromCharCode(...this.words.subarray(first, end), ...this.words.subarray(this.openWord))}`;
  }
}
