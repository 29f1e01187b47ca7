import { RaftError } from "./errors.js";
import type { LogId, LogIndex, Term } from "./log-id.js";
import { TERM_MAX } from "./log-id.js";
import { isIncarnation, isName } from "./node-id.js";

/** T09: most elements behind the known ones that a newer neighbour may have added to an array; they are ignored. */
export const EXTRA_FIELDS_MAX = 8;

/**
 * Reads a positional array that came from outside, element by element, and believes nothing: each element is held
 * against its type, alphabet and range before it is used. Arrays grow at the tail only (T09): an element with a default
 * may be missing because the sender is older, and up to {@link EXTRA_FIELDS_MAX} unknown ones are left unread.
 *
 * Every fault is a RaftError `BadMessage` that names the array and the element, never its content.
 */
export class FieldReader {
  private readonly fields: readonly unknown[];
  private next = 0;

  /** @throws RaftError `BadMessage` if `value` is no array. */
  constructor(
    value: unknown,
    private readonly what: string,
  ) {
    if (!Array.isArray(value)) throw badMessage(`${what} is no array`);
    this.fields = value;
  }

  /** A whole number from `min` to `max`; −0, fractions, NaN and bigints are none. */
  whole(name: string, min: number, max: number, otherwise?: number): number {
    const value = this.take(name, otherwise);
    const inRange = Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
    if (!inRange || Object.is(value, -0)) throw this.wrong(name, `must be a whole number from ${min} to ${max}`);
    return value as number;
  }

  /** A count of anything, 0 … 2⁵³−1. */
  count(name: string, otherwise?: number): number {
    return this.whole(name, 0, Number.MAX_SAFE_INTEGER, otherwise);
  }

  /** A term, 0 … {@link TERM_MAX} (E13). */
  term(name = "term"): Term {
    return this.whole(name, 0, TERM_MAX);
  }

  /** A log index, 0 … 2⁵³−1. */
  index(name: string, otherwise?: LogIndex): LogIndex {
    return this.count(name, otherwise);
  }

  /** A log id: two elements, index and term. */
  logId(name: string): LogId {
    const index = this.index(`${name} index`);
    return { index, term: this.term(`${name} term`) };
  }

  /** True or false. */
  flag(name: string, otherwise?: boolean): boolean {
    const value = this.take(name, otherwise);
    if (typeof value !== "boolean") throw this.wrong(name, "must be true or false");
    return value;
  }

  /** The name of a node or a group. */
  name(name: string): string {
    return this.text(name, isName, "must be 1–64 characters of A–Z a–z 0–9 . _ -");
  }

  /** An incarnation or a directory id. */
  incarnation(name: string): string {
    return this.text(name, isIncarnation, "must be 16 hexadecimal digits");
  }

  /** A string that passes `check`; `rule` says what it must be. */
  text(name: string, check: (text: string) => boolean, rule: string, otherwise?: string): string {
    const value = this.take(name, otherwise);
    if (typeof value !== "string" || !check(value)) throw this.wrong(name, rule);
    return value;
  }

  /** Bytes, at most `max` of them; not copied. */
  bytes(name: string, max: number, otherwise?: Uint8Array): Uint8Array {
    const value = this.take(name, otherwise);
    if (!(value instanceof Uint8Array) || value.length > max) throw this.wrong(name, `must be at most ${max} bytes`);
    return value;
  }

  /** Whatever stands there: an array for a reader of its own. */
  nested(name: string, otherwise?: readonly unknown[]): unknown {
    return this.take(name, otherwise);
  }

  /** One of `values`, which the wire numbers from 0 on. */
  oneOf<T extends string>(name: string, values: readonly T[]): T {
    return values[this.whole(name, 0, values.length - 1)] as T;
  }

  /** Called once after the last known element. */
  end(): void {
    const extra = this.fields.length - this.next;
    if (extra > EXTRA_FIELDS_MAX) throw badMessage(`${this.what} has ${extra} elements more than are known`);
  }

  private take(name: string, otherwise: unknown): unknown {
    const at = this.next++;
    if (at < this.fields.length) return this.fields[at];
    if (otherwise === undefined) throw this.wrong(name, "is missing");
    return otherwise;
  }

  private wrong(name: string, rule: string): RaftError {
    return badMessage(`${name} of ${this.what} ${rule}`);
  }
}

/** The error for what a peer said and no peer of ours would say. */
export function badMessage(fault: string): RaftError {
  return new RaftError("BadMessage", "refused", `a message is malformed: ${fault}; whoever sent it is no hexraft peer`);
}
