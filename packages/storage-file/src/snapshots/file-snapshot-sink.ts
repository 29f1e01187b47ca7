import { RaftError, type SnapshotMeta, type SnapshotSink } from "@hexraft/core/ports";
import { type SnapshotDraft, snapshotFailed } from "./snapshot-draft.js";

/** What the sink asks of the storage it belongs to. */
export interface SinkOwner {
  /** Makes the draft a snapshot, durably. */
  readonly publish: (whole: SnapshotMeta) => Promise<void>;
  /** Removes the draft's file. */
  readonly discard: () => void;
  /** The draft's file is free again. */
  readonly done: () => void;
}

/** Takes one snapshot's bytes into a draft; spent after `commit`, `abort`, or the first write that failed. */
export class FileSnapshotSink implements SnapshotSink {
  readonly offset: number;
  private spent = false;
  private excess = 0;

  constructor(
    private readonly draft: SnapshotDraft,
    /** What a received snapshot must amount to. */
    private readonly given: SnapshotMeta | undefined,
    private readonly resumable: boolean,
    private readonly owner: SinkOwner,
  ) {
    this.offset = draft.size;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.living();
    const room = (this.given?.sizeBytes ?? Number.POSITIVE_INFINITY) - this.draft.size;
    // A sender that sends more than it announced fills no disk; commit says that it was too much.
    this.excess += Math.max(0, chunk.length - room);
    try {
      if (room > 0) await this.draft.write(chunk.subarray(0, room));
    } catch (error) {
      await this.end(false);
      throw snapshotFailed(this.draft.path, error);
    }
  }

  async commit(): Promise<SnapshotMeta> {
    this.living();
    this.spent = true;
    const whole = this.draft.total();
    try {
      if (this.given !== undefined && whole.sizeBytes + this.excess !== this.given.sizeBytes)
        throw this.mismatch(`${whole.sizeBytes + this.excess} bytes came`);
      if (this.given !== undefined && whole.checksum !== this.given.checksum)
        throw this.mismatch(`their checksum is ${whole.checksum}`);
      await this.owner.publish(whole);
    } catch (error) {
      await this.end(false);
      throw snapshotFailed(this.draft.path, error);
    }
    this.owner.done();
    return whole;
  }

  async abort(keepPartial: boolean): Promise<void> {
    if (this.spent) return;
    this.spent = true;
    const keep = keepPartial && this.resumable && this.excess === 0;
    try {
      if (keep) await this.draft.keep();
    } catch (error) {
      await this.end(false);
      throw snapshotFailed(this.draft.path, error);
    }
    await this.end(keep);
  }

  private living(): void {
    if (this.spent)
      throw new RaftError("SnapshotFailed", "refused", `${this.draft.path} was committed or given up already`);
  }

  private async end(keep: boolean): Promise<void> {
    this.spent = true;
    await this.draft.close();
    if (!keep) this.owner.discard();
    this.owner.done();
  }

  private mismatch(what: string): RaftError {
    const { sizeBytes, checksum } = this.given as SnapshotMeta;
    const message = `the snapshot received is not the one announced (${sizeBytes} bytes, checksum ${checksum}): ${what}. It is removed; ask for it again.`;
    return new RaftError("Damaged", "refused", message, { file: this.draft.path });
  }
}
