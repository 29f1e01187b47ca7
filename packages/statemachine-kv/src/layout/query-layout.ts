import { bytesOf } from "../bytes.js";
import type { KvQuery } from "../query.js";
import type { ByteReader } from "./byte-reader.js";
import type { ByteWriter } from "./byte-writer.js";

/*
 * Bytes of a query (format 1, little-endian): u8 format, u8 type, and then by type. Queries are never stored.
 *
 *   1 get      blob key                                   5 scan  u8 flags  [u32 count]  blob cursor
 *   2 getMany  u32 count  blob key × count                6 ttl   blob key
 *   3 exists   u32 count  blob key × count                7 size
 *   4 range    u8 flags  [blob start]  [blob end]  [u32 limit]      8 stats
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
} as const satisfies Record<KvQuery["type"], number>;

const HAS_LIMIT = 1;
const HAS_START = 2;
const HAS_END = 4;
const REVERSE = 8;

const utf8 = new TextDecoder();

/** Lays down a query that has been checked. */
export function writeQuery(writer: ByteWriter, query: KvQuery): void {
  writer.u8(FORMAT);
  writer.u8(TYPE[query.type]);
  switch (query.type) {
    case "get":
    case "ttl":
      return writer.blob(query.key);
    case "getMany":
    case "exists":
      writer.u32(query.keys.length);
      for (const key of query.keys) writer.blob(key);
      return;
    case "range": {
      const { start, end, limit, reverse } = query;
      writer.u8(
        (limit === undefined ? 0 : HAS_LIMIT) |
          (start === undefined ? 0 : HAS_START) |
          (end === undefined ? 0 : HAS_END) |
          (reverse ? REVERSE : 0),
      );
      if (start !== undefined) writer.blob(start);
      if (end !== undefined) writer.blob(end);
      if (limit !== undefined) writer.u32(limit);
      return;
    }
    case "scan":
      writer.u8(query.count === undefined ? 0 : HAS_LIMIT);
      if (query.count !== undefined) writer.u32(query.count);
      return writer.blob(bytesOf(query.cursor));
    case "size":
    case "stats":
      return;
    default:
      query satisfies never;
  }
}

/** @throws RaftError `BadCommand` or `FormatUnknown`. */
export function readQuery(reader: ByteReader): KvQuery {
  const format = reader.u8();
  if (format !== FORMAT) throw reader.unknown(`format ${format}`);
  const query = readBody(reader, reader.u8());
  reader.end();
  return query;
}

function readBody(reader: ByteReader, type: number): KvQuery {
  switch (type) {
    case TYPE.get:
      return { type: "get", key: reader.blob() };
    case TYPE.getMany:
      return { type: "getMany", keys: reader.list(() => reader.blob()) };
    case TYPE.exists:
      return { type: "exists", keys: reader.list(() => reader.blob()) };
    case TYPE.range: {
      const flags = reader.flags(HAS_LIMIT | HAS_START | HAS_END | REVERSE);
      return {
        type: "range",
        ...((flags & HAS_START) !== 0 && { start: reader.blob() }),
        ...((flags & HAS_END) !== 0 && { end: reader.blob() }),
        ...((flags & HAS_LIMIT) !== 0 && { limit: reader.u32() }),
        ...((flags & REVERSE) !== 0 && { reverse: true as const }),
      };
    }
    case TYPE.scan: {
      const flags = reader.flags(HAS_LIMIT);
      const count = (flags & HAS_LIMIT) !== 0 ? { count: reader.u32() } : {};
      return { type: "scan", cursor: utf8.decode(reader.blob()), ...count };
    }
    case TYPE.ttl:
      return { type: "ttl", key: reader.blob() };
    case TYPE.size:
      return { type: "size" };
    case TYPE.stats:
      return { type: "stats" };
    default:
      throw reader.unknown(`query type ${type}`);
  }
}
