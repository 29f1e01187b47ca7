const NOTHING = new Uint8Array(0);

/**
 * Bytes that grow, with room to spare. The room is shared memory, though nobody shares it: V8 does not count that toward the pressure
 * that makes it collect everything, which disks of a score of worlds would otherwise do every few seconds, and with each such
 * collection the compiled code of every function goes that no closure is left of.
 */
export class GrowingBytes {
  /** How many there are. */
  size: number;
  private room: Uint8Array;
  /** Another one reads the same room: whoever writes first takes a room of its own. */
  private isShared = false;

  /** Begins with these, which nobody else may write to from now on. */
  constructor(bytes: Uint8Array = NOTHING) {
    this.room = bytes;
    this.size = bytes.length;
  }

  /** Writes at a position; what lies between it and the end before becomes zeros. */
  write(bytes: Uint8Array, at: number): void {
    const end = at + bytes.length;
    if (end > this.size) this.resize(end);
    else this.own(this.room.length);
    this.room.set(bytes, at);
  }

  /** Cuts, or extends with zeros. */
  resize(size: number): void {
    if (size > this.room.length) this.own(Math.max(size, 2 * this.room.length, 1_024));
    else this.own(this.room.length);
    if (size < this.size) this.room.fill(0, size, this.size);
    this.size = size;
  }

  /** A view of a part. Not to be written to. */
  part(from: number, to: number): Uint8Array {
    return this.room.subarray(Math.min(from, this.size), Math.min(to, this.size));
  }

  /** A copy, which costs nothing until one of the two is written to. */
  copy(): GrowingBytes {
    const copy = new GrowingBytes(this.room);
    copy.size = this.size;
    copy.isShared = this.isShared = true;
    return copy;
  }

  /** Has a room of its own, of this length. */
  private own(length: number): void {
    if (!this.isShared && length === this.room.length) return;
    const room = new Uint8Array(new SharedArrayBuffer(length));
    room.set(this.room.subarray(0, this.size));
    this.room = room;
    this.isShared = false;
  }
}
