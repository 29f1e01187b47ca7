import { type KvCommand, type KvSimpleCommand, type Lifetime, TTL_MS_MAX } from "../command.js";
import type { ByteReader } from "./byte-reader.js";
import type { ByteWriter } from "./byte-writer.js";

/*
 * Bytes of a command (format 1, little-endian): u8 format, u8 type, and then by type. A blob is u32 length + bytes.
 *
 *   1 put             u8 flags  [u64 ttl ms]  blob key  blob value
 *   2 multiPut        u32 count  (blob key  blob value) × count
 *   3 delete          u32 count  blob key × count
 *   4 compareAndSet   u8 flags  [u64 ttl ms]  blob key  [blob expected]  [blob value]
 *   5 increment       i64 by  blob key
 *   6 expire          u64 ttl ms  blob key
 *   7 persist         blob key
 *   8 batch           u32 count  (u8 type, then by type) × count
 *
 * The numbers are in logs: they never change meaning.
 */
const FORMAT = 1;
const TYPE = {
  put: 1,
  multiPut: 2,
  delete: 3,
  compareAndSet: 4,
  increment: 5,
  expire: 6,
  persist: 7,
  batch: 8,
} as const satisfies Record<KvCommand["type"], number>;

const HAS_TTL = 1;
const KEEP_TTL = 2;
const IF_ABSENT = 4;
const IF_PRESENT = 8;
const RETURN_PREVIOUS = 16;
const CONDITION = { absent: IF_ABSENT, present: IF_PRESENT } as const;
const HAS_EXPECTED = 4;
const HAS_VALUE = 8;

/** Lays down a command that has been checked. */
export function writeCommand(writer: ByteWriter, command: KvCommand): void {
  writer.u8(FORMAT);
  if (command.type !== "batch") return writeSimple(writer, command);
  writer.u8(TYPE.batch);
  writer.u32(command.commands.length);
  for (const each of command.commands) writeSimple(writer, each);
}

/** @throws RaftError `BadCommand`, or `FormatUnknown` for what a newer version may have written. */
export function readCommand<Key>(reader: ByteReader<Key>): KvCommand<Key> {
  const format = reader.u8();
  if (format !== FORMAT) throw reader.unknown(`format ${format}`);
  const type = reader.u8();
  const command: KvCommand<Key> =
    type === TYPE.batch
      ? { type: "batch", commands: reader.list(() => readSimple(reader, reader.u8())) }
      : readSimple(reader, type);
  reader.end();
  return command;
}

function writeSimple(writer: ByteWriter, command: KvSimpleCommand): void {
  writer.u8(TYPE[command.type]);
  switch (command.type) {
    case "put": {
      const condition = command.condition === undefined ? 0 : CONDITION[command.condition];
      writeLifetime(writer, command, condition | (command.returnPrevious ? RETURN_PREVIOUS : 0));
      writer.blob(command.key);
      return writer.blob(command.value);
    }
    case "multiPut":
      writer.u32(command.entries.length);
      for (const { key, value } of command.entries) {
        writer.blob(key);
        writer.blob(value);
      }
      return;
    case "delete":
      writer.u32(command.keys.length);
      for (const key of command.keys) writer.blob(key);
      return;
    case "compareAndSet": {
      const { key, expected, value } = command;
      writeLifetime(writer, command, (expected === null ? 0 : HAS_EXPECTED) | (value === null ? 0 : HAS_VALUE));
      writer.blob(key);
      if (expected !== null) writer.blob(expected);
      if (value !== null) writer.blob(value);
      return;
    }
    case "increment":
      writer.i64(command.by);
      return writer.blob(command.key);
    case "expire":
      writer.u64(command.ttlMs);
      return writer.blob(command.key);
    case "persist":
      return writer.blob(command.key);
    default:
      command satisfies never;
  }
}

function readSimple<Key>(reader: ByteReader<Key>, type: number): KvSimpleCommand<Key> {
  switch (type) {
    case TYPE.put: {
      const flags = reader.flags(HAS_TTL | KEEP_TTL | IF_ABSENT | IF_PRESENT | RETURN_PREVIOUS);
      if (flags === 0) return { type: "put", key: reader.key(), value: reader.blob() };
      if ((flags & IF_ABSENT) !== 0 && (flags & IF_PRESENT) !== 0) throw reader.fault("has two conditions");
      const condition = (flags & IF_ABSENT) !== 0 ? "absent" : (flags & IF_PRESENT) !== 0 ? "present" : undefined;
      const lifetime = readLifetime(reader, flags);
      return {
        type: "put",
        key: reader.key(),
        value: reader.blob(),
        ...(condition !== undefined && { condition }),
        ...lifetime,
        ...((flags & RETURN_PREVIOUS) !== 0 && { returnPrevious: true as const }),
      };
    }
    case TYPE.multiPut:
      return { type: "multiPut", entries: reader.list(() => ({ key: reader.key(), value: reader.blob() })) };
    case TYPE.delete:
      return { type: "delete", keys: reader.list(() => reader.key()) };
    case TYPE.compareAndSet: {
      const flags = reader.flags(HAS_TTL | KEEP_TTL | HAS_EXPECTED | HAS_VALUE);
      const lifetime = readLifetime(reader, flags);
      return {
        type: "compareAndSet",
        key: reader.key(),
        expected: (flags & HAS_EXPECTED) !== 0 ? reader.blob() : null,
        value: (flags & HAS_VALUE) !== 0 ? reader.blob() : null,
        ...lifetime,
      };
    }
    case TYPE.increment: {
      const by = reader.i64();
      return { type: "increment", key: reader.key(), by };
    }
    case TYPE.expire: {
      const ttlMs = readTtl(reader);
      return { type: "expire", key: reader.key(), ttlMs };
    }
    case TYPE.persist:
      return { type: "persist", key: reader.key() };
    default:
      throw reader.unknown(`command type ${type}`);
  }
}

function writeLifetime(writer: ByteWriter, { ttlMs, keepTtl }: Lifetime, flags: number): void {
  writer.u8(flags | (ttlMs === undefined ? 0 : HAS_TTL) | (keepTtl ? KEEP_TTL : 0));
  if (ttlMs !== undefined) writer.u64(ttlMs);
}

function readLifetime(reader: ByteReader<unknown>, flags: number): Lifetime {
  if ((flags & HAS_TTL) === 0) return (flags & KEEP_TTL) === 0 ? {} : { keepTtl: true };
  if ((flags & KEEP_TTL) !== 0) throw reader.fault("has a time to live and keeps the old one");
  return { ttlMs: readTtl(reader) };
}

function readTtl(reader: ByteReader<unknown>): number {
  const ttlMs = reader.u64();
  if (ttlMs < 1 || ttlMs > TTL_MS_MAX) throw reader.fault(`has a time to live of ${ttlMs} ms`);
  return ttlMs;
}
