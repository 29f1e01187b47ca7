/** Most texts that are kept; with one more, all are forgotten, and kept anew as they come. */
export const SHARED_TEXTS_MAX = 1_024;

/**
 * Texts that many groups remember, each kept once: a thousand groups that were founded together became followers of the same
 * leader for the same cause.
 */
export class SharedTexts {
  private readonly texts = new Map<string, string>();

  /** Texts kept. */
  get size(): number {
    return this.texts.size;
  }

  /** The same text, as it was first seen. */
  of(text: string): string {
    const known = this.texts.get(text);
    if (known !== undefined) return known;
    if (this.texts.size >= SHARED_TEXTS_MAX) this.texts.clear();
    this.texts.set(text, text);
    return text;
  }
}
