import { Rejected } from "@hexraft/core/ports";
import { bytesOf } from "../bytes.js";
import type { KvResult, KvSimpleResult } from "../result.js";
import type { ByteReader } from "./byte-reader.js";
import type { ByteWriter } from "./byte-writer.js";

/*
 * Bytes of a result (format 1, little-endian): u8 format, u8 type, and then by type. An optional blob is u8 0, or u8 1 + blob.
 *
 *   0 Rejected        blob code  blob reason          5 increment  i64 value
 *   1 put             u8 done  u8 asked [optional]    6 expire     u8 done
 *   2 multiPut        u32 written                     7 persist    u8 done
 *   3 delete          u32 deleted                     8 batch      u32 count  (u8 type, then by type) × count
 *   4 compareAndSet   u8 done  optional actual
 */
const FORMAT = 1;
const TYPE = {
  rejected: 0,
  put: 1,
  multiPut: 2,
  delete: 3,
  compareAndSet: 4,
  increment: 5,
  expire: 6,
  persist: 7,
  batch: 8,
} as const;

const utf8 = new TextDecoder();

/** Lays down a result. */
export function writeResult(writer: ByteWriter, result: KvResult): void {
  writer.u8(FORMAT);
  if (result instanceof Rejected) {
    writer.u8(TYPE.rejected);
    writer.blob(bytesOf(result.code));
    writer.blob(bytesOf(result.reason));
  } else if (result.type === "batch") {
    writer.u8(TYPE.batch);
    writer.u32(result.results.length);
    for (const each of result.results) writeSimple(writer, each);
  } else writeSimple(writer, result);
}

/** @throws RaftError `BadCommand` or `FormatUnknown`. */
export function readResult(reader: ByteReader): KvResult {
  const format = reader.u8();
  if (format !== FORMAT) throw reader.unknown(`format ${format}`);
  const type = reader.u8();
  let result: KvResult;
  if (type === TYPE.rejected) result = new Rejected(utf8.decode(reader.blob()), utf8.decode(reader.blob()));
  else if (type === TYPE.batch) result = { type: "batch", results: reader.list(() => readSimple(reader, reader.u8())) };
  else result = readSimple(reader, type);
  reader.end();
  return result;
}

function writeSimple(writer: ByteWriter, result: KvSimpleResult): void {
  writer.u8(TYPE[result.type]);
  switch (result.type) {
    case "put":
      writer.u8(Number(result.done));
      writer.u8(Number(result.previous !== undefined));
      if (result.previous !== undefined) writeOptional(writer, result.previous);
      return;
    case "multiPut":
      return writer.u32(result.written);
    case "delete":
      return writer.u32(result.deleted);
    case "compareAndSet":
      writer.u8(Number(result.done));
      return writeOptional(writer, result.actual);
    case "increment":
      return writer.i64(result.value);
    case "expire":
    case "persist":
      return writer.u8(Number(result.done));
    default:
      result satisfies never;
  }
}

function readSimple(reader: ByteReader, type: number): KvSimpleResult {
  switch (type) {
    case TYPE.put: {
      const done = reader.bool();
      return reader.bool() ? { type: "put", done, previous: readOptional(reader) } : { type: "put", done };
    }
    case TYPE.multiPut:
      return { type: "multiPut", written: reader.u32() };
    case TYPE.delete:
      return { type: "delete", deleted: reader.u32() };
    case TYPE.compareAndSet:
      return { type: "compareAndSet", done: reader.bool(), actual: readOptional(reader) };
    case TYPE.increment:
      return { type: "increment", value: reader.i64() };
    case TYPE.expire:
      return { type: "expire", done: reader.bool() };
    case TYPE.persist:
      return { type: "persist", done: reader.bool() };
    default:
      throw reader.unknown(`result type ${type}`);
  }
}

/** Bytes or `null`. */
export function writeOptional(writer: ByteWriter, bytes: Uint8Array | null): void {
  writer.u8(Number(bytes !== null));
  if (bytes !== null) writer.blob(bytes);
}

/** Bytes or `null`. */
export function readOptional(reader: ByteReader): Uint8Array | null {
  return reader.bool() ? reader.blob() : null;
}
