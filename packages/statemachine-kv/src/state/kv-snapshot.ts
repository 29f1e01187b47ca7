import { heldOf } from "../bytes.js";
import { ByteReader, viewOf } from "../layout/byte-reader.js";
import { ByteWriter } from "../layout/byte-writer.js";
import { ChunkedBytes } from "./chunked-bytes.js";
import { holdRoom, newRoom } from "./held-value.js";
import { type FrozenKeySpace, KeySpace } from "./key-space.js";
import { KvRecord } from "./kv-record.js";
import { damaged, StreamReader } from "./stream-reader.js";

/** Bytes of every chunk of a snapshot but the last. */
export const SNAPSHOT_CHUNK_BYTES = 256 * 1024;
/** So much of small records is laid down before it is carried over. */
const LAID_BYTES = 16 * 1024;
/** The only format of commands and snapshots so far. */
export const FORMAT_VERSION = 1;

/*
 * Bytes of a snapshot (format 1, little-endian). Records stand in the order of their keys' bytes, so that equal states
 * give equal bytes on every replica.
 *
 *   header   u32 magic "HXKV"  u32 format 1  u64 log time ms  u64 next sequence  u64 records
 *   record   u32 key length  u32 value length  u64 sequence  u64 deadline ms (0: none)  key  value
 *   trailer  u32 hash high  u32 hash low
 */
const MAGIC = 0x564b5848;
const HEADER_BYTES = 32;
const RECORD_HEADER_BYTES = 24;
const TRAILER_BYTES = 8;
/** No command, and so no key or value, can be larger: lengths are refused before memory is spent on them. */
const PART_BYTES_LIMIT = 2 ** 24 - 1;

/** The bytes of a frozen state, in chunks. One chunk and one record are in memory at a time. */
export async function* saveSnapshot(frozen: FrozenKeySpace): AsyncGenerator<Uint8Array, void, undefined> {
  const writer = new ByteWriter();
  writer.u32(MAGIC);
  writer.u32(FORMAT_VERSION);
  writer.u64(frozen.logTimeMs);
  writer.u64(frozen.nextSequence);
  writer.u64(frozen.records.size);
  const chunks = new ChunkedBytes(SNAPSHOT_CHUNK_BYTES);
  let next: string | undefined;
  do {
    const from = next;
    next = undefined;
    frozen.records.ascend(from, (key, { value, sequence, deadlineMs }) => {
      if (chunks.hasFull) {
        next = key;
        return false;
      }
      writer.u32(key.length);
      writer.u32(value.length);
      writer.u64(sequence);
      writer.u64(deadlineMs);
      writer.held(key);
      if (typeof value === "string") writer.held(value);
      if (typeof value === "object" || writer.length >= LAID_BYTES) chunks.put(writer.finish());
      if (typeof value === "object") chunks.put(value);
      return true;
    });
    if (next === undefined) {
      writer.u32(frozen.hashHigh);
      writer.u32(frozen.hashLow);
      chunks.put(writer.finish());
    }
    yield* chunks.takeFull();
  } while (next !== undefined);
  const rest = chunks.rest();
  if (rest.length > 0) yield rest;
}

/**
 * The state that was saved. Only it, one chunk and one record are in memory at a time.
 *
 * @throws RaftError `FormatUnknown`, or `Damaged` if the bytes are not a whole snapshot.
 */
export async function loadSnapshot(chunks: AsyncIterable<Uint8Array>): Promise<KeySpace> {
  const stream = new StreamReader(chunks);
  try {
    return await readState(stream);
  } finally {
    await stream.close();
  }
}

async function readState(stream: StreamReader): Promise<KeySpace> {
  const header = new ByteReader(await stream.take(HEADER_BYTES), "snapshot", viewOf);
  if (header.u32() !== MAGIC) throw damaged("it does not begin like one");
  const format = header.u32();
  if (format !== FORMAT_VERSION) throw header.unknown(`format ${format}`);
  const space = new KeySpace();
  space.logTimeMs = header.u64();
  const nextSequence = header.u64();
  const count = header.u64();
  let before: string | undefined;
  for (let i = 0; i < count; i++) {
    const record = recordNow(stream) ?? (await recordAcross(stream));
    if (before !== undefined && record.key <= before) throw damaged("its keys are not in order");
    if (record.sequence < 1 || record.sequence >= nextSequence || !space.restore(record))
      throw damaged("it has an impossible sequence number");
    before = record.key;
  }
  space.nextSequence = nextSequence;
  const trailer = new ByteReader(await stream.take(TRAILER_BYTES), "snapshot", viewOf);
  if (trailer.u32() !== space.hashHigh || trailer.u32() !== space.hashLow) throw damaged("its hash does not match");
  await stream.end();
  return space;
}

interface RecordHead {
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly sequence: number;
  readonly deadlineMs: number;
}

function readHead(bytes: Uint8Array): RecordHead {
  const reader = new ByteReader(bytes, "snapshot", viewOf);
  const keyBytes = reader.u32();
  const valueBytes = reader.u32();
  if (keyBytes > PART_BYTES_LIMIT || valueBytes > PART_BYTES_LIMIT) throw damaged("it has an impossible length");
  return { keyBytes, valueBytes, sequence: reader.u64(), deadlineMs: reader.u64() };
}

/** The next record, if all of it is at hand: a promise for each of many small ones would cost more than they do. */
function recordNow(stream: StreamReader): KvRecord | undefined {
  const header = stream.peekNow(RECORD_HEADER_BYTES);
  if (header === undefined) return undefined;
  const { keyBytes, valueBytes, sequence, deadlineMs } = readHead(header);
  const bytes = stream.takeNow(RECORD_HEADER_BYTES + keyBytes + valueBytes);
  if (bytes === undefined) return undefined;
  const keyEnd = RECORD_HEADER_BYTES + keyBytes;
  return new KvRecord(heldOf(bytes, RECORD_HEADER_BYTES, keyEnd), bytes.subarray(keyEnd), sequence, deadlineMs);
}

/** The next record out of several chunks; its value comes to lie where it stays. */
async function recordAcross(stream: StreamReader): Promise<KvRecord> {
  const { keyBytes, valueBytes, sequence, deadlineMs } = readHead(await stream.take(RECORD_HEADER_BYTES));
  const key = heldOf(await stream.take(keyBytes));
  const room = newRoom(valueBytes);
  await stream.takeInto(room);
  return new KvRecord(key, room, sequence, deadlineMs, 0, holdRoom(room));
}
