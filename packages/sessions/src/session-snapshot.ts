import { RaftError } from "@hexraft/core/ports";
import { putU32, putU64, u32At, u64At } from "./session-layout.js";
import { KeptResult, nonceText, type Session, SessionTable } from "./session-table.js";

/*
 * The session table in a snapshot, format 1, before the state machine's own bytes; numbers are little-endian:
 *
 *   u32 "HXSE" | u32 length of what follows up to the state machine's bytes
 *   u32 ttlMs | u32 sessionsMax | u32 resultBytesMax | u32 sessions, the longest silent first; each:
 *     u64 session | nonce, 16 bytes | u64 log time of its last entry, ms | u64 low mark | u32 results, in the log's order; each:
 *       u64 sequence number | u32 length, or ffffffff: not kept | bytes
 */
const MAGIC = 0x45535848;
const HEAD_BYTES = 8;
const TABLE_BYTES = 16;
const SESSION_BYTES = 44;
const RESULT_BYTES = 12;
const NOT_KEPT = 0xffffffff;

/**
 * The table as it is at this instant. Called between two calls of `apply`, when every result is there.
 */
export function layOutTable(table: SessionTable): Uint8Array {
  let size = HEAD_BYTES + TABLE_BYTES;
  for (const { results } of table.sessions()) {
    size += SESSION_BYTES;
    for (const { bytes } of results.values()) size += RESULT_BYTES + (bytes?.length ?? 0);
  }
  const out = new Uint8Array(size);
  putU32(out, 0, MAGIC);
  putU32(out, 4, size - HEAD_BYTES);
  putU32(out, 8, table.options.ttlMs);
  putU32(out, 12, table.options.sessionsMax);
  putU32(out, 16, table.options.resultBytesMax);
  putU32(out, 20, table.size);
  let at = HEAD_BYTES + TABLE_BYTES;
  for (const { id, nonce, lastUsedMs, lowMark, results } of table.sessions()) {
    putU64(out, at, id);
    for (let i = 0; i < 16; i++) out[at + 8 + i] = Number.parseInt(nonce.slice(2 * i, 2 * i + 2), 16);
    putU64(out, at + 24, lastUsedMs);
    putU64(out, at + 32, lowMark);
    putU32(out, at + 40, results.size);
    at += SESSION_BYTES;
    for (const [sequence, { bytes }] of results) {
      putU64(out, at, sequence);
      putU32(out, at + 8, bytes?.length ?? NOT_KEPT);
      if (bytes) out.set(bytes, at + RESULT_BYTES);
      at += RESULT_BYTES + (bytes?.length ?? 0);
    }
  }
  return out;
}

/**
 * Splits a snapshot: the table, and the state machine's own bytes as they come.
 *
 * @throws RaftError `Damaged` if the bytes do not begin with a whole table.
 */
export async function splitSnapshot(
  snapshot: AsyncIterable<Uint8Array>,
): Promise<{ readonly table: SessionTable; readonly rest: AsyncIterable<Uint8Array> }> {
  const chunks = snapshot[Symbol.asyncIterator]();
  let begin: Uint8Array = new Uint8Array(0);
  const gather = async (bytes: number): Promise<void> => {
    const parts = [begin];
    let have = begin.length;
    while (have < bytes) {
      const { done, value } = await chunks.next();
      if (done) throw damaged(`it ends after ${have} bytes`);
      // A copy: while more is asked for, what came may be overwritten.
      parts.push(value.slice());
      have += value.length;
    }
    begin = joined(parts, have);
  };
  await gather(HEAD_BYTES);
  if (u32At(begin, 0) !== MAGIC) throw damaged("wrong magic number");
  const end = HEAD_BYTES + u32At(begin, 4);
  await gather(end);
  const table = readTable(begin.subarray(HEAD_BYTES, end));
  return { table, rest: following(begin.subarray(end), chunks) };
}

async function* following(begun: Uint8Array, chunks: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (begun.length > 0) yield begun;
  for (;;) {
    const { done, value } = await chunks.next();
    if (done) return;
    yield value;
  }
}

function readTable(bytes: Uint8Array): SessionTable {
  let at = 0;
  /** Where a part of so many bytes begins. */
  const part = (size: number): number => {
    if (size > bytes.length - at) throw damaged("a part reaches beyond it");
    at += size;
    return at - size;
  };
  const table = new SessionTable();
  const head = part(TABLE_BYTES);
  table.options = {
    ttlMs: u32At(bytes, head),
    sessionsMax: u32At(bytes, head + 4),
    resultBytesMax: u32At(bytes, head + 8),
  };
  for (let left = u32At(bytes, head + 12); left > 0; left--) {
    const from = part(SESSION_BYTES);
    const session: Session = {
      id: u64At(bytes, from),
      nonce: nonceText(bytes.subarray(from + 8, from + 24)),
      lastUsedMs: u64At(bytes, from + 24),
      lowMark: u64At(bytes, from + 32),
      results: new Map(),
    };
    for (let results = u32At(bytes, from + 40); results > 0; results--) {
      const one = part(RESULT_BYTES);
      const length = u32At(bytes, one + 8);
      const result = new KeptResult();
      const body = length === NOT_KEPT ? 0 : part(length);
      // A copy: a view would keep the whole snapshot in memory.
      result.bytes = length === NOT_KEPT ? null : bytes.slice(body, body + length);
      session.results.set(u64At(bytes, one), result);
    }
    table.add(session);
  }
  if (at !== bytes.length) throw damaged(`${bytes.length - at} bytes too many`);
  return table;
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const out = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const damaged = (what: string): RaftError =>
  new RaftError("Damaged", "refused", `The snapshot's session table is damaged: ${what}.`);
