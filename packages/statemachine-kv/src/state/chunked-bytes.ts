/** The first chunk begins with so much, since most states are small; it doubles until it is a whole one. */
const FIRST_ROOM_BYTES = 16 * 1024;

/** Bytes laid end to end in chunks of one size: each chunk is memory of its own, and behind the first one each byte is copied once. */
export class ChunkedBytes {
  private full: Uint8Array[] = [];
  private chunk: Uint8Array;
  private at = 0;

  /** @param chunkBytes - bytes of every chunk but the last. */
  constructor(private readonly chunkBytes: number) {
    this.chunk = new Uint8Array(Math.min(chunkBytes, FIRST_ROOM_BYTES));
  }

  /** Whether a chunk is there to be taken. */
  get hasFull(): boolean {
    return this.full.length > 0;
  }

  /** Lays these bytes down behind those before. */
  put(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; ) {
      const part = bytes.subarray(from, from + this.chunkBytes - this.at);
      this.makeRoom(this.at + part.length);
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

  private makeRoom(bytes: number): void {
    if (bytes <= this.chunk.length) return;
    const room = new Uint8Array(Math.min(this.chunkBytes, Math.max(bytes, 2 * this.chunk.length)));
    room.set(this.chunk.subarray(0, this.at));
    this.chunk = room;
  }
}
