import { type HeldValue, handOut, holdInstead, holds } from "./held-value.js";
import { hashRecord } from "./record-hash.js";

/** The deadline of a record that never expires. */
export const NO_DEADLINE = 0;

/**
 * One key with its value. Carries a 64-bit hash of all it says, in two halves; a state's hash is the sum of them, and so
 * does not depend on any order and costs nothing to keep.
 */
export class KvRecord {
  /** Its value; {@link write} may change an array in its place. */
  value: HeldValue = "";
  /** Log time from which on it is gone, ms; {@link NO_DEADLINE}: never. */
  deadlineMs = NO_DEADLINE;
  /** Bytes of key and value; kept here, so that nobody has to visit the old value to forget it. */
  sizeBytes = 0;
  /** Upper half of its hash, i32: such a number lies in the record, a u32 would be an object of its own. */
  hashHigh = 0;
  /** Lower half of its hash, i32. */
  hashLow = 0;

  constructor(
    /** One character per byte. */
    readonly key: string,
    value: Uint8Array,
    /** Given when the key came into being, kept until it is removed, never given twice; ≥ 1. Scan cursors are made of these. */
    readonly sequence: number,
    deadlineMs: number,
    /** The era of its key space in which it was made: since then no snapshot has taken hold of it, so it may change. */
    readonly era = 0,
    /** What holds the value from now on; a copy of it, if nothing is given. */
    held: HeldValue = holdInstead("", value),
  ) {
    this.value = held;
    this.describe(value, deadlineMs);
  }

  /** Replaces what it holds. Never call it once a snapshot may share it. */
  write(value: Uint8Array, deadlineMs: number): void {
    this.value = holdInstead(this.value, value);
    this.describe(value, deadlineMs);
  }

  /** A copy of its value. */
  bytes(): Uint8Array {
    return handOut(this.value);
  }

  /** Whether that is its value. */
  holds(value: Uint8Array): boolean {
    return holds(this.value, value);
  }

  /** Whether it is gone at this log time. */
  isExpired(logTimeMs: number): boolean {
    return this.deadlineMs !== NO_DEADLINE && this.deadlineMs <= logTimeMs;
  }

  private describe(value: Uint8Array, deadlineMs: number): void {
    this.deadlineMs = deadlineMs;
    this.sizeBytes = this.key.length + value.length;
    hashRecord(this, value);
  }
}

/** The value of a record, for a caller. */
export const handedOut = (record: KvRecord | undefined): Uint8Array | null => record?.bytes() ?? null;
