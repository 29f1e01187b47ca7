import { type BytesLike, bytesOf } from "./bytes.js";

/** Longest time to live, ms: some 142,000 years, so that deadlines stay exact. */
export const TTL_MS_MAX = 2 ** 52;
/** Least integer that {@link increment} counts to. */
export const INTEGER_MIN = -(2n ** 63n);
/** Greatest integer that {@link increment} counts to. */
export const INTEGER_MAX = 2n ** 63n - 1n;

/** How long what is written lives. Neither: for ever. At most one of them. */
export interface Lifetime {
  /** Milliseconds of *log time* from this command on, 1 … {@link TTL_MS_MAX}. Log time goes on only as entries are committed. */
  readonly ttlMs?: number;
  /** Keeps the deadline that the key has. */
  readonly keepTtl?: true;
}

/** Sets a key. */
export interface KvPut<Key = Uint8Array> extends Lifetime {
  /** Kind. */
  readonly type: "put";
  /** The key. */
  readonly key: Key;
  /** The value. */
  readonly value: Uint8Array;
  /** Sets it only if the key is `absent` or `present`. Not met: nothing changes, and the result says `done: false`. */
  readonly condition?: "absent" | "present";
  /** The result then carries the value that the key had. */
  readonly returnPrevious?: true;
}

/** One key of a {@link KvMultiPut}. */
export interface KvPair<Key = Uint8Array> {
  /** The key. */
  readonly key: Key;
  /** Its new value. */
  readonly value: Uint8Array;
}

/** Sets several keys at once, for ever. */
export interface KvMultiPut<Key = Uint8Array> {
  /** Kind. */
  readonly type: "multiPut";
  /** What to write, in this order. */
  readonly entries: readonly KvPair<Key>[];
}

/** Removes keys. */
export interface KvDelete<Key = Uint8Array> {
  /** Kind. */
  readonly type: "delete";
  /** The keys. */
  readonly keys: readonly Key[];
}

/** Replaces a value only if it is the expected one. */
export interface KvCompareAndSet<Key = Uint8Array> extends Lifetime {
  /** Kind. */
  readonly type: "compareAndSet";
  /** The key. */
  readonly key: Key;
  /** What the key must hold; `null`: it must not be there. */
  readonly expected: Uint8Array | null;
  /** What it holds then; `null`: it is removed. */
  readonly value: Uint8Array | null;
}

/** Adds to an integer written in decimal; a missing key counts as 0. The deadline stays. */
export interface KvIncrement<Key = Uint8Array> {
  /** Kind. */
  readonly type: "increment";
  /** The key. */
  readonly key: Key;
  /** Any signed 64-bit integer. */
  readonly by: bigint;
}

/** Gives a key a deadline: now, in log time, plus `ttlMs`. */
export interface KvExpire<Key = Uint8Array> {
  /** Kind. */
  readonly type: "expire";
  /** The key. */
  readonly key: Key;
  /** ms, 1 … {@link TTL_MS_MAX}. */
  readonly ttlMs: number;
}

/** Takes a key's deadline away. */
export interface KvPersist<Key = Uint8Array> {
  /** Kind. */
  readonly type: "persist";
  /** The key. */
  readonly key: Key;
}

/** One change. */
export type KvSimpleCommand<Key = Uint8Array> =
  | KvPut<Key>
  | KvMultiPut<Key>
  | KvDelete<Key>
  | KvCompareAndSet<Key>
  | KvIncrement<Key>
  | KvExpire<Key>
  | KvPersist<Key>;

/**
 * Several changes, done in order and all or none: if one is rejected, or its condition or comparison is not met, the batch
 * is `Rejected` and nothing has changed.
 */
export interface KvBatch<Key = Uint8Array> {
  /** Kind. */
  readonly type: "batch";
  /** What to do, in this order. */
  readonly commands: readonly KvSimpleCommand<Key>[];
}

/**
 * What can be asked of the key-value state machine. Keys and values are bytes; any byte is allowed in either. `Key` is how keys
 * are held: callers give arrays, the state keeps strings with one character per byte.
 */
export type KvCommand<Key = Uint8Array> = KvSimpleCommand<Key> | KvBatch<Key>;

/** Options of {@link put}. */
export interface PutOptions extends LifetimeOptions {
  /** See {@link KvPut.condition}. */
  readonly condition?: "absent" | "present" | undefined;
  /** See {@link KvPut.returnPrevious}. */
  readonly returnPrevious?: boolean | undefined;
}

/** Options of {@link compareAndSet}. */
export interface LifetimeOptions {
  /** See {@link Lifetime.ttlMs}. */
  readonly ttlMs?: number | undefined;
  /** See {@link Lifetime.keepTtl}. */
  readonly keepTtl?: boolean | undefined;
}

const lifetime = ({ ttlMs, keepTtl }: LifetimeOptions): Lifetime => ({
  ...(ttlMs !== undefined && { ttlMs }),
  ...(keepTtl && { keepTtl: true as const }),
});

/** A {@link KvPut}. */
export function put(key: BytesLike, value: BytesLike, options: PutOptions = {}): KvPut {
  return {
    type: "put",
    key: bytesOf(key),
    value: bytesOf(value),
    ...(options.condition !== undefined && { condition: options.condition }),
    ...lifetime(options),
    ...(options.returnPrevious && { returnPrevious: true as const }),
  };
}

/** A {@link KvMultiPut}; of two entries with one key the later wins. */
export function multiPut(entries: Iterable<readonly [key: BytesLike, value: BytesLike]>): KvMultiPut {
  return {
    type: "multiPut",
    entries: Array.from(entries, ([key, value]) => ({ key: bytesOf(key), value: bytesOf(value) })),
  };
}

/** A {@link KvDelete}. */
export function del(...keys: readonly BytesLike[]): KvDelete {
  return { type: "delete", keys: keys.map(bytesOf) };
}

/** A {@link KvCompareAndSet}. */
export function compareAndSet(
  key: BytesLike,
  expected: BytesLike | null,
  value: BytesLike | null,
  options: LifetimeOptions = {},
): KvCompareAndSet {
  return {
    type: "compareAndSet",
    key: bytesOf(key),
    expected: expected === null ? null : bytesOf(expected),
    value: value === null ? null : bytesOf(value),
    ...lifetime(options),
  };
}

/** A {@link KvIncrement}. @throws RangeError if `by` is a number that is no integer. */
export function increment(key: BytesLike, by: bigint | number = 1n): KvIncrement {
  return { type: "increment", key: bytesOf(key), by: BigInt(by) };
}

/** A {@link KvExpire}. */
export function expire(key: BytesLike, ttlMs: number): KvExpire {
  return { type: "expire", key: bytesOf(key), ttlMs };
}

/** A {@link KvPersist}. */
export function persist(key: BytesLike): KvPersist {
  return { type: "persist", key: bytesOf(key) };
}

/** A {@link KvBatch}. */
export function batch(...commands: readonly KvSimpleCommand[]): KvBatch {
  return { type: "batch", commands };
}
