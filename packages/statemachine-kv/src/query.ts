import { type BytesLike, bytesOf } from "./bytes.js";

/** Entries of a range page and keys of a scan page, unless the query says otherwise. */
export const PAGE_DEFAULT = 1_000;
/** Most entries of one range page, and keys of one scan page. */
export const PAGE_MAX = 65_536;
/** Most bytes of keys and values in one answer: a page of a range or scan ends before it, a getMany fails. */
export const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
/** Begins a scan, and as an answer ends it. */
export const SCAN_START = "0";

/** Asks for a value. */
export interface KvGet {
  /** Kind. */
  readonly type: "get";
  /** The key. */
  readonly key: Uint8Array;
}

/** Asks for several values, of one instant. */
export interface KvGetMany {
  /** Kind. */
  readonly type: "getMany";
  /** The keys. */
  readonly keys: readonly Uint8Array[];
}

/** Asks how many of the keys are there; a key named twice counts twice. */
export interface KvExists {
  /** Kind. */
  readonly type: "exists";
  /** The keys. */
  readonly keys: readonly Uint8Array[];
}

/** Asks for a page of entries in the order of the keys' bytes. */
export interface KvRange {
  /** Kind. */
  readonly type: "range";
  /** First key, inclusive; absent: from the first there is. */
  readonly start?: Uint8Array;
  /** Last key, exclusive; absent: to the last there is. */
  readonly end?: Uint8Array;
  /** Most entries, 1 … {@link PAGE_MAX}; default {@link PAGE_DEFAULT}. */
  readonly limit?: number;
  /** From the end to the start. */
  readonly reverse?: true;
}

/**
 * Asks for a page of all keys, in no useful order, for as long as it takes, while the state changes. Every key that is
 * there from the first page to the last is returned exactly once, on whatever replicas the pages are read; keys written
 * meanwhile are not returned, so that a scan always ends.
 */
export interface KvScan {
  /** Kind. */
  readonly type: "scan";
  /** {@link SCAN_START}, or the cursor of the page before: 1–16 decimal digits. */
  readonly cursor: string;
  /** Keys looked at, 1 … {@link PAGE_MAX}; default {@link PAGE_DEFAULT}. Expired ones among them are left out. */
  readonly count?: number;
}

/** Asks how long a key will live. */
export interface KvTtl {
  /** Kind. */
  readonly type: "ttl";
  /** The key. */
  readonly key: Uint8Array;
}

/** Asks how many keys there are. */
export interface KvSize {
  /** Kind. */
  readonly type: "size";
}

/** Asks for the state's figures. */
export interface KvStats {
  /** Kind. */
  readonly type: "stats";
}

/** What can be asked without changing anything. A key whose deadline has passed in log time is not there for any query. */
export type KvQuery = KvGet | KvGetMany | KvExists | KvRange | KvScan | KvTtl | KvSize | KvStats;

/** A {@link KvGet}. */
export const get = (key: BytesLike): KvGet => ({ type: "get", key: bytesOf(key) });

/** A {@link KvGetMany}. */
export const getMany = (...keys: readonly BytesLike[]): KvGetMany => ({ type: "getMany", keys: keys.map(bytesOf) });

/** A {@link KvExists}. */
export const exists = (...keys: readonly BytesLike[]): KvExists => ({ type: "exists", keys: keys.map(bytesOf) });

/** Options of {@link range}. */
export interface RangeOptions {
  /** See {@link KvRange.start}. */
  readonly start?: BytesLike | undefined;
  /** See {@link KvRange.end}. */
  readonly end?: BytesLike | undefined;
  /** See {@link KvRange.limit}. */
  readonly limit?: number | undefined;
  /** See {@link KvRange.reverse}. */
  readonly reverse?: boolean | undefined;
}

/** A {@link KvRange}. */
export const range = ({ start, end, limit, reverse }: RangeOptions = {}): KvRange => ({
  type: "range",
  ...(start !== undefined && { start: bytesOf(start) }),
  ...(end !== undefined && { end: bytesOf(end) }),
  ...(limit !== undefined && { limit }),
  ...(reverse && { reverse: true as const }),
});

/** A {@link KvScan}. */
export const scan = (cursor: string = SCAN_START, count?: number): KvScan => ({
  type: "scan",
  cursor,
  ...(count !== undefined && { count }),
});

/** A {@link KvTtl}. */
export const ttl = (key: BytesLike): KvTtl => ({ type: "ttl", key: bytesOf(key) });

/** A {@link KvSize}. */
export const size = (): KvSize => ({ type: "size" });

/** A {@link KvStats}. */
export const stats = (): KvStats => ({ type: "stats" });
