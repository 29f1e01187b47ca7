import type { LogId, LogIndex, Term } from "./log-id.js";

/** What an entry is. The numbers are in files and on the wire: they never change meaning. */
export const EntryType = {
  /** A new leader's first entry (E15). */
  empty: 1,
  /** A configuration in the layout of `configuration-layout.ts` (M01). */
  configuration: 2,
  /** A command for the state machine. */
  command: 3,
  /** Reserved for sessions (C03). */
  sessionRegister: 4,
  /** Reserved for sessions (C03). */
  sessionCommand: 5,
  /** Reserved for sessions (C03). */
  sessionExpiry: 6,
  /** Reserved for version gates (F05). */
  versionGate: 7,
} as const;
/** One of the values of {@link EntryType}. */
export type EntryType = (typeof EntryType)[keyof typeof EntryType];

/** Bytes before the first entry of an encoded block. */
export const BLOCK_HEADER_BYTES = 48;
/** Bytes before each payload: `u32 type<<24 | length`, little-endian. */
export const ENTRY_HEADER_BYTES = 4;
/** Most bytes of one payload that the layout can hold (24 bits); `entryBytesMax` stays below it. */
export const PAYLOAD_BYTES_LIMIT = 2 ** 24 - 1;
/** Most entries of one block. */
export const BLOCK_COUNT_LIMIT = 65_536;

const NO_PAYLOAD = new Uint8Array(0);

/**
 * Consecutive entries of **one term**: what one step appended, and what `Persist`, AppendEntries, the cache, the wire
 * and the segment files all carry. Immutable. It exists in one or both of two forms: *parts* (types and payloads, as
 * proposed) and *bytes* (encoded, as received or read); the bytes of a block made from parts are laid down once, on
 * first need, by the block codec, and kept.
 *
 * Who owns the memory: a block keeps the payloads it was made of, uncopied. They must not be changed afterwards.
 */
export class LogBlock {
  /** Index of the last entry. */
  readonly last: LogIndex;
  private offsets: Uint32Array | undefined;

  private constructor(
    /** Index of the first entry. */
    readonly first: LogIndex,
    /** Term of every entry. */
    readonly term: Term,
    /** Entries in it, 1 … {@link BLOCK_COUNT_LIMIT}. */
    readonly count: number,
    /** C03 log time at which the leader appended it, ms. */
    readonly logTimeMs: number,
    /** Bytes of its encoded form, header included. */
    readonly sizeBytes: number,
    private readonly types: readonly EntryType[] | undefined,
    private readonly payloads: readonly Uint8Array[] | undefined,
    /** The encoded form; set at most once by the block codec for a block made of parts. */
    public encoded: Uint8Array | undefined,
    /** The block this one was cut from; its checksum is verified before this one is encoded. */
    readonly cutFrom: LogBlock | undefined,
    /** M12: its commands' payloads were left out, as a witness keeps it. */
    readonly isBare: boolean,
  ) {
    this.last = first + count - 1;
  }

  /** A block of entries as proposed; `types` may be one type for all of them. */
  static of(
    first: LogIndex,
    term: Term,
    logTimeMs: number,
    types: readonly EntryType[] | EntryType,
    payloads: readonly Uint8Array[],
  ): LogBlock {
    const list = typeof types === "number" ? undefined : types;
    let size = BLOCK_HEADER_BYTES + payloads.length * ENTRY_HEADER_BYTES;
    for (const payload of payloads) size += payload.length;
    const block = new LogBlock(
      first,
      term,
      payloads.length,
      logTimeMs,
      size,
      list,
      payloads,
      undefined,
      undefined,
      false,
    );
    if (typeof types === "number") block.uniformType = types;
    return block;
  }

  /** A block over encoded bytes whose header the block codec has checked. The bytes are kept, uncopied. */
  static over(
    first: LogIndex,
    term: Term,
    count: number,
    logTimeMs: number,
    encoded: Uint8Array,
    isBare = false,
  ): LogBlock {
    const size = encoded.length;
    return new LogBlock(first, term, count, logTimeMs, size, undefined, undefined, encoded, undefined, isBare);
  }

  private uniformType: EntryType | undefined;

  /** Its last entry's id. */
  get lastId(): LogId {
    return { index: this.last, term: this.term };
  }

