/** One way into the code by which bytes from outside come. */
export interface Target {
  /** Its name. */
  readonly name: string;
  /** The name of its corpus, if it is another one's. */
  readonly corpus?: string;
  /** Well-formed inputs to begin with. */
  seeds(): Promise<readonly Uint8Array[]> | readonly Uint8Array[];
  /** A variation that keeps the outer form, so that it gets further than one of bytes; `undefined` if there is none. */
  vary?(input: Uint8Array, pick: Pick): Uint8Array | undefined;
  /**
   * Reads the input as the product would. Resolves with the kinds of what was understood; what was refused as it should be is
   * nothing. Throws for all else: that is a crash.
   */
  run(input: Uint8Array): Promise<readonly string[]> | readonly string[];
}

/** Chance, out of one seed. */
export interface Pick {
  /** A whole number from 0 to `below` − 1. */
  below(below: number): number;
  /** One of them. */
  of<T>(values: readonly T[]): T;
}
