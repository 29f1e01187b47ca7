import { SortedMap } from "./sorted-map.js";

/** A {@link SortedMap} by text. It compares in place: a call for each comparison costs more than the comparison. */
export class StringMap<V> extends SortedMap<string, V> {
  constructor() {
    super((a, b) => a < b);
  }

  override clone(): StringMap<V> {
    return this.shareWith(new StringMap<V>());
  }

  protected override lowerBound(keys: readonly string[], key: string): number {
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((keys[middle] as string) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  protected override childAt(keys: readonly string[], key: string): number {
    let low = 1;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (key < (keys[middle] as string)) high = middle;
      else low = middle + 1;
    }
    return low - 1;
  }
}
