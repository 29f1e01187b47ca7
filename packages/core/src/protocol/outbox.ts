import type { HardState } from "../model/hard-state.js";
import type { LogBlock } from "../model/log-block.js";
import type { LogId, LogIndex } from "../model/log-id.js";
import type { Message } from "../model/message.js";
import type { ReplicaId } from "../model/node-id.js";
import type { AfterPersist, Deliver, Effect, Persist } from "./effect.js";
import type { RaftLog } from "./raft-log.js";
import { added, NOTHING } from "./short-list.js";

/** A write that this step still adds to. Its number comes when it is finished. */
type Draft = { -readonly [K in keyof Persist]: Persist[K] } & { blocks?: LogBlock[]; then: AfterPersist[] };

/**
 * Decides what may leave now and what waits for the disk. Rules E02, L01.
 *
 * What reveals a term or a vote of ours travels *inside* the write: while a hard state is not durable, every message of
 * the group waits behind it. Otherwise: this node adopts term 5, says so, crashes, forgets, and votes in term 5 again.
 * A message that waits keeps the words it was given: it tells the truth of the step that decided it.
 */
export class Outbox {
  private effects: readonly Effect[] = NOTHING;
  private draft: Draft | undefined;
  /** Number of the newest write that holds a hard state. */
  private hardStateWrite = 0;
  private persistedUpTo = 0;
  private silent = false;

  constructor(private readonly log: RaftLog) {}

  /** Whether a hard state is still on its way to the disk. */
  get hardStatePending(): boolean {
    return this.draft?.hardState !== undefined || this.hardStateWrite > this.persistedUpTo;
  }

  /** An order that reveals nothing to others. */
  emit(effect: Exclude<Effect, Persist | { type: "Send" }>): void {
    this.effects = added(this.effects, effect);
  }

  /** Says something to a peer: now, or once the hard state is durable. */
  send(to: ReplicaId, message: Message): void {
    if (this.silent) return;
    const send: AfterPersist = { type: "Send", to: to.id, toIncarnation: to.incarnation, message };
    if (this.hardStatePending) this.writing().then.push(send);
    else this.effects = added(this.effects, send);
  }

  /** E02: what acts on our own ballot waits for it, too. */
  deliver(event: Deliver["event"]): void {
    this.writing().then.push({ type: "Deliver", event });
  }

  /** Term, vote and the rest, before anything that reveals them. */
  persistHardState(hardState: HardState): void {
    this.writing().hardState = hardState;
  }

  /** Appends to the log on disk. */
  persistBlock(block: LogBlock): void {
    const draft = this.writing();
    if (draft.blocks === undefined) draft.blocks = [block];
    else draft.blocks.push(block);
  }

  /** R02: a truncation, durable together with what replaces the entries (L07). */
  persistTruncation(from: LogIndex): void {
    if (this.draft?.blocks !== undefined || this.draft?.truncateFrom !== undefined) this.finishWrite();
    this.writing().truncateFrom = from;
  }

  /** S05: the log begins anew after `base`. @returns the number of the write. */
  persistReset(base: LogId): number {
    if (this.draft?.blocks !== undefined || this.draft?.truncateFrom !== undefined) this.finishWrite();
    this.writing().resetTo = base;
    return this.log.writeNumber + 1;
  }

  /** L08: what lies before may go. */
  persistCompaction(base: LogId): void {
    this.writing().compactTo = base;
  }

  /** All writes up to `number` are durable. */
  persisted(number: number): void {
    this.persistedUpTo = Math.max(this.persistedUpTo, number);
  }

  /** E17, L04: nothing is said any more, and nothing is written. */
  silence(): void {
    this.silent = true;
    this.draft = undefined;
    this.effects = this.effects.filter((effect) => effect.type !== "Send" && effect.type !== "Persist");
  }

  /** The step's effects, in order: what may leave at once stands before the write, so that the disk is not in its way. */
  take(commit: LogIndex): readonly Effect[] {
    if (this.draft !== undefined) this.finishWrite(commit);
    const effects = this.effects;
    this.effects = NOTHING;
    return effects;
  }

  private writing(): Draft {
    this.draft ??= { type: "Persist", number: 0, then: [] };
    return this.draft;
  }

  private finishWrite(commit?: LogIndex): void {
    const draft = this.draft as Draft;
    this.draft = undefined;
    if (this.silent) return;
    const { hardState, resetTo, truncateFrom, blocks, compactTo } = draft;
    draft.number = this.log.beginWrite();
    if (hardState !== undefined) this.hardStateWrite = draft.number;
    const appends = blocks !== undefined || truncateFrom !== undefined;
    const isBarrier = !appends && hardState === undefined && resetTo === undefined && compactTo === undefined;
    // R08: a hint rides along, never above what this write makes durable, and never causes a write.
    if (!isBarrier && commit !== undefined) draft.commitHint = Math.min(commit, this.log.last.index);
    this.effects = added(this.effects, draft);
  }
}
