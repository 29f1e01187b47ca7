import type { Consistency, ReadToken } from "@hexraft/core";
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
import type { DoorClient, OperationOptions } from "./door-client.js";
import { type DoorRequest, RequestKind } from "./door-frames.js";
import { Doors, type ReadFrom } from "./doors.js";
import { type Answered, failed } from "./outcome.js";
import type { Settle } from "./pending.js";
import { layOutRead } from "./read-request.js";
import { laterToken } from "./read-token.js";

/** Options of {@link HexraftClient.read}. */
export interface ClientReadOptions extends OperationOptions {
  /** How new the answer must be (Q01, Q05, Q06, Q08), whichever node is asked. Default `linearizable`. */
  readonly consistency?: Consistency;
  /** Which node is asked. Default `leader`. */
  readonly from?: ReadFrom;
}

/**
 * A client of a hexraft key-value service: pipelines everything over one connection to the leader and follows it (C05). Reads may
 * go to another node instead, over a connection of their own.
 *
 * {@link propose} and {@link read} never reject: they say how it ended (C02). The named operations ({@link put}, {@link get}
 * and so on) return the value, and throw a RaftError, whose `outcome` tells, if it did not end well. A command whose
 * answer is lost is sent again under its number in a session, and done once (C03); what has no session is never sent twice. Bytes that come back are views of what the network delivered: copy what is kept for long.
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
  private readonly doors: Doors;
  private seen: ReadToken | 0 = 0;
  private readonly codec = new KvCodec({ keyBytesMax: 2 ** 20, valueBytesMax: 15 * 2 ** 20, itemsMax: 65_536 });

  /** @throws RaftError `BadOption`, naming field, value and rule (O05). Connects when the first operation needs it. */
  constructor(options: ClientOptions) {
    this.doors = new Doors(options);
  }

  /** Operations under way. */
  get inFlight(): number {
    return this.doors.inFlight;
  }

  /**
   * Q08: covers all that this client was shown or acknowledged. As `atLeast` of a read from any node it lets the client read
   * its own writes, and never go back behind what it has seen; handed to another client it takes that one along. 0: nothing yet.
   */
  get readToken(): ReadToken | 0 {
    return this.seen;
  }

  /** The leader's endpoint; null while it is being looked for. */
  get leaderEndpoint(): Endpoint | null {
    return this.doors.leader.leaderEndpoint;
  }

  /** Proposes a command. A command that the state machine rejects ended *ok*, with a `Rejected` as its value (F01). */
  propose<C extends KvCommand>(command: C, options: OperationOptions = {}): Promise<Answered<KvResultOf<C>>> {
    return new Promise((resolve) => this.command(command, options, resolve));
  }

  /** Asks a query. Reads change nothing, so their outcome is never *unknown*. */
  read<Q extends KvQuery>(query: Q, options: ClientReadOptions = {}): Promise<Answered<KvAnswerOf<Q>>> {
    return new Promise((resolve) => this.query(query, options, resolve));
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

  /**
   * Ends it: what waits is refused, commands under way are *unknown*, connections are closed. Idempotent.
   */
  close(): void {
    this.doors.close();
  }

  /** What is wanted of a command's result, or a rejection: also for what the state machine rejects, and so did not change. */
  private result<C extends KvCommand, T>(
    make: () => C,
    options: OperationOptions | undefined,
    wanted: (result: Exclude<KvResultOf<C>, Rejected>) => T,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.command(make(), options ?? {}, (answered) => {
        if (answered.outcome !== "ok") reject(answered.error);
        else if (answered.value instanceof Rejected) reject(rejectedBy(answered.value));
        else resolve(wanted(answered.value as Exclude<KvResultOf<C>, Rejected>));
      });
    });
  }

  private answer<Q extends KvQuery, T>(
    make: () => Q,
    options: ClientReadOptions | undefined,
    wanted: (answer: KvAnswerOf<Q>) => T,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.query(make(), options ?? {}, (answered) => {
        if (answered.outcome === "ok") resolve(wanted(answered.value));
        else reject(answered.error);
      });
    });
  }

  private command<C extends KvCommand>(command: C, options: OperationOptions, settle: Settle<KvResultOf<C>>): void {
    const encode = () => ({ kind: RequestKind.command, bytes: this.codec.encodeCommand(command) });
    const decode = (bytes: Uint8Array) => this.codec.decodeResult(bytes) as KvResultOf<C>;
    this.send(this.doors.leader, encode, decode, options, settle);
  }

  private query<Q extends KvQuery>(query: Q, options: ClientReadOptions, settle: Settle<KvAnswerOf<Q>>): void {
    const encode = () => layOutRead(consistency, this.codec.encodeQuery(query));
    const decode = (bytes: Uint8Array) => this.codec.decodeAnswer(bytes) as KvAnswerOf<Q>;
    const { from = "leader", consistency = "linearizable" } = options;
    let door: DoorClient;
    try {
      door = this.doors.to(from);
    } catch (error) {
      return settle(failed(error));
    }
    this.send(door, encode, decode, options, settle);
  }

  private send<T>(
    door: DoorClient,
    encode: () => Pick<DoorRequest, "kind" | "bytes">,
    decode: (bytes: Uint8Array) => T,
    options: OperationOptions,
    settle: Settle<T>,
  ): void {
    let request: Pick<DoorRequest, "kind" | "bytes">;
    try {
      request = encode();
    } catch (error) {
      return settle(failed(error));
    }
    const { kind, bytes } = request;
    door.request(kind, bytes, options, (answered) => {
      if (answered.outcome !== "ok") return settle(answered);
      const { token } = answered;
      if (token !== undefined) this.seen = this.seen === 0 ? token : laterToken(this.seen, token);
      let value: T;
      try {
        value = decode(answered.value);
      } catch (error) {
        return settle(failed(unreadable(kind, error)));
      }
      settle({ outcome: "ok", value, token });
    });
  }
}

/** The state machine's refusal of a command, for those who throw. */
const rejectedBy = ({ code, reason }: Rejected): RaftError =>
  new RaftError("BadCommand", "refused", `The state machine rejected the command: ${reason}`, { rejection: code });

/** An answer came that this version cannot read; a command was done nevertheless. */
const unreadable = (kind: RequestKind, error: unknown): RaftError =>
  new RaftError(
    "BadMessage",
    kind === RequestKind.command ? "unknown" : "refused",
    `The node answered in a way that this client cannot read (${String(error)}); use a client of the node's release.`,
  );
