import { RaftError } from "@hexraft/core/ports";
import type { KvAnswer, KvEntry, KvRangeAnswer, KvScanAnswer } from "../answer.js";
import { bytesOfHeld, heldOf } from "../bytes.js";
import { ANSWER_BYTES_MAX, type KvQuery, type KvRange, type KvScan, PAGE_DEFAULT, SCAN_START } from "../query.js";
import type { KeySpace } from "./key-space.js";
import { handedOut, NO_DEADLINE } from "./kv-record.js";

/** Answers a query that has been checked. */
export function answerQuery(space: KeySpace, query: KvQuery): KvAnswer {
  switch (query.type) {
    case "get":
      return { type: "get", value: valueOf(space, query.key) };
    case "getMany":
      return { type: "getMany", values: valuesOf(space, query.keys) };
    case "exists":
      return { type: "exists", count: query.keys.filter((key) => space.live(heldOf(key)) !== undefined).length };
    case "range":
      return rangePage(space, query);
    case "scan":
      return scanPage(space, query);
    case "ttl": {
      const record = space.live(heldOf(query.key));
      if (record === undefined) return { type: "ttl", exists: false, ttlMs: null };
      const left = record.deadlineMs === NO_DEADLINE ? null : record.deadlineMs - space.logTimeMs;
      return { type: "ttl", exists: true, ttlMs: left };
    }
    case "size":
      return { type: "size", keys: space.liveCount() };
    case "stats": {
      const keys = space.liveCount();
      return {
        type: "stats",
        keys,
        bytes: space.sizeBytes,
        expiring: space.expiringCount,
        unswept: space.records.size - keys,
        logTimeMs: space.logTimeMs,
      };
    }
    default:
      throw new Error(`impossible query ${JSON.stringify(query satisfies never)}`);
  }
}

const valueOf = (space: KeySpace, key: Uint8Array): Uint8Array | null => handedOut(space.live(heldOf(key)));

function valuesOf(space: KeySpace, keys: readonly Uint8Array[]): (Uint8Array | null)[] {
  let bytes = 0;
  return keys.map((key) => {
    const value = valueOf(space, key);
    bytes += value?.length ?? 0;
    if (bytes > ANSWER_BYTES_MAX)
      throw new RaftError("BadCommand", "refused", `The values exceed ${ANSWER_BYTES_MAX} bytes; ask for fewer keys.`);
    return value;
  });
}

function rangePage(space: KeySpace, { start, end, limit = PAGE_DEFAULT, reverse }: KvRange): KvRangeAnswer {
  const from = start === undefined ? undefined : heldOf(start);
  const before = end === undefined ? undefined : heldOf(end);
  const entries: KvEntry[] = [];
  let bytes = 0;
  let last = "";
  let next: string | null = null;
  const visit = (key: string): boolean => {
    const beyond = reverse ? from !== undefined && key < from : before !== undefined && key >= before;
    if (beyond) return false;
    const record = space.live(key);
    if (record === undefined) return true;
    bytes += record.sizeBytes;
    if (entries.length === limit || bytes > ANSWER_BYTES_MAX) {
      // A start is inclusive and an end exclusive: going up the next page begins at this key, going down below the last one.
      next = reverse ? last : key;
      return false;
    }
    last = key;
    entries.push({ key: bytesOfHeld(key), value: record.bytes() });
    return true;
  };
  if (reverse) space.records.descend(before, visit);
  else space.records.ascend(from, visit);
  return { type: "range", entries, next: next === null ? null : bytesOfHeld(next) };
}

/**
 * Goes from the youngest key to the oldest; the cursor is the sequence number of the last one looked at. A key keeps its
 * number while it lives, and a new one gets a number above all cursors that are out: none is missed, none comes twice.
 */
function scanPage(space: KeySpace, { cursor, count = PAGE_DEFAULT }: KvScan): KvScanAnswer {
  const keys: Uint8Array[] = [];
  let looked = 0;
  let bytes = 0;
  let last = 0;
  let more = false;
  space.eachByAge(cursor === SCAN_START ? undefined : Number(cursor), (sequence, key) => {
    bytes += key.length;
    if (looked === count || bytes > ANSWER_BYTES_MAX) {
      more = true;
      return false;
    }
    looked++;
    last = sequence;
    if (space.live(key) !== undefined) keys.push(bytesOfHeld(key));
    return true;
  });
  return { type: "scan", cursor: more ? String(last) : SCAN_START, keys };
}
