/**
 * What was asked for lately, and no more than so much of it: thousands of groups may be there, and few of them busy. What nobody asked
 * for between two turns, or since half of the room was taken by others, is let go.
 */
export class Recent<Key, Value> {
  private young = new Map<Key, Value>();
  private old = new Map<Key, Value>();

  constructor(
    /** Most that is kept. */
    private readonly max: number,
  ) {}

  /** What is kept. */
  get size(): number {
    return this.young.size + this.old.size;
  }

  get(key: Key): Value | undefined {
    const value = this.young.get(key);
    if (value !== undefined) return value;
    const older = this.old.get(key);
    if (older === undefined) return undefined;
    this.old.delete(key);
    this.set(key, older);
    return older;
  }

  /** Takes the place of what was there under this key. */
  set(key: Key, value: Value): void {
    if (this.young.size >= this.max >> 1 && !this.young.has(key)) this.turn();
    this.young.set(key, value);
  }

  /** Some time has passed. */
  turn(): void {
    if (this.size === 0) return;
    this.old = this.young;
    this.young = new Map();
  }
}
