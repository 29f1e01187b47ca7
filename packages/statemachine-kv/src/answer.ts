import type { KvQuery } from "./query.js";

/** A key and its value. */
export interface KvEntry {
  /** The key. */
  readonly key: Uint8Array;
  /** The value. */
  readonly value: Uint8Array;
}

/** To a get. */
export interface KvGetAnswer {
  /** Kind. */
  readonly type: "get";
  /** `null`: the key is not there. */
  readonly value: Uint8Array | null;
}

/** To a getMany. */
export interface KvGetManyAnswer {
  /** Kind. */
  readonly type: "getMany";
  /** In the order of the keys; `null`: not there. */
  readonly values: readonly (Uint8Array | null)[];
}

/** To an exists. */
export interface KvExistsAnswer {
  /** Kind. */
  readonly type: "exists";
  /** How many were there. */
  readonly count: number;
}

/** To a range. */
export interface KvRangeAnswer {
  /** Kind. */
  readonly type: "range";
  /** In the order asked for. */
  readonly entries: readonly KvEntry[];
  /** Where the next page begins: its `start` or, in reverse, its `end`. `null`: this was the last one. */
  readonly next: Uint8Array | null;
}

/** To a scan. */
export interface KvScanAnswer {
  /** Kind. */
  readonly type: "scan";
  /** For the next page; "0": this was the last one. */
  readonly cursor: string;
  /** May be fewer than asked for, even none, before the last page. */
  readonly keys: readonly Uint8Array[];
}

/** To a ttl. */
export interface KvTtlAnswer {
  /** Kind. */
  readonly type: "ttl";
  /** Whether the key is there. */
  readonly exists: boolean;
  /** ms of log time it has left, ≥ 1; `null`: it does not expire, or is not there. */
  readonly ttlMs: number | null;
}

/** To a size. */
export interface KvSizeAnswer {
  /** Kind. */
  readonly type: "size";
  /** Keys there. */
  readonly keys: number;
}

/** To a stats. */
export interface KvStatsAnswer {
  /** Kind. */
  readonly type: "stats";
  /** Keys there. */
  readonly keys: number;
  /** Bytes of keys and values in memory, those of expired keys that are not yet swept included. */
  readonly bytes: number;
  /** Keys with a deadline, expired ones that are not yet swept included. */
  readonly expiring: number;
  /** Expired keys that are not yet swept. */
  readonly unswept: number;
  /** Log time of the last command, ms. */
  readonly logTimeMs: number;
}

/** What a query is answered with. Its bytes belong to the caller. */
export type KvAnswer =
  | KvGetAnswer
  | KvGetManyAnswer
  | KvExistsAnswer
  | KvRangeAnswer
  | KvScanAnswer
  | KvTtlAnswer
  | KvSizeAnswer
  | KvStatsAnswer;

/** What this kind of query is answered with. */
export type KvAnswerOf<Q extends KvQuery> = Extract<KvAnswer, Pick<Q, "type">>;
