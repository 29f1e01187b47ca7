import type { KvAnswer } from "../answer.js";
import { bytesOf } from "../bytes.js";
import type { ByteReader } from "./byte-reader.js";
import type { ByteWriter } from "./byte-writer.js";
import { readOptional, writeOptional } from "./result-layout.js";

/*
 * Bytes of an answer (format 1, little-endian): u8 format, u8 type (that of the query), and then by type. Never stored.
 *
 *   1 get      optional value                            5 scan   blob cursor  u32 count  blob key × count
 *   2 getMany  u32 count  optional value × count         6 ttl    u8 exists  u64 ms (0: none)
 *   3 exists   u32 count                                 7 size   u64 keys
 *   4 range    optional next  u32 count  (blob key  blob value) × count
 *   8 stats    u64 keys  u64 bytes  u64 expiring  u64 unswept  u64 log time ms
 */
const FORMAT = 1;
const TYPE = {
  get: 1,
  getMany: 2,
  exists: 3,
  range: 4,
  scan: 5,
  ttl: 6,
  size: 7,
  stats: 8,
} as const satisfies Record<KvAnswer["type"], number>;

const utf8 = new TextDecoder();

/** Lays down an answer. */
export function writeAnswer(writer: ByteWriter, answer: KvAnswer): void {
  writer.u8(FORMAT);
  writer.u8(TYPE[answer.type]);
  switch (answer.type) {
    case "get":
      return writeOptional(writer, answer.value);
    case "getMany":
      writer.u32(answer.values.length);
      for (const value of answer.values) writeOptional(writer, value);
      return;
    case "exists":
      return writer.u32(answer.count);
    case "range":
      writeOptional(writer, answer.next);
      writer.u32(answer.entries.length);
      for (const { key, value } of answer.entries) {
        writer.blob(key);
        writer.blob(value);
      }
      return;
    case "scan":
      writer.blob(bytesOf(answer.cursor));
      writer.u32(answer.keys.length);
      for (const key of answer.keys) writer.blob(key);
      return;
    case "ttl":
      writer.u8(Number(answer.exists));
      return writer.u64(answer.ttlMs ?? 0);
    case "size":
      return writer.u64(answer.keys);
    case "stats":
      for (const figure of [answer.keys, answer.bytes, answer.expiring, answer.unswept, answer.logTimeMs])
        writer.u64(figure);
      return;
    default:
      answer satisfies never;
  }
}

/** @throws RaftError `BadCommand` or `FormatUnknown`. */
export function readAnswer(reader: ByteReader): KvAnswer {
  const format = reader.u8();
  if (format !== FORMAT) throw reader.unknown(`format ${format}`);
  const answer = readBody(reader, reader.u8());
  reader.end();
  return answer;
}

function readBody(reader: ByteReader, type: number): KvAnswer {
  switch (type) {
    case TYPE.get:
      return { type: "get", value: readOptional(reader) };
    case TYPE.getMany:
      return { type: "getMany", values: reader.list(() => readOptional(reader)) };
    case TYPE.exists:
      return { type: "exists", count: reader.u32() };
    case TYPE.range: {
      const next = readOptional(reader);
      return { type: "range", entries: reader.list(() => ({ key: reader.blob(), value: reader.blob() })), next };
    }
    case TYPE.scan: {
      const cursor = utf8.decode(reader.blob());
      return { type: "scan", cursor, keys: reader.list(() => reader.blob()) };
    }
    case TYPE.ttl: {
      const exists = reader.bool();
      return { type: "ttl", exists, ttlMs: reader.u64() || null };
    }
    case TYPE.size:
      return { type: "size", keys: reader.u64() };
    case TYPE.stats:
      return {
        type: "stats",
        keys: reader.u64(),
        bytes: reader.u64(),
        expiring: reader.u64(),
        unswept: reader.u64(),
        logTimeMs: reader.u64(),
      };
    default:
      throw reader.unknown(`answer type ${type}`);
  }
}
