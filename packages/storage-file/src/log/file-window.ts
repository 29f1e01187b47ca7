import type { FileHandle } from "@hexraft/core/ports";
import { type Piece, viewOf } from "../format/bytes.js";

/** Least bytes fetched at once. */
const WINDOW_BYTES = 1024 * 1024;

/** Reads a file front to back without holding up the process, a large piece at a time. Bytes handed out stay valid. */
export class FileWindow implements Piece {
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = viewOf(this.bytes);
  from = 0;

  constructor(
    private readonly handle: FileHandle,
    /** Bytes of the file. */
    readonly size: number,
    private readonly windowBytes: number = WINDOW_BYTES,
  ) {}

  /**
   * Whether `length` bytes from `at` on are here, or as many as the file has. Most are: waiting for {@link FileWindow.fetch} each time
   * would cost more than reading them.
   */
  holds(at: number, length: number): boolean {
    return at >= this.from && Math.min(at + length, this.size) <= this.from + this.bytes.length;
  }

  /** Has them here afterwards. */
  async fetch(at: number, length: number): Promise<void> {
    if (this.holds(at, length)) return;
    const left = Math.max(0, this.size - at);
    this.bytes = await readFully(this.handle, at, Math.min(left, Math.max(length, this.windowBytes)));
    this.view = viewOf(this.bytes);
    this.from = at;
  }

  /** `length` bytes from `at` on, or as many as the file has. */
  async at(at: number, length: number): Promise<Uint8Array> {
    await this.fetch(at, length);
    return this.bytes.subarray(at - this.from, at - this.from + length);
  }
}

/** Reads that many bytes, or as many as there are. */
export const readFully = (handle: FileHandle, at: number, length: number): Promise<Uint8Array> =>
  readInto(handle, at, new Uint8Array(length));

/** Fills the room with what stands there, or with as much as there is; resolves with that part of it. */
export async function readInto(handle: FileHandle, at: number, room: Uint8Array): Promise<Uint8Array> {
  let got = 0;
  while (got < room.length) {
    const more = await handle.readAsync(room.subarray(got), at + got);
    if (more === 0) break;
    got += more;
  }
  return room.subarray(0, got);
}
