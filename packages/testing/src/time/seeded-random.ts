import type { RandomSource } from "@hexraft/core/ports";

/** A RandomSource that draws the same numbers for the same seed (sfc32). For tests: anybody can guess it. */
export class SeededRandom implements RandomSource {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  /**
   * Begins at the seed's first number.
   *
   * @param seed - a number or a name; equal seeds give equal numbers.
   */
  constructor(seed: number | string) {
    // FNV-1a spreads seeds that differ in one character over the whole state.
    let hash = 0x811c9dc5;
    for (const character of String(seed)) {
      hash = Math.imul(hash ^ (character.codePointAt(0) as number), 0x01000193) >>> 0;
    }
    this.a = hash;
    this.b = Math.imul(hash, 0x9e3779b1) >>> 0;
    this.c = Math.imul(hash, 0x85ebca6b) >>> 0;
    for (let i = 0; i < 12; i++) this.draw();
  }

  /** Uniform in [0, 1). */
  next(): number {
    return this.draw() / 2 ** 32;
  }

  /** A whole number in [low, high]. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** `bytes` bytes as lower-case hexadecimal digits. */
  hex(bytes: number): string {
    let text = "";
    for (let i = 0; i < bytes; i++) text += (this.draw() & 0xff).toString(16).padStart(2, "0");
    return text;
  }

  private draw(): number {
    const result = (this.a + this.b + this.counter) >>> 0;
    this.counter = (this.counter + 1) >>> 0;
    this.a = (this.b ^ (this.b >>> 9)) >>> 0;
    this.b = (this.c + (this.c << 3)) >>> 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + result) >>> 0;
    return result;
  }
}
