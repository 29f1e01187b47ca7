/** Bytes laid end to end in chunks of one size: each byte is copied once, and each chunk is memory of its own. */
export class ChunkedBytes {
  private full: Uint8Array[] = [];
  private chunk: Uint8Array;
  private at = 0;

  /** @param chunkBytes - bytes of every chunk but the last. */
  constructor(private readonly chunkBytes: number) {
    this.chunk = new Uint8Array(chunkBytes);
  }

  /** Whether a chunk is there to be taken. */
  get hasFull(): boolean {
    return this.full.length > 0;
  }

  /** Lays these bytes down behind those before. */
  put(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; ) {
      const part = bytes.subarray(from, from + this.chunkBytes - this.at);
      this.chunk.set(part, this.at);
      this.at += part.length;
      from += part.length;
      if (this.at < this.chunkBytes) return;
      this.full.push(this.chunk);
      this.chunk = new Uint8Array(this.chunkBytes);
      this.at = 0;
    }
  }

  /** Takes the chunks that are full. */
  takeFull(): readonly Uint8Array[] {
    const { full } = this;
    this.full = [];
    return full;
  }

  /** What has begun a chunk, and did not fill it. */
  rest(): Uint8Array {
    return this.chunk.slice(0, this.at);
  }
}
