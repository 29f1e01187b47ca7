import { RaftError } from "@hexraft/core/ports";

/** An error that tells what shows that the bytes are no whole snapshot. */
export function damaged(how: string): RaftError {
  return new RaftError(
    "Damaged",
    "refused",
    `This is no whole snapshot of a key-value state: ${how}. Load another one, or fetch it from the leader.`,
  );
}

/** Takes exact numbers of bytes out of a stream whose chunks have any size. */
export class StreamReader {
  private readonly chunks: AsyncIterator<Uint8Array>;
  private chunk = new Uint8Array(0);
  private at = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next `count` bytes if they are all at hand, without a promise; a view that is good until the next call. */
  takeNow(count: number): Uint8Array | undefined {
    const bytes = this.peekNow(count);
    if (bytes !== undefined) this.at += count;
    return bytes;
  }

  /** The same, and they are still to be taken. */
  peekNow(count: number): Uint8Array | undefined {
    return this.chunk.length - this.at < count ? undefined : this.chunk.subarray(this.at, this.at + count);
  }

  /** The next `count` bytes. @throws RaftError `Damaged` if the stream ends before. */
  async take(count: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(count);
    await this.takeInto(bytes);
    return bytes;
  }

  /** Puts the next bytes there, as many as there is room for. @throws RaftError `Damaged` if the stream ends before. */
  async takeInto(room: Uint8Array): Promise<void> {
    let filled = 0;
    while (filled < room.length) {
      if (this.at === this.chunk.length) await this.pull();
      const part = this.chunk.subarray(this.at, this.at + room.length - filled);
      room.set(part, filled);
      filled += part.length;
      this.at += part.length;
    }
  }

  /** The stream must end here. @throws RaftError `Damaged` if it does not. */
  async end(): Promise<void> {
    let rest = this.chunk.length - this.at;
    while (rest === 0) {
      const next = await this.chunks.next();
      if (next.done) return;
      rest = next.value.length;
    }
    throw damaged("more bytes follow its end");
  }

  /** Gives the stream up, if it has not ended. */
  async close(): Promise<void> {
    await this.chunks.return?.();
  }

  private async pull(): Promise<void> {
    const next = await this.chunks.next();
    if (next.done) throw damaged("it ends early");
    this.chunk = next.value as Uint8Array<ArrayBuffer>;
    this.at = 0;
  }
}
