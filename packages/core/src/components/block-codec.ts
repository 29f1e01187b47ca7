import { RaftError } from "../model/errors.js";
import {
  BLOCK_COUNT_LIMIT,
  BLOCK_HEADER_BYTES,
  ENTRY_HEADER_BYTES,
  LogBlock,
  lengthAt,
  PAYLOAD_BYTES_LIMIT,
} from "../model/log-block.js";
import { TERM_MAX } from "../model/log-id.js";
import { type Checksum, crc32Of } from "../ports/checksum.js";

/*
 * Bytes of a block, identical in memory, on the wire and in files (format 1, little-endian):
 *
 *   0  u16 magic 0x4248 ("HB")   2  u8 version 1      3  u8 flags (bit 0: commands without payloads, M12)
 *   4  u32 length, all of it     8  u32 count        12  u32 reserved, 0
 *  16  u64 term                 24  u64 first        32  u64 log time, ms
 *  40  u32 checksum of the body 44  u32 checksum of bytes 0–43
 *  48  per entry: u32 type << 24 | length, then the payload
 *
 * Numbers of 64 bits hold whole numbers below 2^53.
 */
const MAGIC = 0x4248;
const VERSION = 1;
/** M12. */
const BARE = 1;

/** The block's bytes, laid down on first need and kept. A block cut from another verifies that one first, or damage would be blessed. */
export function blockBytes(block: LogBlock, checksum: Checksum): Uint8Array {
  if (block.encoded !== undefined) return block.encoded;
  if (block.cutFrom !== undefined) verifyBlock(block.cutFrom, checksum);
  const bytes = new Uint8Array(block.sizeBytes);
  const view = new DataView(bytes.buffer);
  let at = BLOCK_HEADER_BYTES;
  for (let index = block.first; index <= block.last; index++) {
    const payload = block.payloadAt(index);
    // One bit more would change the entry's type: the length has 24 bits.
    if (payload.length > PAYLOAD_BYTES_LIMIT)
      throw new RaftError(
        "EntryTooLarge",
        "refused",
        `entry ${index} has ${payload.length} bytes; a block can hold ${PAYLOAD_BYTES_LIMIT} bytes per entry`,
        { index, bytes: payload.length },
      );
    view.setUint32(at, ((block.typeAt(index) << 24) | payload.length) >>> 0, true);
    bytes.set(payload, at + ENTRY_HEADER_BYTES);
    at += ENTRY_HEADER_BYTES + payload.length;
  }
  view.setUint16(0, MAGIC, true);
  view.setUint8(2, VERSION);
  view.setUint8(3, block.isBare ? BARE : 0);
  view.setUint32(4, bytes.length, true);
  view.setUint32(8, block.count, true);
  setU64(view, 16, block.term);
  setU64(view, 24, block.first);
  setU64(view, 32, Math.floor(block.logTimeMs));
  view.setUint32(40, crc32Of(checksum, bytes, BLOCK_HEADER_BYTES, bytes.length), true);
  view.setUint32(44, crc32Of(checksum, bytes, 0, 44), true);
  block.encoded = bytes;
  return bytes;
}

/**
 * Reads a block's header at `offset`, and checks its shape and its own checksum; lengths are bounded before anything is
 * allocated, and the entries' lengths must fill the block exactly. The body's checksum is {@link verifyBlock}'s.
 *
 * @returns the block over those bytes, uncopied.
 * @throws RaftError `Damaged`, saying what is wrong at which offset.
 */
export function openBlock(bytes: Uint8Array, offset: number, checksum: Checksum): LogBlock {
  const block = announcedBlock(bytes, offset, checksum);
  const end = offset + block.sizeBytes;
  let at = offset + BLOCK_HEADER_BYTES;
  for (let i = 0; i < block.count; i++) {
    if (at + ENTRY_HEADER_BYTES > end) throw invalid(offset, "entries exceed the block");
    at += ENTRY_HEADER_BYTES + lengthAt(bytes, at);
  }
  if (at !== end) throw invalid(offset, "entries do not fill the block");
  return block;
}

/**
 * The block that an intact header announces (L03): which entries, of which term, in how many bytes. Its body may be damaged; until
 * {@link openBlock} has looked at it no entry of it may be asked for.
 *
 * @throws RaftError `Damaged`.
 */
export function announcedBlock(bytes: Uint8Array, offset: number, checksum: Checksum): LogBlock {
  const wrong = (what: string) => invalid(offset, what);
  if (bytes.length - offset < BLOCK_HEADER_BYTES) throw wrong("fewer bytes than a block header");
  const start = u32At(bytes, offset);
  if ((start & 0xffff) !== MAGIC) throw wrong("wrong magic number");
  const version = (start >>> 16) & 0xff;
  if (version !== VERSION) throw wrong(`unknown version ${version}`);
  const flags = start >>> 24;
  if ((flags & ~BARE) !== 0) throw wrong(`unknown flags ${flags}`);
  if (crc32Of(checksum, bytes, offset, offset + 44) !== u32At(bytes, offset + 44))
    throw wrong("header checksum mismatch");
  const length = u32At(bytes, offset + 4);
  const count = u32At(bytes, offset + 8);
  if (length > bytes.length - offset) throw wrong(`length ${length} exceeds the ${bytes.length - offset} bytes there`);
  if (count < 1 || count > BLOCK_COUNT_LIMIT || length < BLOCK_HEADER_BYTES + count * ENTRY_HEADER_BYTES)
    throw wrong(`count ${count}`);
  const term = u64At(bytes, offset + 16);
  const first = u64At(bytes, offset + 24);
  if (term > TERM_MAX || first < 1 || first > Number.MAX_SAFE_INTEGER - count)
    throw wrong(`term ${term}, first index ${first}`);
  const logTimeMs = u64At(bytes, offset + 32);
  if (logTimeMs > Number.MAX_SAFE_INTEGER) throw wrong(`log time ${logTimeMs}`);
  const whole = offset === 0 && length === bytes.length ? bytes : bytes.subarray(offset, offset + length);
  return LogBlock.over(first, term, count, logTimeMs, whole, flags === BARE);
}

const invalid = (offset: number, what: string): RaftError =>
  new RaftError("Damaged", "refused", `no valid block at offset ${offset}: ${what}`, { offset });

/**
 * Verifies the body's checksum of a block over bytes; one made from parts has nothing to verify.
 *
 * @throws RaftError `Damaged`.
 */
export function verifyBlock(block: LogBlock, checksum: Checksum): void {
  const bytes = block.encoded;
  if (bytes === undefined) return;
  if (crc32Of(checksum, bytes, BLOCK_HEADER_BYTES, bytes.length) !== u32At(bytes, 40))
    throw new RaftError(
      "Damaged",
      "refused",
      `checksum mismatch in the block of entries ${block.first}–${block.last}`,
      {
        first: block.first,
        last: block.last,
      },
    );
}

function setU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}

/** Whatever comes out of a multiplication takes a heap object of its own wherever it is kept, however small it is. */
function u64At(bytes: Uint8Array, at: number): number {
  const [high, low] = [u32At(bytes, at + 4), u32At(bytes, at)];
  return high === 0 ? low : high * 2 ** 32 + low;
}

/** Byte by byte: a view of a header costs more than all of its numbers. */
function u32At(bytes: Uint8Array, at: number): number {
  const [a, b, c, d] = [bytes[at] as number, bytes[at + 1] as number, bytes[at + 2] as number, bytes[at + 3] as number];
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
}
