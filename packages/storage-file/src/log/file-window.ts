import type { FileHandle } from "@hexraft/core/ports";

/** Least bytes fetched at once. */
const WINDOW_BYTES = 1024 * 1024;

/** Reads a file front to back without holding up the process, a large piece at a time. Pieces handed out stay valid. */
export class FileWindow {
  private bytes: Uint8Array = new Uint8Array(0);
  private from = 0;

  constructor(
    private readonly handle: FileHandle,
    /** Bytes of the file. */
    readonly size: number,
    private readonly windowBytes: number = WINDOW_BYTES,
  ) {}

  /** As {@link FileWindow.at}, if they are here already: most are, and waiting for each would cost more than reading it. */
  peek(at: number, length: number): Uint8Array | undefined {
    const wanted = Math.max(0, Math.min(length, this.size - at));
    if (at < this.from || at + wanted > this.from + this.bytes.length) return undefined;
    return this.bytes.subarray(at - this.from, at - this.from + wanted);
  }

  /** `length` bytes from `at` on, or as many as the file has. */
  async at(at: number, length: number): Promise<Uint8Array> {
    const here = this.peek(at, length);
    if (here !== undefined) return here;
    const wanted = Math.max(0, Math.min(length, this.size - at));
    const fetch = Math.min(Math.max(wanted, this.windowBytes), Math.max(0, this.size - at));
    this.bytes = await readFully(this.handle, at, fetch);
    this.from = at;
    return this.bytes.subarray(0, wanted);
  }
}

/** Reads that many bytes, or as many as there are. */
export async function readFully(handle: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let got = 0;
  while (got < length) {
    const more = await handle.readAsync(bytes.subarray(got), at + got);
    if (more === 0) break;
    got += more;
  }
  return bytes.subarray(0, got);
}
