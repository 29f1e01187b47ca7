/** Scratch memory that is kept from one use to the next; a larger one is given back. */
const SCRATCH_BYTES_MAX = 1024 * 1024;

/** Lays down numbers (little-endian) and bytes in scratch memory that grows, and hands out a copy of what was laid down. */
export class ByteWriter {
  private bytes = new Uint8Array(4_096);
  private view = new DataView(this.bytes.buffer);
  private at = 0;

  /** Bytes laid down so far. */
  get length(): number {
    return this.at;
  }

  u8(value: number): void {
    const at = this.grow(1);
    this.bytes[at] = value;
  }

  u32(value: number): void {
    const at = this.grow(4);
    this.view.setUint32(at, value, true);
  }

  /** A whole number, 0 … 2⁵³ − 1. */
  u64(value: number): void {
    const at = this.grow(8);
    this.view.setUint32(at, value >>> 0, true);
    this.view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
  }

  i64(value: bigint): void {
    const at = this.grow(8);
    this.view.setBigInt64(at, value, true);
  }

  raw(source: Uint8Array): void {
    const at = this.grow(source.length);
    this.bytes.set(source, at);
  }

  /** Length, then bytes. */
  blob(source: Uint8Array): void {
    this.u32(source.length);
    this.raw(source);
  }

  /** What was laid down, as an array of its own; begins anew. */
  finish(): Uint8Array {
    const result = this.bytes.slice(0, this.at);
    this.reset();
    return result;
  }

  /** Drops what was laid down, also what an earlier use that failed has left. */
  reset(): void {
    this.at = 0;
    if (this.bytes.length > SCRATCH_BYTES_MAX) this.resize(4_096);
  }

  /** Makes room for `count` bytes and returns where they begin. Call it first: it may replace `bytes` and `view`. */
  private grow(count: number): number {
    const at = this.at;
    this.at = at + count;
    if (this.at > this.bytes.length) this.resize(Math.max(this.at, this.bytes.length * 2));
    return at;
  }

  private resize(length: number): void {
    const kept = this.bytes;
    this.bytes = new Uint8Array(length);
    this.bytes.set(kept.subarray(0, Math.min(kept.length, length)));
    this.view = new DataView(this.bytes.buffer);
  }
}
