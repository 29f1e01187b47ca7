import { RaftError } from "@hexraft/core/ports";

/** Hands out a part of the bytes in the form that is wanted. */
export type Part<Bytes> = (bytes: Uint8Array, from: number, to: number) => Bytes;

/** A view, not a copy. */
export const viewOf: Part<Uint8Array> = (bytes, from, to) => bytes.subarray(from, to);

/** Takes apart what a ByteWriter laid down. Every length is checked against what is there before it is used. */
export class ByteReader<Key = Uint8Array> {
  private at = 0;

  /**
   * @param bytes - what to take apart.
   * @param what - names them in errors, e.g. `command`.
   * @param part - how keys are handed out.
   */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly what: string,
    private readonly part: Part<Key>,
  ) {}

  u8(): number {
    const at = this.skip(1);
    return this.bytes[at] as number;
  }

  u32(): number {
    return this.wordAt(this.skip(4));
  }

  u64(): number {
    const at = this.skip(8);
    const value = this.wordAt(at + 4) * 2 ** 32 + this.wordAt(at);
    if (!Number.isSafeInteger(value)) throw this.fault("has a number beyond 2^53");
    return value;
  }

  i64(): bigint {
    const { buffer, byteOffset } = this.bytes;
    return new DataView(buffer, byteOffset + this.skip(8), 8).getBigInt64(0, true);
  }

  /** Length, then bytes: a view of them. */
  blob(): Uint8Array {
    const length = this.u32();
    const at = this.skip(length);
    return this.bytes.subarray(at, at + length);
  }

  /** A blob in the form that is wanted of keys. */
  key(): Key {
    const length = this.u32();
    const at = this.skip(length);
    return this.part(this.bytes, at, at + length);
  }

  /** 0 or 1. */
  bool(): boolean {
    const value = this.u8();
    if (value > 1) throw this.fault(`has ${value} where 0 or 1 belongs`);
    return value === 1;
  }

  /** Flags, of which only those in `known` may be set. */
  flags(known: number): number {
    const flags = this.u8();
    if ((flags & ~known) !== 0) throw this.unknown(`flags ${flags}`);
    return flags;
  }

  /** A count, then as many items. Each takes at least a byte, so a false count ends where the bytes end. */
  list<T>(item: () => T): T[] {
    const count = this.u32();
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(item());
    return items;
  }

  /** All bytes must have been read. */
  end(): void {
    if (this.at !== this.bytes.length) throw this.fault(`has ${this.bytes.length - this.at} bytes too many`);
  }

  /** An error: the bytes are no valid ones of this format. */
  fault(how: string): RaftError {
    return new RaftError("BadCommand", "refused", `The ${this.what} ${how} (near byte ${this.at}).`, {
      offset: this.at,
    });
  }

  /** An error: the bytes may be valid in a format that this version does not know. */
  unknown(which: string): RaftError {
    const advice = "run a version of @hexraft/statemachine-kv that knows it on every node";
    return new RaftError("FormatUnknown", "refused", `The ${this.what} has an unknown ${which}; ${advice}.`, {
      offset: this.at,
    });
  }

  private wordAt(at: number): number {
    const { bytes } = this;
    const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
    return (low | ((bytes[at + 3] as number) << 24)) >>> 0;
  }

  private skip(count: number): number {
    const at = this.at;
    if (count > this.bytes.length - at) throw this.fault(`ends early: ${count} bytes more belong there`);
    this.at = at + count;
    return at;
  }
}
