/** Bytes by length, out of chunks of any length. */
export class ByteSource {
  private readonly chunks: AsyncIterator<Uint8Array>;
  private rest: Uint8Array = new Uint8Array(0);

  /** Asks for no more than it is asked for. */
  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.chunks = bytes[Symbol.asyncIterator]();
  }

  /** So many bytes, in an array of their own; fewer only where there are no more. */
  async take(length: number): Promise<Uint8Array> {
    const out = new Uint8Array(length);
    let have = 0;
    while (have < length) {
      if (this.rest.length === 0) {
        const { done, value } = await this.chunks.next();
        if (done === true) return out.subarray(0, have);
        this.rest = value;
        continue;
      }
      const part = this.rest.subarray(0, length - have);
      out.set(part, have);
      this.rest = this.rest.subarray(part.length);
      have += part.length;
    }
    return out;
  }
}
