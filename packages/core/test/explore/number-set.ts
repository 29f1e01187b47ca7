/** A set of whole numbers in 1 … 2⁵³−1: eight bytes a place, where a `Set` of millions would take some fifty. */
export class NumberSet {
  private places = new Float64Array(1 << 16);
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** @returns false if it was in already. */
  add(value: number): boolean {
    if (this.count * 2 > this.places.length) this.grow();
    if (!put(this.places, value)) return false;
    this.count++;
    return true;
  }

  private grow(): void {
    const larger = new Float64Array(this.places.length * 2);
    for (const value of this.places) if (value !== 0) put(larger, value);
    this.places = larger;
  }
}

function put(places: Float64Array, value: number): boolean {
  const mask = places.length - 1;
  let at = (value ^ (value / 0x1_0000_0000)) & mask;
  while (places[at] !== 0) {
    if (places[at] === value) return false;
    at = (at + 1) & mask;
  }
  places[at] = value;
  return true;
}