  /** Type of the entry at `index`, which must lie in the block. */
  typeAt(index: LogIndex): EntryType {
    if (this.uniformType !== undefined) return this.uniformType;
    if (this.types !== undefined) return this.types[index - this.first] as EntryType;
    return ((this.encoded as Uint8Array)[this.offsetAt(index) + 3] ?? 0) as EntryType;
  }

  /** Payload of the entry at `index`, which must lie in the block: a view, not a copy. */
  payloadAt(index: LogIndex): Uint8Array {
    if (this.payloads !== undefined) return this.payloads[index - this.first] ?? NO_PAYLOAD;
    const bytes = this.encoded as Uint8Array;
    const at = this.offsetAt(index);
    const length = lengthAt(bytes, at);
    return bytes.subarray(at + ENTRY_HEADER_BYTES, at + ENTRY_HEADER_BYTES + length);
  }

  /** First byte of that payload, without a view of it; undefined if it is empty. */
  firstByteAt(index: LogIndex): number | undefined {
    if (this.payloads !== undefined) return this.payloads[index - this.first]?.[0];
    const bytes = this.encoded as Uint8Array;
    const at = this.offsetAt(index);
    return lengthAt(bytes, at) === 0 ? undefined : bytes[at + ENTRY_HEADER_BYTES];
  }

  /** Bytes that entries `first … index` take in the encoded form, header included. */
  sizeUpTo(index: LogIndex): number {
    if (index >= this.last) return this.sizeBytes;
    let size = BLOCK_HEADER_BYTES;
    for (let i = this.first; i <= index; i++) size += ENTRY_HEADER_BYTES + this.payloadAt(i).length;
    return size;
  }

  /**
   * The entries `from … to` of it as a block of their own: itself if that is all of them.
   * Payloads are shared; the new block is encoded on first need, after its origin's checksum was verified.
   */
  slice(from: LogIndex, to: LogIndex): LogBlock {
    if (from === this.first && to === this.last) return this;
    const origin = this.cutFrom ?? (this.payloads === undefined ? this : undefined);
    return this.part(from, to, (index) => this.payloadAt(index), origin, this.isBare);
  }

  /**
   * M12: the same entries without the payloads of their commands; what the protocol itself reads stays whole.
   *
   * @param isVerified - the checksum of what it is made of was verified, and that need not be kept with it until it is encoded.
   */
  bare(isVerified: boolean): LogBlock {
    if (this.isBare) return this;
    const origin = this.cutFrom ?? (this.payloads === undefined ? this : undefined);
    const kept = (index: LogIndex): Uint8Array =>
      this.typeAt(index) === EntryType.command ? NO_PAYLOAD : this.payloadAt(index).slice();
    return this.part(this.first, this.last, kept, isVerified ? undefined : origin, true);
  }

  private part(
    from: LogIndex,
    to: LogIndex,
    payloadOf: (index: LogIndex) => Uint8Array,
    origin: LogBlock | undefined,
    isBare: boolean,
  ): LogBlock {
    const payloads: Uint8Array[] = [];
    const types: EntryType[] = [];
    let size = BLOCK_HEADER_BYTES;
    for (let index = from; index <= to; index++) {
      const payload = payloadOf(index);
      payloads.push(payload);
      types.push(this.typeAt(index));
      size += ENTRY_HEADER_BYTES + payload.length;
    }
    const { term, logTimeMs } = this;
    return new LogBlock(from, term, payloads.length, logTimeMs, size, types, payloads, undefined, origin, isBare);
  }

  private offsetAt(index: LogIndex): number {
    if (index === this.first) return BLOCK_HEADER_BYTES;
    let offsets = this.offsets;
    if (offsets === undefined) {
      offsets = new Uint32Array(this.count);
      const bytes = this.encoded as Uint8Array;
      let at = BLOCK_HEADER_BYTES;
      for (let i = 0; i < this.count; i++) {
        offsets[i] = at;
        at += ENTRY_HEADER_BYTES + lengthAt(bytes, at);
      }
      this.offsets = offsets;
    }
    return offsets[index - this.first] as number;
  }
}

/** @internal Bytes of the payload of the entry that stands at `at` of an encoded block. */
export function lengthAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
}
