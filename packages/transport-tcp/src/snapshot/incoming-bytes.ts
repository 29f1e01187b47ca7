/** How much may wait for the consumer before reading is paused. Bytes. */
const HIGH_WATER_BYTES = 1024 * 1024;
/** What a piece costs beside its bytes, so that a stream of tiny ones is bounded as well. */
const PIECE_COST_BYTES = 1024;

/**
 * Pieces that come in by a socket, for one consumer that takes them at its own pace: when too much waits, `pause` is
 * called and the sender feels it through TCP's own flow control (S04). Nothing is lost or held without a bound.
 */
export class IncomingBytes implements AsyncIterable<Uint8Array> {
  private readonly pieces: Uint8Array[] = [];
  private waitingBytes = 0;
  private isPaused = false;
  private end: { readonly error?: Error } | undefined;
  private wake: (() => void) | undefined;

  /** @param pause - stops (true) or resumes reading from the socket. */
  constructor(private readonly pause: (isPaused: boolean) => void) {}

  /** Whether the end was reached and the consumer has taken all of it. */
  get isConsumed(): boolean {
    return this.end !== undefined && this.end.error === undefined && this.pieces.length === 0;
  }

  /** The next piece. */
  push(piece: Uint8Array): void {
    if (this.end !== undefined) return;
    this.pieces.push(piece);
    this.account(piece.length + PIECE_COST_BYTES);
    this.wake?.();
  }

  /** No more will come; with an error, what waits is not handed out any more. */
  finish(error?: Error): void {
    if (this.end !== undefined && error === undefined) return;
    this.end = error === undefined ? {} : { error };
    this.wake?.();
  }

  /** The pieces, in order; throws where the stream broke. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      if (this.end?.error !== undefined) throw this.end.error;
      const piece = this.pieces.shift();
      if (piece !== undefined) {
        this.account(-piece.length - PIECE_COST_BYTES);
        yield piece;
      } else if (this.end !== undefined) return;
      else
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
    }
  }

  private account(bytes: number): void {
    this.waitingBytes += bytes;
    const isPaused = this.isPaused ? this.waitingBytes > HIGH_WATER_BYTES / 2 : this.waitingBytes > HIGH_WATER_BYTES;
    if (isPaused === this.isPaused) return;
    this.isPaused = isPaused;
    this.pause(isPaused);
  }
}
