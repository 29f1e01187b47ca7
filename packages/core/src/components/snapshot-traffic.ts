import type { Millis } from "../model/log-id.js";
import type { ProtocolOptions } from "../model/options.js";
import type { AbortSignalLike } from "../ports/transport.js";
import type { Ticks } from "./shared-timers.js";

/** Longest piece that is handed on at once: also on a slow link something arrives before a transfer counts as stalled (R19). */
const SLICE_BYTES_MAX = 64 * 1024;
/** What nobody used for this long is forfeited: a pause earns no burst that is longer. ms. */
const BURST_MS = 50;

/** The options that bound it. */
export type SnapshotBounds = Pick<
  ProtocolOptions,
  "snapshotSendsMax" | "snapshotReceivesMax" | "snapshotBytesPerSecondMax"
>;

/** S04: what snapshots on their way may take of a process, places and rate. All its groups share one. */
export class SnapshotTraffic {
  /** Those that leave. */
  readonly sending: Lane;
  /** Those that come in. */
  readonly receiving: Lane;
  private readonly sliceBytes: number;
  /** The rate has been used up to this instant: all that was sent is paid for by the time before it. */
  private usedUpToMs: Millis = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly bounds: SnapshotBounds,
    private readonly ticks: Ticks,
  ) {
    this.sending = new Lane(bounds.snapshotSendsMax);
    this.receiving = new Lane(bounds.snapshotReceivesMax);
    const perBurst = Math.floor((bounds.snapshotBytesPerSecondMax * BURST_MS) / 1_000);
    this.sliceBytes = perBurst === 0 ? SLICE_BYTES_MAX : Math.min(SLICE_BYTES_MAX, perBurst);
  }

  /** The same bytes in slices, no faster than the rate that all of them share; `moved` hears of each that goes. */
  async *limited(
    bytes: AsyncIterable<Uint8Array>,
    signal: AbortSignalLike,
    moved: (slice: Uint8Array) => void,
  ): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes)
      for (let at = 0; at < chunk.length; at += this.sliceBytes) {
        const slice = chunk.subarray(at, at + this.sliceBytes);
        const waitMs = this.use(slice.length);
        if (waitMs > 0) await this.pass(waitMs, signal);
        moved(slice);
        yield slice;
      }
  }

  /** How long these bytes have to wait for their turn, ms. */
  private use(bytes: number): Millis {
    const rate = this.bounds.snapshotBytesPerSecondMax;
    if (rate === 0) return 0;
    const now = this.ticks.now();
    this.usedUpToMs = Math.max(this.usedUpToMs, now - BURST_MS) + (bytes / rate) * 1_000;
    return this.usedUpToMs - now;
  }

  private pass(waitMs: Millis, signal: AbortSignalLike): Promise<void> {
    return new Promise((resolve, reject) => {
      const callOff = (): void => {
        action.unsubscribe();
        reject(new Error("called off"));
      };
      const action = this.ticks.schedule(() => {
        signal.removeEventListener("abort", callOff);
        resolve();
      }, waitMs);
      signal.addEventListener("abort", callOff, { once: true });
    });
  }
}

/** A number of places. */
class Lane {
  private readonly taken = new Set<object>();

  constructor(private readonly places: number) {}

  /** Whether there is no place for another one. */
  get isFull(): boolean {
    return this.taken.size >= this.places;
  }

  /** Takes a place for a transfer. */
  enter(transfer: object): void {
    this.taken.add(transfer);
  }

  /** Gives it back, if it has one. */
  leave(transfer: object): void {
    this.taken.delete(transfer);
  }
}
