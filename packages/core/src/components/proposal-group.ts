import type { RaftError } from "../model/errors.js";
import { ENTRY_HEADER_BYTES } from "../model/log-block.js";
import type { Millis, Term } from "../model/log-id.js";

/** Hears the result of a command. */
export type Resolve = (result: unknown) => void;
/** Hears that it failed; for callers without a promise, also the result (then `error` is null). */
export type Done = (error: Error | null, result?: unknown) => void;

/** What waits for a slot of a group with a deadline or a signal of its own. */
export interface SlotWatch {
  /** Its place in the group, which moves when others are left out. */
  slot: number;
  /** The slot was answered. */
  release(): void;
}

/**
 * The commands of one turn and who waits for them, as arrays: the caller's own promise or callback is the only thing that
 * exists per command. A slot whose `done` is undefined was answered.
 */
export class ProposalGroup {
  /** Encoded commands, as the log will hold them. */
  payloads: Uint8Array[] = [];
  /** Bytes that they take in the log. */
  bytes = 0;
  /** Slots from here on are not yet answered by the protocol. */
  taken = 0;
  /** When callers that named no deadline of their own give up. ms. */
  deadlineMs: Millis = Number.POSITIVE_INFINITY;
  private resolves: (Resolve | null)[] = [];
  private dones: (Done | undefined)[] = [];
  private timed: Map<number, SlotWatch> | undefined;
  private withdrawn = 0;

  constructor(
    /** R18: they may be proposed in this term of ours only. */
    readonly onlyInTerm: Term | undefined,
  ) {}

  /** Commands in it. */
  get count(): number {
    return this.payloads.length;
  }

  /** Adds a command. `resolve` is null for the callback form. Returns its slot. */
  add(payload: Uint8Array, resolve: Resolve | null, done: Done): number {
    this.bytes += ENTRY_HEADER_BYTES + payload.length;
    this.resolves.push(resolve);
    this.dones.push(done);
    return this.payloads.push(payload) - 1;
  }

  /** The caller in this slot has a deadline or a signal of its own. */
  time(slot: number, call: SlotWatch): void {
    this.timed ??= new Map();
    this.timed.set(slot, call);
  }

  /** Whether the slot still waits, and not by a deadline of its own. */
  waitsByDefault(slot: number): boolean {
    return this.dones[slot] !== undefined && this.timed?.has(slot) !== true;
  }

  /** Whether nobody waits any more in these slots. */
  isAnswered(from: number, count: number): boolean {
    for (let slot = from; slot < from + count; slot++) if (this.dones[slot] !== undefined) return false;
    return true;
  }

  /** Answers a slot with a result. An answered slot stays as it is. */
  resolve(slot: number, result: unknown): void {
    const done = this.take(slot);
    if (done === undefined) return;
    const resolve = this.resolves[slot] as Resolve | null;
    if (resolve === null) done(null, result);
    else resolve(result);
  }

  /** Answers a slot with an error. */
  fail(slot: number, error: RaftError): void {
    this.take(slot)?.(error);
  }

  /** The caller gives up: returns who is to hear of it. A command that was not submitted yet will not be. */
  withdraw(slot: number): Done | undefined {
    if (slot >= this.taken) this.withdrawn++;
    return this.take(slot);
  }

  /** Before the turn's commands are submitted: leaves out what was withdrawn. */
  compact(): void {
    if (this.withdrawn === 0) return;
    const { payloads, resolves, dones, timed } = this;
    this.payloads = [];
    this.resolves = [];
    this.dones = [];
    this.timed = undefined;
    this.bytes = 0;
    for (const [slot, payload] of payloads.entries()) {
      const done = dones[slot];
      if (done === undefined) continue;
      const moved = this.add(payload, resolves[slot] as Resolve | null, done);
      const call = timed?.get(slot);
      if (call === undefined) continue;
      call.slot = moved;
      this.time(moved, call);
    }
    this.withdrawn = 0;
  }

  private take(slot: number): Done | undefined {
    const done = this.dones[slot];
    this.dones[slot] = undefined;
    if (this.timed !== undefined) {
      this.timed.get(slot)?.release();
      this.timed.delete(slot);
    }
    return done;
  }
}
