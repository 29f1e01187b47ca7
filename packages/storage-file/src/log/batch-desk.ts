import { viewOf } from "../format/bytes.js";

/** Largest batch that is laid down in a desk's own room, bytes; a larger one gets a room of its own, which goes when it is written. */
const ROOM_BYTES = 64 * 1024;

/**
 * Where batches are laid down, one after the other: a batch is handed to the host in the turn that lays it down, and the host has
 * taken a copy when that call returns. A room of its own for each would be more work than most batches are.
 */
export class BatchDesk {
  private readonly room = new Uint8Array(ROOM_BYTES);
  private readonly view = viewOf(this.room);

  /** Zeros, and a view over them, until the next call. */
  clear(length: number): { readonly bytes: Uint8Array; readonly view: DataView } {
    if (length > ROOM_BYTES) {
      const bytes = new Uint8Array(length);
      return { bytes, view: viewOf(bytes) };
    }
    const bytes = this.room.subarray(0, length);
    bytes.fill(0);
    return { bytes, view: this.view };
  }
}
