import type { ConfigurationEntry } from "../model/configuration.js";
import type { LogIndex } from "../model/log-id.js";
import type { SnapshotMeta } from "../model/snapshot-meta.js";
import type { SnapshotSink, SnapshotStorage } from "../ports/snapshot-storage.js";
import type { StateMachine } from "../ports/state-machine.js";
import type { EventSink } from "./event-sink.js";
import type { FsmCaller } from "./fsm-caller.js";
import { messageOf } from "./message-of.js";
import { paced, snapshotStream } from "./snapshot-stream.js";

/** What a saver works with. */
export interface SavingSurroundings {
  readonly storage: SnapshotStorage;
  readonly stateMachine: StateMachine;
  readonly fsm: FsmCaller;
  readonly events: EventSink;
  /** S01: the newest configuration at or below an index. */
  readonly configurationAt: (index: LogIndex) => ConfigurationEntry;
}

/**
 * Saves this node's own snapshots, one at a time: the save point is a moment in the state machine's FIFO, the bytes flow
 * outside of it (S01), with a turn between chunks (S08).
 */
export class SnapshotSaver {
  private saving = false;
  private fault = "";
  private closed = false;
  private underWay: Promise<void> = Promise.resolve();

  constructor(
    private readonly around: SavingSurroundings,
    /** The newest one that is there. */
    private newest: SnapshotMeta | null,
  ) {}

  /** Whether one is being saved. */
  get isSaving(): boolean {
    return this.saving;
  }

  /** The newest one that is there, saved or received. */
  get newestMeta(): SnapshotMeta | null {
    return this.newest;
  }

  /** Its index; 0 if there is none. */
  get newestIndex(): LogIndex {
    return this.newest?.id.index ?? 0;
  }

  /** Why the last save failed, or empty. */
  get lastFault(): string {
    return this.fault;
  }

  /** Saves one at the applied index of the moment. A demand that comes meanwhile shares the run (S07). */
  take(): void {
    if (this.saving || this.closed) return;
    this.saving = true;
    this.fault = "";
    this.around.fsm.call(
      () => {
        this.savePoint();
        return undefined;
      },
      (error) => this.failed(error.message),
    );
  }

  /** Another one's snapshot is there as well from now on. */
  received(meta: SnapshotMeta): void {
    if (meta.id.index > this.newestIndex) this.newest = meta;
  }

  /** Saves nothing more. Resolves when the one under way has let go. */
  async close(): Promise<void> {
    this.closed = true;
    await this.underWay;
  }

  /** S01: between two commands; nothing that is applied later shows in the bytes. */
  private savePoint(): void {
    const { fsm, stateMachine, configurationAt } = this.around;
    const id = fsm.appliedId;
    if (id.index === 0) return this.failed("nothing is applied yet");
    if (this.newest !== null && id.index === this.newest.id.index) return this.saved(this.newest);
    const configuration = configurationAt(id.index);
    // F05: older members can read it: nothing newer is written before all know it.
    const about = { logTimeMs: fsm.logTimeMs, formatVersion: fsm.openFormat };
    const meta = { id, configuration, ...about, sizeBytes: 0, checksum: 0 };
    try {
      this.underWay = this.save(meta, stateMachine.snapshotSave());
    } catch (error) {
      this.failed(messageOf(error));
    }
  }

  private async save(meta: SnapshotMeta, state: AsyncIterable<Uint8Array>): Promise<void> {
    let sink: SnapshotSink | undefined;
    try {
      sink = await this.around.storage.begin(meta, "local");
      for await (const chunk of paced(snapshotStream(state), () => this.turn())) await sink.write(chunk);
      this.saved(await sink.commit());
    } catch (error) {
      // What cannot be removed now is removed when the storage is opened next.
      await sink?.abort(false).catch(() => {});
      this.failed(messageOf(error));
    }
  }

  private async turn(): Promise<void> {
    await new Promise<void>((resolve) => this.around.events.inNextTurn(resolve));
    if (this.closed) throw new Error("the node stopped");
  }

  private saved(meta: SnapshotMeta): void {
    this.saving = false;
    this.newest = meta;
    if (!this.closed) this.around.events.post({ type: "SnapshotSaved", meta });
  }

  private failed(reason: string): void {
    this.saving = false;
    this.fault = reason;
    if (!this.closed) this.around.events.post({ type: "SnapshotSaveFailed", reason });
  }
}
