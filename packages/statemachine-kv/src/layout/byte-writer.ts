/** Memory is taken in pieces of this size; what is handed out small shares one with its neighbours. */
const PIECE_BYTES = 16 * 1024;
/** A larger piece, which something large once needed, is given back. */
const SCRATCH_BYTES_MAX = 1024 * 1024;
/** What is larger gets memory of its own, so that nobody who keeps it keeps much else. */
const SHARED_BYTES_MAX = PIECE_BYTES / 8;

/** Lays down numbers (little-endian) and bytes, and hands out what was laid down; those bytes are not used again. */
export class ByteWriter {
  private bytes = new Uint8Array(PIECE_BYTES);
  private view = new DataView(this.bytes.buffer);
  private text = Buffer.from(this.bytes.buffer);
  /** Where what is laid down begins: everything before was handed out. */
  private start = 0;
  private at = 0;

  /** Bytes laid down so far. */
  get length(): number {
    return this.at - this.start;
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

  /** The bytes of a string with one character per byte. */
  held(source: string): void {
    const at = this.grow(source.length);
    this.text.write(source, at, "latin1");
  }

  /** Length, then bytes. */
  blob(source: Uint8Array): void {
    this.u32(source.length);
    this.raw(source);
  }

  /** What was laid down; begins anew. */
  finish(): Uint8Array {
    if (this.length > SHARED_BYTES_MAX) {
      const own = this.bytes.slice(this.start, this.at);
      this.reset();
      return own;
    }
    const shared = this.bytes.subarray(this.start, this.at);
    this.start = this.at;
    return shared;
  }

  /** Drops what was laid down, also what an earlier use that failed has left. */
  reset(): void {
    this.at = this.start;
    if (this.bytes.length > SCRATCH_BYTES_MAX) this.move(PIECE_BYTES);
  }

  /** Makes room for `count` bytes and returns where they begin. Call it first: it may replace `bytes` and its views. */
  private grow(count: number): number {
    if (this.at + count > this.bytes.length) this.move(Math.max(PIECE_BYTES, 2 * (this.length + count)));
    const at = this.at;
    this.at = at + count;
    return at;
  }

  /** Goes on in new memory: the old one stays with those who were given parts of it. */
  private move(length: number): void {
    const { bytes, start, at } = this;
    this.bytes = new Uint8Array(length);
    this.bytes.set(bytes.subarray(start, at));
    this.view = new DataView(this.bytes.buffer);
    this.text = Buffer.from(this.bytes.buffer);
    this.start = 0;
    this.at = at - start;
  }
}
