import { RaftError, Rejected } from "@hexraft/core/ports";
import {
  type BytesLike,
  compareAndSet,
  del,
  get,
  getMany,
  increment,
  type KvAnswerOf,
  KvCodec,
  type KvCommand,
  type KvQuery,
  type KvRangeAnswer,
  type KvResultOf,
  type LifetimeOptions,
  type PutOptions,
  put,
  type RangeOptions,
  range,
} from "@hexraft/statemachine-kv";
import type { ClientOptions, Endpoint } from "./client-options.js";
import { DoorClient, type OperationOptions } from "./door-client.js";
import { RequestKind } from "./door-frames.js";
import { type Answered, failed, valueOf } from "./outcome.js";

/** Options of {@link HexraftClient.read}. */
export interface ClientReadOptions extends OperationOptions {
  /** `linearizable` (the default), or `local`: the asked node's state as it is, possibly stale (Q06). */
  readonly consistency?: "linearizable" | "local";
}

/**
 * A client of a hexraft key-value service: pipelines everything over one connection to the leader and follows it (C05).
 *
 * {@link propose} and {@link read} never reject: they say how it ended (C02). The named operations ({@link put}, {@link get}
 * and so on) return the value, and throw a RaftError, whose `outcome` tells, if it did not end well. Nothing that may have
 * been done is ever sent twice. Bytes that come back are views of what the network delivered: copy what is kept for long.
 *
 * @example
 * ```ts
 * const client = new HexraftClient({ endpoints: [{ host: "127.0.0.1", port: 7101 }, { host: "127.0.0.1", port: 7102 }] });
 * await client.put("greeting", "hello");
 * const value = await client.get("greeting"); // Uint8Array or null
 * client.close();
 * ```
 */
export class HexraftClient {
  private readonly door: DoorClient;
  private readonly codec = new KvCodec({ keyBytesMax: 2 ** 20, valueBytesMax: 15 * 2 ** 20, itemsMax: 65_536 });

  /** @throws RaftError `BadOption`, naming field, value and rule (O05). Connects when the first operation needs it. */
  constructor(options: ClientOptions) {
    this.door = new DoorClient(options);
  }

  /** Operations under way. */
  get inFlight(): number {
    return this.door.inFlight;
  }

  /** The leader's endpoint; null while it is being looked for. */
  get leaderEndpoint(): Endpoint | null {
    return this.door.leaderEndpoint;
  }

  /** Proposes a command. A command that the state machine rejects ended *ok*, with a `Rejected` as its value (F01). */
  async propose<C extends KvCommand>(command: C, options?: OperationOptions): Promise<Answered<KvResultOf<C>>> {
    let bytes: Uint8Array;
    try {
      bytes = this.codec.encodeCommand(command);
    } catch (error) {
      return failed(error);
    }
    const answered = await this.door.request(RequestKind.command, bytes, options);
    if (answered.outcome !== "ok") return answered;
    return { outcome: "ok", value: this.codec.decodeResult(answered.value) as KvResultOf<C> };
  }

  /** Asks a query. Reads change nothing, so their outcome is never *unknown*. */
  async read<Q extends KvQuery>(query: Q, options: ClientReadOptions = {}): Promise<Answered<KvAnswerOf<Q>>> {
    let bytes: Uint8Array;
    try {
      bytes = this.codec.encodeQuery(query);
    } catch (error) {
      return failed(error);
    }
    const kind = options.consistency === "local" ? RequestKind.localRead : RequestKind.linearizableRead;
    const answered = await this.door.request(kind, bytes, options);
    if (answered.outcome !== "ok") return answered;
    return { outcome: "ok", value: this.codec.decodeAnswer(answered.value) as KvAnswerOf<Q> };
  }

  /** The value of a key, or `null` if it is not there. */
  async get(key: BytesLike, options?: ClientReadOptions): Promise<Uint8Array | null> {
    return valueOf(await this.read(get(key), options)).value;
  }

  /** The values of several keys, of one instant; `null` where there is none. */
  async getMany(keys: readonly BytesLike[], options?: ClientReadOptions): Promise<readonly (Uint8Array | null)[]> {
    return valueOf(await this.read(getMany(...keys), options)).values;
  }

  /** A page of entries in the order of the keys' bytes, and where the next one begins (`null`: nowhere). */
  async range(which: RangeOptions = {}, options?: ClientReadOptions): Promise<KvRangeAnswer> {
    return valueOf(await this.read(range(which), options));
  }

  /** Sets a key; resolves with whether it was done: with a `condition` it may not be. */
  async put(key: BytesLike, value: BytesLike, options: PutOptions & OperationOptions = {}): Promise<boolean> {
    return (await this.done(put(key, value, options), options)).done;
  }

  /** Removes a key; resolves with whether it was there. */
  async delete(key: BytesLike, options?: OperationOptions): Promise<boolean> {
    return (await this.done(del(key), options)).deleted === 1;
  }

  /** Replaces a value only if it is `expected` (`null`: not there); resolves with whether it was. */
  async compareAndSet(
    key: BytesLike,
    expected: BytesLike | null,
    value: BytesLike | null,
    options: LifetimeOptions & OperationOptions = {},
  ): Promise<boolean> {
    return (await this.done(compareAndSet(key, expected, value, options), options)).done;
  }

  /** Adds to an integer and resolves with the sum. @throws RaftError `BadCommand` if the key holds no integer. */
  async increment(key: BytesLike, by: bigint | number = 1n, options?: OperationOptions): Promise<bigint> {
    return (await this.done(increment(key, by), options)).value;
  }

  /**
   * Ends it: what waits is refused, commands under way are *unknown*, connections are closed. Idempotent.
   */
  close(): void {
    this.door.close();
  }

  /** The result, or a throw: also for a rejection, which certainly changed nothing. */
  private async done<C extends KvCommand>(
    command: C,
    options: OperationOptions | undefined,
  ): Promise<Exclude<KvResultOf<C>, Rejected>> {
    const result = valueOf(await this.propose(command, options));
    if (result instanceof Rejected)
      throw new RaftError("BadCommand", "refused", `The state machine rejected the command: ${result.reason}`, {
        rejection: result.code,
      });
    return result as Exclude<KvResultOf<C>, Rejected>;
  }
}
