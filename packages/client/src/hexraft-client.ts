import type { Rejected } from "@hexraft/core/ports";
import {
  type BytesLike,
  compareAndSet,
  del,
  get,
  getMany,
  increment,
  type KvAnswer,
  type KvAnswerOf,
  KvCodec,
  type KvCommand,
  type KvQuery,
  type KvRangeAnswer,
  type KvResult,
  type KvResultOf,
  type LifetimeOptions,
  type PutOptions,
  put,
  type RangeOptions,
  range,
} from "@hexraft/statemachine-kv";
import type { ClientOptions } from "./client-options.js";
import type { OperationOptions } from "./door-client.js";
import type { Answered } from "./outcome.js";
import { type ClientReadOptions, ServiceClient } from "./service-client.js";

/** Beyond those of any service: the node refuses what its own limits do not allow. */
const LIMITS = { keyBytesMax: 2 ** 20, valueBytesMax: 15 * 2 ** 20, itemsMax: 65_536 } as const;

/**
 * A client of a hexraft key-value service: a {@link ServiceClient} with named operations ({@link put}, {@link get} and so on), which return
 * the value, and throw a RaftError, whose `outcome` tells, if it did not end well. Bytes that come back are views of what the network
 * delivered: copy what is kept for long.
 *
 * @example
 * ```ts
 * const client = new HexraftClient({ endpoints: [{ host: "127.0.0.1", port: 7101 }, { host: "127.0.0.1", port: 7102 }] });
 * await client.put("greeting", "hello");
 * const value = await client.get("greeting"); // Uint8Array or null
 * client.close();
 * ```
 */
export class HexraftClient extends ServiceClient<KvCommand, KvResult, KvQuery, KvAnswer> {
  /** @throws RaftError `BadOption`, naming field, value and rule (O05). Connects when the first operation needs it. */
  constructor(options: ClientOptions) {
    super(new KvCodec(LIMITS), options);
  }

  /** Proposes a command. A command that the state machine rejects ended *ok*, with a `Rejected` as its value (F01). */
  override propose<C extends KvCommand>(command: C, options?: OperationOptions): Promise<Answered<KvResultOf<C>>> {
    return super.propose(command, options) as Promise<Answered<KvResultOf<C>>>;
  }

  /** Asks a query. Reads change nothing, so their outcome is never *unknown*. */
  override read<Q extends KvQuery>(query: Q, options?: ClientReadOptions): Promise<Answered<KvAnswerOf<Q>>> {
    return super.read(query, options) as Promise<Answered<KvAnswerOf<Q>>>;
  }

  /** The value of a key, or `null` if it is not there. */
  get(key: BytesLike, options?: ClientReadOptions): Promise<Uint8Array | null> {
    return this.answer(
      () => get(key),
      options,
      ({ value }) => value,
    );
  }

  /** The values of several keys, of one instant; `null` where there is none. */
  getMany(keys: readonly BytesLike[], options?: ClientReadOptions): Promise<readonly (Uint8Array | null)[]> {
    return this.answer(
      () => getMany(...keys),
      options,
      ({ values }) => values,
    );
  }

  /** A page of entries in the order of the keys' bytes, and where the next one begins (`null`: nowhere). */
  range(which: RangeOptions = {}, options?: ClientReadOptions): Promise<KvRangeAnswer> {
    return this.answer(
      () => range(which),
      options,
      (page) => page,
    );
  }

  /** Sets a key; resolves with whether it was done: with a `condition` it may not be. */
  put(key: BytesLike, value: BytesLike, options?: PutOptions & OperationOptions): Promise<boolean> {
    return this.result(
      () => put(key, value, options),
      options,
      ({ done }) => done,
    );
  }

  /** Removes a key; resolves with whether it was there. */
  delete(key: BytesLike, options?: OperationOptions): Promise<boolean> {
    return this.result(
      () => del(key),
      options,
      ({ deleted }) => deleted === 1,
    );
  }

  /** Replaces a value only if it is `expected` (`null`: not there); resolves with whether it was. */
  compareAndSet(
    key: BytesLike,
    expected: BytesLike | null,
    value: BytesLike | null,
    options?: LifetimeOptions & OperationOptions,
  ): Promise<boolean> {
    return this.result(
      () => compareAndSet(key, expected, value, options),
      options,
      ({ done }) => done,
    );
  }

  /** Adds to an integer and resolves with the sum. @throws RaftError `BadCommand` if the key holds no integer. */
  increment(key: BytesLike, by: bigint | number = 1n, options?: OperationOptions): Promise<bigint> {
    return this.result(
      () => increment(key, by),
      options,
      ({ value }) => value,
    );
  }

  /** As of any service; `wanted` takes the kind of result that this command has. */
  protected override result<C extends KvCommand, T>(
    make: () => C,
    options: OperationOptions | undefined,
    wanted: (result: Exclude<KvResultOf<C>, Rejected>) => T,
  ): Promise<T> {
    return super.result(make, options, wanted as (result: Exclude<KvResult, Rejected>) => T);
  }

  /** As of any service; `wanted` takes the kind of answer that this query has. */
  protected override answer<Q extends KvQuery, T>(
    make: () => Q,
    options: ClientReadOptions | undefined,
    wanted: (answer: KvAnswerOf<Q>) => T,
  ): Promise<T> {
    return super.answer(make, options, wanted as (answer: KvAnswer) => T);
  }
}
