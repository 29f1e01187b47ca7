/** Most values that are kept; with one more, all are forgotten, and kept anew as they come. */
export const SHARED_VALUES_MAX = 1_024;

/**
 * Values that many groups remember, each kept once: a thousand groups that were founded together became followers of the same leader for
 * the same cause, and have voters of the same names. Whoever keeps one changes nothing of it.
 */
export class SharedValues<Value> {
  private readonly values = new Map<string, Value>();

  /** Values kept. */
  get size(): number {
    return this.values.size;
  }

  /**
   * The value of this key, as it was first seen.
   *
   * @param key - equal for equal values, and for no others.
   */
  of(key: string, value: Value): Value {
    const known = this.values.get(key);
    if (known !== undefined) return known;
    if (this.values.size >= SHARED_VALUES_MAX) this.values.clear();
    this.values.set(key, value);
    return value;
  }
}
