import { type NodeId, RaftError } from "@hexraft/core/ports";

/** A snapshot stream under way: one chunk at a time, so that a slow receiver holds the sender back. */
export class SnapshotPipe {
  private chunk: Uint8Array | undefined;
  private ended = false;
  private broken: RaftError | undefined;
  private wake: (() => void) | undefined;
  private readonly breaking: Promise<never>;
  private rejectAll: (error: RaftError) => void = () => {};

  constructor(
    /** Sender. */
    readonly from: NodeId,
    /** Receiver. */
    readonly to: NodeId,
    private readonly hop: (arrived: () => void) => void,
  ) {
    this.breaking = new Promise<never>((_, reject) => {
      this.rejectAll = reject;
    });
    this.breaking.catch(() => {});
  }

  /** Whether the node is one of its ends. */
  joins(id: NodeId): boolean {
    return this.from === id || this.to === id;
  }

  /** Both ends learn that it broke. */
  break(reason: string): void {
    this.broken ??= new RaftError(
      "SnapshotFailed",
      "refused",
      `the snapshot from ${this.from} to ${this.to} broke: ${reason}`,
    );
    this.rejectAll(this.broken);
  }

  /** Moves `bytes` to `receive`; resolves when that has taken the last one. */
  async run(
    bytes: AsyncIterable<Uint8Array>,
    receive: (incoming: AsyncIterable<Uint8Array>) => Promise<void>,
  ): Promise<void> {
    const received = receive(this.incoming());
    received.catch((error: unknown) => this.break(error instanceof Error ? error.message : String(error)));
    const sent = this.pump(bytes);
    sent.catch((error: unknown) => this.break(error instanceof Error ? error.message : String(error)));
    await Promise.race([Promise.all([sent, received]), this.breaking]);
  }

  private async pump(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of bytes) {
      if (this.broken !== undefined) throw this.broken;
      const copy = chunk.slice();
      await this.either(new Promise<void>((resolve) => this.hop(resolve)));
      await this.put(copy);
    }
    this.ended = true;
    this.wake?.();
  }

  private async put(chunk: Uint8Array): Promise<void> {
    while (this.chunk !== undefined) await this.changed();
    this.chunk = chunk;
    this.wake?.();
  }

  private async *incoming(): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (this.broken !== undefined) throw this.broken;
      const { chunk } = this;
      if (chunk !== undefined) {
        this.chunk = undefined;
        this.wake?.();
        yield chunk;
      } else if (this.ended) return;
      else await this.changed();
    }
  }

  /** One end waits for the other: only one of them can, since the pipe is either full or empty. */
  private changed(): Promise<void> {
    return this.either(
      new Promise<void>((resolve) => {
        this.wake = resolve;
      }),
    );
  }

  private either<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.breaking]);
  }
}
