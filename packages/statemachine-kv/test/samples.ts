import { Rejected } from "@hexraft/core/ports";
import {
  batch,
  compareAndSet,
  del,
  exists,
  expire,
  get,
  getMany,
  increment,
  type KvAnswer,
  type KvCommand,
  type KvQuery,
  type KvResult,
  multiPut,
  persist,
  put,
  range,
  scan,
  size,
  stats,
  ttl,
} from "../src/index.js";
import { bytes } from "./support.js";

/** One of each kind and option: their bytes are golden. */
export const commands: Readonly<Record<string, KvCommand>> = {
  put: put("key", "value"),
  "put empty": put("", ""),
  "put absent ttl": put("key", "value", { condition: "absent", ttlMs: 1_500, returnPrevious: true }),
  "put present keepTtl": put("key", "value", { condition: "present", keepTtl: true }),
  multiPut: multiPut([
    ["a", "1"],
    [Uint8Array.of(0, 255), "2"],
  ]),
  delete: del("a", "b"),
  compareAndSet: compareAndSet("key", "old", "new", { ttlMs: 2 ** 52 }),
  "compareAndSet absent": compareAndSet("key", null, "new", { keepTtl: true }),
  "compareAndSet remove": compareAndSet("key", "old", null),
  increment: increment("n"),
  "increment least": increment("n", -(2n ** 63n)),
  expire: expire("key", 60_000),
  persist: persist("key"),
  batch: batch(put("a", "1", { ttlMs: 5 }), del("b"), increment("c", 7), persist("d")),
};

/** One of each kind. */
export const results: Readonly<Record<string, KvResult>> = {
  rejected: new Rejected("NotAnInteger", "é is none"),
  put: { type: "put", done: true },
  "put previous": { type: "put", done: false, previous: bytes("old") },
  "put no previous": { type: "put", done: true, previous: null },
  multiPut: { type: "multiPut", written: 2 },
  delete: { type: "delete", deleted: 70_000 },
  compareAndSet: { type: "compareAndSet", done: false, actual: bytes("x") },
  increment: { type: "increment", value: -1n },
  expire: { type: "expire", done: true },
  persist: { type: "persist", done: false },
  batch: {
    type: "batch",
    results: [
      { type: "delete", deleted: 0 },
      { type: "put", done: true, previous: null },
    ],
  },
};

/** One of each kind and option. */
export const queries: readonly KvQuery[] = [
  get("key"),
  getMany("a", "b"),
  exists("a"),
  range(),
  range({ start: "a", end: "b", limit: 5, reverse: true }),
  scan(),
  scan("123", 7),
  ttl("key"),
  size(),
  stats(),
];

/** One of each kind and form. */
export const answers: readonly KvAnswer[] = [
  { type: "get", value: null },
  { type: "get", value: bytes("v") },
  { type: "getMany", values: [bytes("v"), null] },
  { type: "exists", count: 2 },
  { type: "range", entries: [{ key: bytes("k"), value: bytes("v") }], next: bytes("n") },
  { type: "range", entries: [], next: null },
  { type: "scan", cursor: "12", keys: [bytes("a"), bytes("b")] },
  { type: "ttl", exists: true, ttlMs: 5 },
  { type: "ttl", exists: true, ttlMs: null },
  { type: "size", keys: 3 },
  { type: "stats", keys: 1, bytes: 2, expiring: 3, unswept: 4, logTimeMs: 2 ** 40 },
];
