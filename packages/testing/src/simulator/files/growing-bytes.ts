/** Bytes that grow, with room to spare. */
export class GrowingBytes {
  /** How many there are. */
  size: number;
  private room: Uint8Array;

  /** Begins with a copy of these. */
  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.room = bytes.slice();
    this.size = bytes.length;
  }

  /** Writes at a position; what lies between it and the end before becomes zeros. */
  write(bytes: Uint8Array, at: number): void {
    const end = at + bytes.length;
    if (end > this.size) this.resize(end);
    this.room.set(bytes, at);
  }

  /** Cuts, or extends with zeros. */
  resize(size: number): void {
    if (size > this.room.length) {
      const room = new Uint8Array(Math.max(size, 2 * this.room.length, 1_024));
      room.set(this.room.subarray(0, this.size));
      this.room = room;
    } else if (size < this.size) this.room.fill(0, size, this.size);
    this.size = size;
  }

  /** A view of a part. */
  part(from: number, to: number): Uint8Array {
    return this.room.subarray(Math.min(from, this.size), Math.min(to, this.size));
  }

  /** A copy of all. */
  copy(): Uint8Array {
    return this.room.slice(0, this.size);
  }
}
