import type { LogBlock } from "../model/log-block.js";
import type { LogStorage } from "../ports/log-storage.js";
import type { ReadForRepair, RepairLog } from "../protocol/effect.js";
import { SparseMap } from "../protocol/sparse-map.js";
import type { EventSink } from "./event-sink.js";
import { messageOf } from "./message-of.js";

/**
 * The hands of a repair (L03): reads entries for members that lost theirs, one request per member at a time, and puts
 * back what this node's own disk lost.
 */
export class LogRepairer {
  private readonly reading = new SparseMap<string, ReadForRepair>();
  /** Repairs under way. */
  private repairing = 0;
  private closed = false;

  constructor(
    private readonly storage: LogStorage,
    private readonly events: EventSink,
    /** Entries can be read again. */
    private readonly log: { readAgain(): void },
  ) {}

  /** Reads for a member; a newer request of it takes the place of one that waits. */
  read(order: ReadForRepair): void {
    if (this.closed) return;
    const running = this.reading.has(order.to);
    this.reading.set(order.to, order);
    if (!running) void this.readFor(order.to);
  }

  /** Puts entries back. What fails then is as final as a failed write (L04). */
  repair({ blocks }: RepairLog): void {
    if (this.closed || this.storage.repair === undefined) return;
    this.repairing++;
    this.storage.repair(blocks).then(
      () => this.done(blocks),
      (error: unknown) => {
        this.repairing--;
        if (!this.closed) this.events.post({ type: "StorageFailed", reason: messageOf(error) });
      },
    );
  }

  /** Whether nothing is under way. */
  get isIdle(): boolean {
    return this.reading.size + this.repairing === 0;
  }

  /** Nothing more is read, and nobody is told anything. */
  close(): void {
    this.closed = true;
  }

  private done(blocks: readonly LogBlock[]): void {
    this.repairing--;
    if (this.closed) return;
    this.events.post({ type: "LogRepaired", blocks });
    this.log.readAgain();
  }

  private async readFor(to: string): Promise<void> {
    for (let order = this.reading.get(to); order !== undefined && !this.closed; ) {
      const { toIncarnation, first, last, bytesMax } = order;
      let blocks: readonly LogBlock[] = [];
      try {
        blocks = await this.storage.read(first, bytesMax);
      } catch {
        // Lost here as well, or compacted meanwhile: another member may have it.
      }
      if (this.closed) return;
      this.events.post({ type: "RepairRead", to, toIncarnation, first, last, blocks });
      const newer = this.reading.get(to);
      order = newer === order ? undefined : newer;
    }
    this.reading.delete(to);
  }
}
