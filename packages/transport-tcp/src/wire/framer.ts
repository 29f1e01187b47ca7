import { RaftError } from "@hexraft/core/ports";

/** Bytes before each frame: its length, a u32, little-endian. */
export const LENGTH_BYTES = 4;
/** Most bytes that are set aside for a frame before any of it has come; what is longer grows as it arrives. */
const ASSEMBLY_BYTES_FIRST = 256 * 1024;
const ASSEMBLY_GROWTH = 4;

/**
 * Cuts a stream of bytes into frames: `u32 length | length bytes`. Chunks may end anywhere, also inside a length, and may
 * hold many frames. A frame that lies whole in one chunk is handed out as a view of that chunk, uncopied; one that was
 * split is put together in memory of its own, each byte copied a bounded number of times. A peer that announces a long
 * frame and sends nothing costs nothing: memory is spent as bytes come.
 *
 * After an error the framer is spent: the stream has no more boundaries that could be trusted.
 */
export class Framer {
  private readonly head = new Uint8Array(LENGTH_BYTES);
  private headFilled = 0;
  private frame: Uint8Array | undefined;
  private frameFilled = 0;
  private length = 0;

  /** Begins at the beginning of a stream. */
  constructor(
    /** The longest frame, bytes; may be raised between frames, once the other side is known. */
    public lengthMax: number,
  ) {}

  /** Bytes held of a frame that is not whole yet. */
  get pendingBytes(): number {
    return this.headFilled + this.frameFilled;
  }

  /**
   * The frames that `chunk` completes, without their lengths. The chunk must not be written to as long as one of them is used.
   *
   * @throws RaftError `BadMessage` for a length of 0 or above the limit.
   */
  *push(chunk: Uint8Array): Generator<Uint8Array, void, undefined> {
    let at = 0;
    while (at < chunk.length) {
      if (this.frame === undefined) {
        const whole = this.wholeAt(chunk, at);
        if (whole !== undefined) {
          at += LENGTH_BYTES + whole.length;
          yield whole;
          continue;
        }
        at = this.takeHead(chunk, at);
      } else {
        at = this.takeBody(chunk, at, this.frame);
        if (this.frameFilled < this.length) continue;
        const frame = this.frame;
        this.frame = undefined;
        this.frameFilled = 0;
        yield frame;
      }
    }
  }

  /** The frame at `at`, if all of it is there. */
  private wholeAt(chunk: Uint8Array, at: number): Uint8Array | undefined {
    const start = at + LENGTH_BYTES;
    if (this.headFilled > 0 || start > chunk.length) return undefined;
    const length = this.checked(lengthIn(chunk, at));
    return start + length <= chunk.length ? chunk.subarray(start, start + length) : undefined;
  }

  private takeHead(chunk: Uint8Array, at: number): number {
    const taken = Math.min(LENGTH_BYTES - this.headFilled, chunk.length - at);
    this.head.set(chunk.subarray(at, at + taken), this.headFilled);
    this.headFilled += taken;
    if (this.headFilled === LENGTH_BYTES) {
      this.length = this.checked(lengthIn(this.head, 0));
      this.headFilled = 0;
      this.frame = new Uint8Array(Math.min(this.length, ASSEMBLY_BYTES_FIRST));
    }
    return at + taken;
  }

  private takeBody(chunk: Uint8Array, at: number, frame: Uint8Array): number {
    const taken = Math.min(this.length - this.frameFilled, chunk.length - at);
    const filled = this.frameFilled + taken;
    let into = frame;
    if (filled > into.length) {
      into = new Uint8Array(Math.min(this.length, Math.max(filled, into.length * ASSEMBLY_GROWTH)));
      into.set(frame.subarray(0, this.frameFilled));
      this.frame = into;
    }
    into.set(chunk.subarray(at, at + taken), this.frameFilled);
    this.frameFilled = filled;
    return at + taken;
  }

  private checked(length: number): number {
    if (length >= 1 && length <= this.lengthMax) return length;
    throw new RaftError(
      "BadMessage",
      "refused",
      `a frame announces ${length} bytes; 1 to ${this.lengthMax} are allowed here (T01)`,
    );
  }
}

function lengthIn(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
  return (low | ((bytes[at + 3] as number) << 24)) >>> 0;
}
